// The list of glaciers: by doubt, area or name; only the rows in view are in the page.
import type { GlacierRow } from "../contract";
import type { Editing } from "../edit/editing";
import { element, place } from "../edit/elements";
import type { Order, StateFilter } from "../edit/glacier_index";
import { shortenedName } from "../edit/names";
import { area, share } from "../edit/numbers";
import { called } from "../edit/readable";

/** Height of a row [pixels], as in edit.css. */
const ROW_PX = 44;
/** Rows above and below those in view. */
const SPARE_ROWS = 6;

const BARS = [
  { key: "margin", label: "margin", title: "margin: mean uncertainty of the map along the outline" },
  {
    key: "disagreement",
    label: "disagreement",
    title: "disagreement: share of its ground where the nearest periods agree and this one differs",
  },
  { key: "jump", label: "jump", title: "jump: departure of its area from what its other periods let expect" },
] as const;

export class GlacierList {
  private order: Order = "doubt";
  private filter: StateFilter = "all";
  private rows: GlacierRow[] = [];
  private active = 0;
  private readonly find = element("input", { type: "search", placeholder: "id or name (/)", "aria-label": "Find a glacier" });
  private readonly count = element("p", { class: "count" });
  private readonly space = element("div", { class: "space" });
  private readonly list = element("div", {
    class: "rows",
    role: "listbox",
    tabindex: "0",
    "aria-label": "Glaciers of the period",
  });

  constructor(private readonly editing: Editing) {
    const { listing, store } = editing;
    const order = select<Order>("Order", { doubt: "by doubt", area: "by area", name: "by name" }, (chosen) => {
      this.order = chosen;
      this.refill(true);
    });
    const filters = { all: "all", open: "open", accepted: "accepted", flagged: "flagged" };
    const filter = select<StateFilter>("State", filters, (chosen) => {
      this.filter = chosen;
      this.refill(true);
    });
    this.find.addEventListener("input", () => {
      this.refill(true);
    });
    this.find.addEventListener("keydown", (event) => {
      this.findKey(event);
    });
    this.list.append(this.space);
    this.list.addEventListener("scroll", () => {
      this.draw();
    });
    this.list.addEventListener("keydown", (event) => {
      this.listKey(event);
    });
    new ResizeObserver(() => {
      this.draw();
    }).observe(this.list);
    place("glaciers").append(
      element("h2", {}, "Glaciers"),
      element("div", { class: "choose" }, order, filter),
      this.find,
      this.count,
      this.list,
    );
    listing.onChange(() => {
      this.refill(false);
    });
    store.on(["glacier"], () => {
      this.follow();
    });
  }

  focusFind(): void {
    this.find.focus();
    this.find.select();
  }

  private refill(isFromTop: boolean): void {
    const { index, isComplete, failure } = this.editing.listing;
    this.rows = index.listed(this.order, this.filter, this.find.value);
    if (isFromTop) this.list.scrollTop = 0;
    const selected = this.rows.findIndex((row) => row.glac_id === this.editing.picking.glacId);
    this.active = selected >= 0 ? selected : Math.min(this.active, Math.max(0, this.rows.length - 1));
    const accepted = index.count("accepted");
    const shown = this.rows.length === index.size ? `${index.size} glaciers` : `${this.rows.length} of ${index.size} glaciers`;
    const pending = isComplete ? "" : "; doubts are being computed";
    this.count.textContent = failure ?? `${shown}, ${accepted} accepted${pending}`;
    this.draw();
  }

  /** The glacier shown becomes the active row, scrolled into view. */
  private follow(): void {
    const at = this.rows.findIndex((row) => row.glac_id === this.editing.picking.glacId);
    if (at >= 0) this.activate(at);
    else this.draw();
  }

  private activate(position: number): void {
    this.active = Math.max(0, Math.min(position, this.rows.length - 1));
    const top = this.active * ROW_PX;
    const { scrollTop, clientHeight } = this.list;
    if (top < scrollTop) this.list.scrollTop = top;
    else if (top + ROW_PX > scrollTop + clientHeight) this.list.scrollTop = top + ROW_PX - clientHeight;
    this.draw();
  }

