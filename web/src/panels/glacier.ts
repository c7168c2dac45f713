// The glacier shown: its state, its area against other outlines, live while it is drawn, and its edits.
import type { EditRow, Glacier, Measure } from "../contract";
import type { Editing } from "../edit/editing";
import { element, fill, place } from "../edit/elements";
import { workingOutlines } from "../edit/drawn";
import { type Difference, differences, digitsOf, measureOf } from "../edit/measures";
import { area, moment, percent, plusMinus, share, signed } from "../edit/numbers";
import { idOf } from "../edit/identity";
import { called } from "../edit/readable";
import type { Action } from "../edit/shortcuts";
import type { State } from "../state";

export interface GlacierActs {
  act: (action: Action) => void;
  revert: (edit: EditRow) => void;
  showEdit: (edit: EditRow) => void;
}

export function createGlacierPanel(editing: Editing, acts: GlacierActs): void {
  const panel = place("glacier");
  const head = element("div", {});
  const numbers = element("div", { class: "numbers" });
  const rest = element("div", {});
  panel.append(head, numbers, rest);
  editing.listing.onChange(() => {
    fill(head, ...header(editing, editing.store.state, acts)); // its doubts were computed again
  });
  editing.store.on(["glacier", "tool", "review", "preview"], (state) => {
    fill(head, ...header(editing, state, acts));
    fill(rest, ...body(editing, state, acts));
  });
  editing.store.on(["glacier", "preview", "live"], (state) => {
    fill(numbers, ...areas(state));
  });
}

function header(editing: Editing, { glacier, period }: Readonly<State>, { act }: GlacierActs): HTMLElement[] {
  const glacId = idOf(glacier);
  if (glacier === null || glacId === null) {
    const hint = "Click an outline, pick a row of the list, or press n for the one with the greatest doubt.";
    return [element("h2", {}, "No glacier picked"), element("p", { class: "hint" }, hint)];
  }
  const name = (glacier.outline ?? glacier.automatic ?? glacier.previous ?? glacier.next)?.glac_name;
  const row = editing.listing.index.get(glacId);
  const doubts = row?.doubt == null ? null : `doubt ${share(row.doubt)}: margin ${share(row.margin)}, disagreement ${share(row.disagreement)}, jump ${share(row.jump)}`;
  const button = (action: Action, label: string, key: string): HTMLElement =>
    element("button", { type: "button", "data-focus": action, title: `${label} (${key})`, onclick: () => { act(action); } }, label);
  return [
    element("h2", {}, name ?? glacId),
    element(
      "p",
      { class: "what" },
      name != null && element("span", {}, `${glacId} `),
      element("span", {}, `in ${period} `),
      element("span", { class: `mark ${glacier.state}` }, glacier.state),
    ),
    element("p", { class: "hint" }, glacier.outline === null ? "No outline in this period." : doubts),
    element(
      "div",
      { class: "acts" },
      button("accept", "Accept", "a"),
      button("flag", "Flag", "f"),
      button("copy", "As in the last period", "c"),
      button("previous", "Previous", "p"),
      button("next", "Next", "n"),
    ),
  ];
}

/** Area of the outline, and its differences; of the outline under the pointer while it changes. */
function areas({ glacier, preview, live }: Readonly<State>): HTMLElement[] {
  const measure = measureOf(glacier, preview);
  const sketch = live?.sketch_km2;
  const drawn = sketch == null ? [] : [element("p", { class: "sketch" }, `Drawn: ${area(sketch, null)} km\u00b2`)];
  if (measure === null) {
    const isGone = glacier?.outline != null && preview?.gone.includes(glacier.outline.glac_id) === true;
    return isGone ? [element("p", { class: "hint" }, "Nothing is left of it."), ...drawn] : drawn;
  }
  const isLive = live != null && live.glacId === measure.glac_id && sketch == null;
  const area_km2 = isLive ? live.area_km2 : measure.area_km2;
  return [table(measure, area_km2, isLive), ...drawn];
}

