// The panel of layers: which outlines and rasters lie over the picture, with the legend of each.
import type { Overlay } from "../contract";
import { inPage } from "../map/elements";
import { AUTOMATIC, INVENTORY, MARKS, PICKED, periodLine } from "../map/outline_styles";
import { ENTRIES } from "../map/overlay_style";
import type { Overlays, Store } from "../state";
import { section, slider, tick } from "./fields";
import { colourSwatch, hatchSwatch, lineSwatch, scaleSwatch } from "./legend";

const RASTERS: readonly [Overlay["kind"], string][] = [
  ["probability", "Probability of ice"],
  ["uncertain", "Uncertain pixels"],
  ["classes", "Classes"],
  ["hillshade", "Shaded relief"],
];

export function createLayers(store: Store): void {
  const panel = inPage("layers");
  const set = (change: Partial<Overlays>) => {
    store.set({ overlays: { ...store.state.overlays, ...change } });
  };
  panel.append(section("Outlines", marks(store), ...lines(store, set)), section("Rasters", ...rasters(store, set)));
}

/** Legend of the outlines of the period. */
function marks(store: Store): HTMLElement {
  const list = document.createElement("ul");
  list.className = "legend";
  const title = document.createElement("p");
  title.className = "legend-title";
  list.append(...Object.values(MARKS).map((mark) => entry(lineSwatch(mark), mark.label)));
  list.append(entry(lineSwatch(PICKED), "picked"));
  store.on(["period"], ({ period }) => {
    title.textContent = `Of ${period}`;
  });
  const group = document.createElement("div");
  group.append(title, list);
  return group;
}

function lines(store: Store, set: (change: Partial<Overlays>) => void): HTMLElement[] {
  const automatic = tick("before corrections", (on) => { set({ automatic: on }); });
  const inventory = tick("inventory", (on) => { set({ inventory: on }); });
  const unseen = tick("ground that no scene shows", (on) => { set({ unseen: on }); });
  automatic.row.append(lineSwatch(AUTOMATIC));
  inventory.row.append(lineSwatch(INVENTORY));
  unseen.row.append(hatchSwatch());
  const others = document.createElement("div");
  others.className = "others";
  others.setAttribute("role", "group");
  others.setAttribute("aria-label", "Outlines of other periods");
  store.on(["overlays", "review", "period"], ({ overlays, review, period }) => {
    automatic.input.checked = overlays.automatic;
    inventory.input.checked = overlays.inventory;
    unseen.input.checked = overlays.unseen;
    automatic.row.hidden = !review.layers.some((layer) => layer.kind === "automatic" && layer.period === period);
    inventory.row.hidden = !review.layers.some((layer) => layer.kind === "inventory");
    unseen.row.hidden = !review.layers.some((layer) => layer.kind === "unseen" && layer.period === period);
  });
  let shown = "";
  store.on(["overlays", "review", "period"], ({ overlays, review, period }) => {
    const now = JSON.stringify([review.periods.map((each) => each.name), period, overlays.periods]);
    if (now === shown) return;
    shown = now;
    const focused = document.activeElement instanceof HTMLInputElement ? document.activeElement.name : "";
    const count = review.periods.length;
    others.hidden = count < 2;
    others.replaceChildren(
      ...review.periods.map((each, position) => {
        const { row, input } = tick(each.name, (on) => {
          const rest = store.state.overlays.periods.filter((name) => name !== each.name);
          set({ periods: on ? [...rest, each.name] : rest });
        });
        input.name = `period ${each.name}`;
        input.checked = overlays.periods.includes(each.name);
        input.disabled = each.name === period;
        row.append(lineSwatch(periodLine(position, count)));
        return row;
      }),
    );
    if (focused) others.querySelector<HTMLInputElement>(`[name="${CSS.escape(focused)}"]`)?.focus();
  });
  const title = document.createElement("p");
  title.className = "legend-title";
  title.textContent = "Other periods";
  store.on(["review"], ({ review }) => { title.hidden = review.periods.length < 2; });
  return [automatic.row, inventory.row, unseen.row, title, others];
}

/** An opacity per kind of raster, with its legend while it is seen. */
function rasters(store: Store, set: (change: Partial<Overlays>) => void): HTMLElement[] {
  const percent = (value: number) => `${(100 * value).toFixed(0)} %`;
  const none = document.createElement("p");
  none.textContent = "None for this period";
  const groups = RASTERS.map(([kind, name]) => {
    const group = document.createElement("div");
    const opacity = slider(name, { least: 0, most: 1, step: 0.05, unit: percent }, (value) => { set({ [kind]: value }); });
    const legend = document.createElement("ul");
    legend.className = "legend";
    group.append(opacity.row, legend);
    store.on(["overlays", "review", "period"], ({ overlays, review, period }) => {
      const found = review.overlays.find((each) => each.kind === kind && (each.period ?? period) === period);
      group.hidden = found === undefined;
      opacity.show(overlays[kind]);
      legend.hidden = overlays[kind] === 0 || ENTRIES[kind].length === 0;
      legend.replaceChildren(...legendOf(kind, found?.threshold ?? null));
      none.hidden = RASTERS.some(([any]) => review.overlays.some((each) => each.kind === any && (each.period ?? period) === period));
    });
    return group;
  });
  return [...groups, none];
}

function legendOf(kind: Overlay["kind"], threshold: number | null): HTMLElement[] {
  const entries = ENTRIES[kind];
  if (kind === "probability") return [scaleSwatch(entries, threshold)];
  return entries.map(({ colour, label }) => entry(colourSwatch(colour), label));
}

function entry(swatch: Element, text: string): HTMLLIElement {
  const item = document.createElement("li");
  item.append(swatch, text);
  return item;
}