  private draw(): void {
    this.space.style.height = `${this.rows.length * ROW_PX}px`;
    const first = Math.max(0, Math.floor(this.list.scrollTop / ROW_PX) - SPARE_ROWS);
    const last = Math.min(this.rows.length, Math.ceil((this.list.scrollTop + this.list.clientHeight) / ROW_PX) + SPARE_ROWS);
    const drawn = this.rows.slice(first, last).map((row, offset) => this.row(row, first + offset));
    this.space.replaceChildren(...drawn);
    const isDrawn = this.active >= first && this.active < last;
    if (isDrawn) this.list.setAttribute("aria-activedescendant", `row-${this.active}`);
    else this.list.removeAttribute("aria-activedescendant");
  }

  private row(row: GlacierRow, position: number): HTMLElement {
    const isSelected = row.glac_id === this.editing.picking.glacId;
    const name = called(row);
    const made = element(
      "div",
      {
        id: `row-${position}`,
        class: `row ${row.state}${position === this.active ? " active" : ""}`,
        role: "option",
        "aria-selected": String(isSelected),
        "aria-setsize": this.rows.length,
        "aria-posinset": position + 1,
        title: `${name}: ${row.state}, doubt ${share(row.doubt)}`,
        onclick: () => {
          this.pick(position);
        },
      },
      shortenedName(name),
      element("span", { class: "area" }, ` ${areaText(row)} `),
      element("span", { class: "state" }, `${stateText(row)} `),
      element("span", { class: "heard" }, `doubt ${share(row.doubt)}`),
      bars(row),
    );
    made.style.top = `${position * ROW_PX}px`;
    return made;
  }

  private pick(position: number): void {
    const row = this.rows[position];
    if (row === undefined) return;
    this.active = position;
    void this.editing.picking.pick(row.glac_id, true);
  }

  private listKey(event: KeyboardEvent): void {
    const page = Math.max(1, Math.floor(this.list.clientHeight / ROW_PX) - 1);
    const steps: Record<string, number> = {
      ArrowDown: 1,
      ArrowUp: -1,
      PageDown: page,
      PageUp: -page,
      Home: -this.rows.length,
      End: this.rows.length,
    };
    const step = steps[event.key];
    if (event.shiftKey || event.ctrlKey) return;
    if (step !== undefined) this.activate(this.active + step);
    else if (event.key === "Enter" || event.key === " ") this.pick(this.active);
    else return;
    event.preventDefault();
  }

  private findKey(event: KeyboardEvent): void {
    if (event.key === "Enter") this.pick(0);
    else if (event.key === "Escape") {
      this.find.value = "";
      this.refill(true);
    } else if (event.key !== "ArrowDown") return;
    event.preventDefault();
    this.list.focus();
  }
}

function select<Choice extends string>(
  label: string,
  options: Record<Choice, string>,
  onChoose: (choice: Choice) => void,
): HTMLElement {
  const made = element(
    "select",
    { "aria-label": label, onchange: () => { onChoose(made.value as Choice); } },
    ...Object.entries<string>(options).map(([value, text]) => element("option", { value }, text)),
  );
  return made;
}

function areaText(row: GlacierRow): string {
  return `${area(row.area_km2, null)} km\u00b2`;
}

function stateText(row: GlacierRow): string {
  const edits = row.edits === 0 ? "" : row.edits === 1 ? "1 edit" : `${row.edits} edits`;
  return [row.state === "open" ? "" : row.state, edits].filter((part) => part !== "").join(", ");
}

/** What the doubt is made of, as three bars. */
function bars(row: GlacierRow): HTMLElement {
  return element(
    "span",
    { class: "bars" },
    ...BARS.map(({ key, label, title }) => {
      const value = row[key];
      const bar = element("span", { class: `bar ${label}`, title: `${title}: ${share(value)}` });
      const filled = element("span", {});
      filled.style.width = `${100 * Math.min(1, Math.max(0, value ?? 0))}%`;
      bar.append(filled);
      return bar;
    }),
  );
}
