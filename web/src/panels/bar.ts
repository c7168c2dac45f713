// The bar above the map: what is reviewed, the slider through its periods, and the choice of one or two pictures.
import { button, inPage } from "../map/elements";
import { isTyped, periodStep } from "../map/map_keys";
import { atPeriod, periodAfter } from "../map/period_pictures";
import type { State, Store } from "../state";
import { yearsOf } from "./save";

const VIEWS: readonly [State["views"], string, string][] = [
  ["one", "One", "One map"],
  ["linked", "Two", "Two maps side by side that move together"],
  ["swipe", "Swipe", "Two pictures in one map, with a border that is moved"],
];

export function createBar(store: Store): void {
  const { review } = store.state;
  inPage("title").textContent = inPage("title").title = review.title || review.name;
  const go = (period: string) => {
    if (period !== store.state.period) store.set({ ...atPeriod(store.state, period), said: `Period ${period}` });
  };
  const step = (by: number) => {
    go(periodAfter(store.state.review, store.state.period, by));
  };
  inPage("periods").append(...periodSlider(store, go, step));
  inPage("views").append(viewSwitch(store));
  addEventListener("keydown", (event) => {
    const by = isTyped(event) ? 0 : periodStep(event);
    if (by === 0) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    step(by);
  }, { capture: true });
}

function periodSlider(store: Store, go: (period: string) => void, step: (by: number) => void): HTMLElement[] {
  const slider = document.createElement("input");
  slider.type = "range";
  slider.id = "period";
  slider.min = "0";
  slider.step = "1";
  slider.setAttribute("list", "period-marks");
  slider.setAttribute("aria-label", "Period");
  slider.addEventListener("input", () => {
    const period = store.state.review.periods[slider.valueAsNumber];
    if (period) go(period.name);
  });
  const marks = document.createElement("datalist");
  marks.id = "period-marks";
  const name = document.createElement("output");
  name.htmlFor.add("period");
  const [before, after] = [button("‹", "Previous period (,)", () => { step(-1); }), button("›", "Next period (.)", () => { step(1); })];
  store.on(["period", "review"], ({ period, review }) => {
    const at = review.periods.findIndex((each) => each.name === period);
    const found = review.periods[at];
    slider.max = String(Math.max(review.periods.length - 1, 0));
    slider.disabled = review.periods.length < 2;
    marks.replaceChildren(...review.periods.map((each, position) => new Option(each.name, String(position))));
    slider.value = String(at);
    slider.setAttribute("aria-valuetext", period);
    const years = found ? yearsOf(found) : null;
    name.value = years === null || period === years ? period : `${period} (${years})`;
    before.disabled = at <= 0;
    after.disabled = at < 0 || at >= review.periods.length - 1;
  });
  return [before, slider, marks, after, name];
}

function viewSwitch(store: Store): HTMLElement {
  const group = document.createElement("div");
  group.className = "segments";
  group.setAttribute("role", "group");
  group.setAttribute("aria-label", "Maps");
  const buttons = VIEWS.map(([views, text, title]) => {
    const element = button(text, text, () => { store.set({ views }); });
    element.title = title;
    group.append(element);
    return [views, element] as const;
  });
  store.on(["views"], (state) => {
    for (const [views, element] of buttons) element.setAttribute("aria-pressed", String(views === state.views));
  });
  return group;
}