function table(measure: Measure, area_km2: number, isLive: boolean): HTMLElement {
  const head = ["km\u00b2", "difference", "%"].map((text) => element("th", { scope: "col" }, text));
  return element(
    "table",
    { class: isLive ? "areas live" : "areas" },
    element("caption", {}, isLive ? "Area, while it changes" : "Area"),
    element("thead", {}, element("tr", {}, element("td"), ...head)),
    element(
      "tbody",
      {},
      element(
        "tr",
        { class: "this" },
        element("th", { scope: "row" }, "outline"),
        cell(area(area_km2, measure.uncertainty_km2), measure.uncertainty_km2),
        element("td", { colspan: 2, title: "Perimeter" }, `around ${measure.perimeter_km.toFixed(2)} km`),
      ),
      ...differences(measure, area_km2).map(differenceRow),
    ),
  );
}

function differenceRow(one: Difference): HTMLElement {
  return element(
    "tr",
    {},
    element("th", { scope: "row", title: one.with }, one.with),
    cell(area(one.area_km2, one.uncertainty_km2), one.uncertainty_km2),
    cell(signed(one.change_km2, digitsOf(one.change_uncertainty_km2)), one.change_uncertainty_km2),
    element("td", {}, percent(one.change_percent)),
  );
}

/** A number with its uncertainty. */
function cell(number: string, uncertainty_km2: number | null): HTMLElement {
  return element("td", {}, number, element("small", {}, ` ${plusMinus(uncertainty_km2)}`));
}

function body(editing: Editing, state: Readonly<State>, acts: GlacierActs): HTMLElement[] {
  if (state.glacier === null) return [];
  return [...(state.tool === "merge" ? [mergeable(editing, state)] : []), ...edits(state.glacier, acts)];
}

/** Neighbours that can be merged, for those who do not use a pointer; parts that were just split off are among them. */
function mergeable(editing: Editing, { glacier, preview }: Readonly<State>): HTMLElement {
  const outlines = workingOutlines(glacier?.neighbours ?? [], preview);
  outlines.delete(idOf(glacier) ?? "");
  const buttons = [...outlines.values()].map((outline) => {
    const { glac_id } = outline;
    const merge = (): void => {
      editing.merge(glac_id);
    };
    return element("button", { type: "button", "data-focus": `merge ${glac_id}`, onclick: merge }, called(outline));
  });
  const title = element("h3", {}, buttons.length > 0 ? "Merge with" : "No neighbour to merge with");
  return element("div", { class: "merge", role: "group", "aria-label": "Merge with" }, title, ...buttons);
}

/** Edits that count: those that were reverted, and the rows that revert them, are in the list of all edits. */
function edits(glacier: Glacier, acts: GlacierActs): HTMLElement[] {
  const rows = glacier.edits.filter((edit) => edit.operation !== "revert" && edit.state !== "reverted").reverse();
  if (rows.length === 0) return [];
  const title = rows.length === 1 ? "1 edit of this glacier" : `${rows.length} edits of this glacier`;
  return [element("h3", {}, title), element("ul", { class: "edits own" }, ...rows.map((edit) => editItem(edit, acts)))];
}

/** An edit in a list: what, who, when and why, its state, and buttons to see and to revert it. */
export function editItem(edit: EditRow, { revert, showEdit }: Pick<GlacierActs, "revert" | "showEdit">): HTMLElement {
  const isApplied = edit.state === "applied";
  const label = `${edit.operation} of ${edit.glac_id ?? "outlines"}, ${edit.author ?? "no author"}, ${moment(edit.time)}`;
  const button = (text: string, act: () => void): HTMLElement =>
    element(
      "button",
      { type: "button", class: "plain", "data-focus": `${text} ${edit.edit_id}`, "aria-label": `${text}: ${label}`, onclick: act },
      text,
    );
  return element(
    "li",
    { class: isApplied ? "edit" : "edit other" },
    element("span", { class: "head" }, element("strong", {}, edit.operation), ` ${edit.glac_id ?? ""} `, element("small", {}, edit.period ?? "")),
    element("span", { class: "by" }, `${edit.author ?? "no author"}, ${moment(edit.time)}`),
    edit.reason !== null && element("q", {}, edit.reason),
    !isApplied && element("span", { class: "state" }, edit.state),
    edit.text !== "" && element("small", { class: "text" }, edit.text),
    element(
      "span",
      { class: "acts" },
      button("show", () => { showEdit(edit); }),
      edit.state !== "reverted" && button("revert", () => { revert(edit); }),
    ),
  );
}
