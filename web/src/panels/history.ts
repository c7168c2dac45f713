// Edits of the project: those that no longer apply on top, each with its outlines before and after, and that of today.
import type { EditHistory, EditRow } from "../contract";
import type { Editing } from "../edit/editing";
import type { Role } from "../edit/edit_layer";
import { element, fill, place } from "../edit/elements";
import { boundsOf } from "../edit/geometry";
import { moment } from "../edit/numbers";
import { wordsOf } from "../edit/saving";
import { editItem } from "./glacier";

const FIRST_ROWS = 100;
const WAIT_MS = 300;

/** Not applied first, then invalid ones, then all others; the last written first among equals. */
export function inOrder(edits: readonly EditRow[]): EditRow[] {
  const rank = (edit: EditRow): number => (edit.state === "not applied" ? 0 : edit.state === "wrong" ? 1 : 2);
  return [...edits].reverse().sort((one, other) => rank(one) - rank(other));
}

export class HistoryPanel {
  private edits: EditRow[] = [];
  private shown = FIRST_ROWS;
  private failure: string | null = null;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private readonly summary = element("summary", {}, element("h2", {}, "Edits"));
  private readonly problems = element("div", { role: "alert" });
  private readonly body = element("div", {});
  private readonly legend = element("div", { class: "history-legend", hidden: true });
  private readonly details = element("details", { class: "history" }, this.summary, this.body);

  constructor(
    private readonly editing: Editing,
    private readonly revert: (edit: EditRow) => void,
  ) {
    place("history").append(this.problems, this.details);
    place("maps").append(this.legend);
    this.details.addEventListener("toggle", () => {
      this.draw();
    });
    editing.store.on(["review", "period"], ({ review }) => {
      fill(
        this.problems,
        ...review.problems.map((problem) => element("p", { class: "problem" }, problem)),
      );
      clearTimeout(this.timer);
      this.timer = setTimeout(() => void this.load(), WAIT_MS);
    });
  }

  /** Draw the outlines of an edit on the map: before, after, and today's. */
  async show(edit: EditRow): Promise<void> {
    const { store, api, layer, maps } = this.editing;
    const { review } = store.state;
    const own = review.periods.find((period) => period.name === edit.period)?.name;
    const period = own ?? store.state.period;
    if (period !== store.state.period) store.set({ period });
    try {
      const history = await api.history(edit.edit_id, period);
      const parts = partsOf(history);
      layer.compare(parts);
      const bounds = boundsOf(parts.map((part) => part.geometry));
      if (bounds !== null) maps.fitTo(bounds);
      this.explain(history);
    } catch (error) {
      store.set({ said: `The edit cannot be shown: ${wordsOf(error)}.` });
    }
  }

  hide(): void {
    this.editing.layer.compare([]);
    this.legend.hidden = true;
  }

  get isShown(): boolean {
    return !this.legend.hidden;
  }

  private async load(): Promise<void> {
    try {
      this.edits = inOrder((await this.editing.api.edits()).edits);
      this.failure = null;
    } catch (error) {
      this.failure = wordsOf(error);
    }
    this.draw();
  }

  private draw(): void {
    const lost = this.edits.filter((edit) => edit.state === "not applied").length;
    const count = `Edits (${this.edits.length}${lost > 0 ? `, ${lost} not applied` : ""})`;
    fill(this.summary, element("h2", {}, count));
    this.summary.classList.toggle("problem", lost > 0);
    if (!this.details.open) return;
    const acts = { revert: this.revert, showEdit: (edit: EditRow) => void this.show(edit) };
    const more = element("button", { type: "button", class: "plain", onclick: () => { this.more(); } }, "show more");
    fill(
      this.body,
      this.failure !== null && element("p", { class: "problem" }, this.failure),
      this.edits.length === 0 && element("p", { class: "hint" }, "No edit yet."),
      element("ul", { class: "edits" }, ...this.edits.slice(0, this.shown).map((edit) => editItem(edit, acts))),
      this.edits.length > this.shown && more,
    );
  }

  private more(): void {
    this.shown += FIRST_ROWS;
    this.draw();
  }

  private explain({ edit, before, after, today }: EditHistory): void {
    const what = `${edit.operation} of ${edit.glac_id ?? "outlines"}, ${edit.author ?? "no author"}, ${moment(edit.time)}`;
    const lines = [
      { name: "before", text: "outline before the edit", parts: before },
      { name: "mine", text: "as the edit left it", parts: after },
      { name: "today", text: "today's outline", parts: today },
    ].filter(({ parts }) => parts.length > 0);
    const close = element("button", { type: "button", class: "plain", onclick: () => { this.hide(); } }, "close");
    fill(
      this.legend,
      element("strong", {}, what),
      ` ${edit.state}${edit.text === "" ? "" : `: ${edit.text}`} `,
      ...lines.flatMap(({ name, text }) => [element("span", { class: `line ${name}` }), `${text} `]),
      close,
    );
    this.legend.hidden = false;
    this.editing.store.set({ said: `${what}: ${edit.state}. ${edit.text}` });
  }
}

function partsOf({ geometry, before, after, today }: EditHistory): { role: Role; geometry: Record<string, unknown> }[] {
  const drawn = before.length + after.length === 0 && geometry !== null ? [geometry] : [];
  return [
    ...today.map((outline) => ({ role: "today" as const, geometry: outline.geometry })),
    ...before.map((outline) => ({ role: "before" as const, geometry: outline.geometry })),
    ...after.map((outline) => ({ role: "mine" as const, geometry: outline.geometry })),
    ...drawn.map((shape) => ({ role: "mine" as const, geometry: shape })),
  ];
}
