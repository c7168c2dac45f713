// Contrast of a picture: brightness, contrast and gamma; the stretch of each channel; the stretch of what is in view.
import { combinationOf, stretchOf, type Combination, type Range } from "../map/combinations";
import { button } from "../map/elements";
import type { Maps } from "../map/maps";
import { adjusted, stretchTo, widened } from "../map/stretch";
import type { Look, Store } from "../state";
import { fold, number, slider } from "./fields";
import { setLook } from "./pictures";

/** Step of a typed limit of a stretch [reflectance or index]. */
const STEP = 0.005;

export function createContrast(which: 0 | 1, store: Store, maps: Maps): HTMLFieldSetElement {
  const set = document.createElement("fieldset");
  set.className = "contrast";
  /** The stretch that brightness and contrast change, and what they have made of it. */
  let [base, made]: [Range[], Range[] | null] = [[], null];
  const shown = (): { look: Look; combination: Combination; stretch: Range[] } | null => {
    const look = store.state.looks[which];
    const picture = store.state.review.pictures.find((each) => each.id === look.picture);
    const combination = picture ? combinationOf(picture, look.combination) : null;
    return picture && combination ? { look, combination, stretch: stretchOf(look, picture, combination) } : null;
  };
  const adjust = () => {
    made = base.map((range) => widened(adjusted(range, brightness.input.valueAsNumber, contrast.input.valueAsNumber)));
    setLook(store, which, { stretch: made });
  };
  const share = (value: number) => `${value > 0 ? "+" : ""}${(100 * value).toFixed(0)} %`;
  const brightness = slider("Brightness", { least: -1, most: 1, step: 0.02, unit: share }, adjust);
  const contrast = slider("Contrast", { least: -1, most: 1, step: 0.02, unit: share }, adjust);
  const gamma = slider("Gamma", { least: 0.3, most: 3, step: 0.05 }, (value) => { setLook(store, which, { gamma: value }); });
  const limits = document.createElement("div");
  limits.className = "limits";
  const buttons = document.createElement("div");
  buttons.className = "buttons";
  buttons.append(
    button("Stretch to view", "Stretch to the 2nd and 98th percentile of what is in view", () => {
      stretchToView(which, store, maps, shown()?.stretch ?? []);
    }),
    button("Reset", "First stretch of the scene, gamma 1", () => {
      made = null;
      setLook(store, which, { stretch: null, gamma: 1 });
    }),
  );
  set.append(brightness.row, contrast.row, gamma.row, buttons, fold("Limits of each channel", limits));

  store.on(["looks", "review"], () => {
    const now = shown();
    if (now === null) return;
    gamma.show(now.look.gamma);
    if (made === null || now.look.stretch !== made) {
      [base, made] = [now.stretch, now.look.stretch];
      brightness.show(0);
      contrast.show(0);
    }
    showLimits(limits, now.combination, now.stretch, (stretch) => { setLook(store, which, { stretch }); });
  });
  return set;
}

function stretchToView(which: 0 | 1, store: Store, maps: Maps, present: Range[]): void {
  const values = maps.valuesInView(which);
  const stretch = values.map((channel, at) => stretchTo(channel) ?? present[at]).filter((range) => range !== undefined);
  if (values.length === 0 || values.some((channel) => stretchTo(channel) === null)) {
    store.set({ said: "Too little of the picture is in view to stretch to" });
  } else setLook(store, which, { stretch });
}

/** Two numbers per channel; while one of them has the focus, it is not put anew. */
function showLimits(
  element: HTMLElement,
  combination: Combination,
  stretch: readonly Range[],
  changed: (stretch: Range[]) => void,
): void {
  if (element.dataset.of !== combination.name) {
    element.dataset.of = combination.name;
    element.replaceChildren(...combination.channels.map(channelRow));
  }
  element.querySelectorAll<HTMLInputElement>("input").forEach((input, at) => {
    const value = stretch[Math.floor(at / 2)]?.[at % 2];
    if (value !== undefined && document.activeElement !== input) input.value = value.toFixed(3);
  });

  function channelRow(channel: string, at: number): HTMLElement {
    const set = (end: 0 | 1) => (value: number) => {
      const ranges = [...element.querySelectorAll<HTMLInputElement>("input")].map((input) => input.valueAsNumber);
      ranges[2 * at + end] = value;
      changed(combination.channels.map((_, each) => widened([ranges[2 * each] ?? 0, ranges[2 * each + 1] ?? 1])));
    };
    const row = document.createElement("div");
    row.className = "field";
    const name = document.createElement("span");
    const band = combination.bands.length === combination.channels.length ? ` (${combination.bands[at] ?? ""})` : "";
    name.textContent = `${channel}${band}`;
    row.append(name, number(`${channel}, low`, STEP, set(0)), number(`${channel}, high`, STEP, set(1)));
    return row;
  }
}
