// Panels of the corrections put together: what each key and button does, and what is asked before.
import type { EditRow } from "../contract";
import type { Editing } from "../edit/editing";
import { element } from "../edit/elements";
import { boundsOf } from "../edit/geometry";
import { newEditId } from "../edit/ids";
import { moment } from "../edit/numbers";
import { wordsOf } from "../edit/saving";
import { type Action, actionOf } from "../edit/shortcuts";
import { createToolbar } from "../edit/toolbar";
import { atPeriod } from "../map/period_pictures";
import type { Tool } from "../state";
import { showConflict } from "./conflict";
import { ask, choices, isAsking } from "./dialogs";
import { createGlacierPanel } from "./glacier";
import { GlacierList } from "./glaciers";
import { HistoryPanel } from "./history";
import { showKeys } from "./keys";
import { askAuthor, askToSave, askToWait, askWhereToSave, askWhy } from "./save";

const ACCEPTED = "looked at, right as it is";

/** Make the list, the panels, the toolbar and the keys, and begin. */
export function createGlacierPanels(editing: Editing, mapKeys: readonly (readonly [string, string])[]): void {
  const { store, corrections } = editing;
  const acts = new Acts(editing, mapKeys);
  createToolbar(editing, acts.act);
  createGlacierPanel(editing, { act: acts.act, revert: acts.revert, showEdit: (edit) => void acts.history.show(edit) });
  corrections.onConflict = (conflict) => void showConflict(editing, conflict);
  editing.onLeftBehind = async (strokes) => {
    const choice = await ask<"drop" | "take up">("Strokes that were not saved", (done) => [
      element("p", {}, `Drawn ${moment(strokes[0]?.time ?? null)}, before the page was left:`),
      element("ul", {}, ...strokes.map((stroke) => element("li", {}, stroke.what))),
      choices(
        { label: "Take them up", onChoose: () => { done("take up"); } },
        { label: "Throw them away", isPlain: true, onChoose: () => { done("drop"); } },
      ),
    ]);
    return choice !== "drop";
  };
  addEventListener("keydown", acts.press, { capture: true });
  addEventListener("beforeunload", (event) => {
    if ((store.state.unsaved ?? []).length > 0 || (store.state.saving ?? "idle") !== "idle") event.preventDefault();
  });
  editing.start();
}

class Acts {
  readonly history: HistoryPanel;
  private readonly list: GlacierList;

  constructor(
    private readonly editing: Editing,
    private readonly mapKeys: readonly (readonly [string, string])[],
  ) {
    this.list = new GlacierList(editing);
    this.history = new HistoryPanel(editing, this.revert);
  }

  readonly press = (event: KeyboardEvent): void => {
    if (isAsking()) {
      // The browser would save the page itself.
      if (actionOf(event, { isDrawing: false, isMoving: false, isTyping: true }) === "save") event.preventDefault();
      return;
    }
    const { tools, store } = this.editing;
    const situation = {
      isDrawing: tools.isDrawing,
      isMoving: store.state.tool === "move",
      isTyping: isTyped(event.target),
    };
    const action = actionOf(event, situation);
    if (action === null) return;
    event.preventDefault();
    this.act(action);
  };

  readonly act = (action: Action): void => {
    this.run(action).catch((error: unknown) => {
      this.say(`Not done: ${wordsOf(error)}.`);
    });
  };

  readonly revert = (edit: EditRow): void => {
    void this.askToRevert(edit);
  };

  private async run(action: Action): Promise<void> {
    const { editing } = this;
    switch (action) {
      case "next":
      case "previous":
        return editing.picking.step(action === "next" ? 1 : -1);
      case "accept":
        return this.accept();
      case "flag":
        return this.flag();
      case "copy":
        return this.copy();
      case "undo":
        if (editing.tools.isDrawing) {
          editing.tools.takeLastVertexBack();
          return;
        }
        return editing.corrections.undo();
      case "redo":
        return editing.corrections.redo();
      case "save":
        return this.save();
      case "find":
        this.list.focusFind();
        return;
      case "go":
        this.go();
        return;
      case "keys":
        return showKeys(this.mapKeys);
      case "finish":
        editing.tools.finish();
        return;
      case "last vertex":
        editing.tools.takeLastVertexBack();
        return;
      case "remove vertex":
        if (!editing.tools.removeVertex()) this.say("No vertex under the pointer.");
        return;
      default:
        this.use(action);
    }
  }

  private use(tool: Tool): void {
    if (tool === "look" && this.history.isShown && !this.editing.tools.isDrawing) this.history.hide();
    this.editing.use(tool);
  }

  private async accept(): Promise<void> {
    const glacId = this.picked();
    if (glacId === null || !(await askAuthor(this.editing.corrections))) return;
    await this.editing.corrections.mark(glacId, "accept", ACCEPTED);
  }

  private async flag(): Promise<void> {
    const { corrections } = this.editing;
    const glacId = this.picked();
    if (glacId === null) return;
    const why = await askWhy(`Flag ${glacId}`, "Flag", corrections);
    if (why !== null) await corrections.mark(glacId, "flag", why.reason);
  }

  private async copy(): Promise<void> {
    const { store, selected, corrections } = this.editing;
    const previous = store.state.glacier?.previous;
    const period = previousPeriod(store.state.glacier?.measure?.comparisons.map((one) => one.with) ?? [], store.state);
    if (selected === null) this.say("Pick a glacier first.");
    else if (previous == null || period === null) this.say(`No earlier period has an outline of ${selected}.`);
    else await corrections.copy(selected, period);
  }

  private async save(): Promise<void> {
    const { corrections, store } = this.editing;
    if (store.state.saving === "waiting") {
      await askToWait(corrections);
      return;
    }
    await corrections.previewing;
    if (corrections.strokes.all.length === 0) {
      await this.goWhereUnsaved();
      return;
    }
    if (!corrections.isSettled || store.state.preview === null) {
      this.say("The server has not answered about the last stroke; save after that.");
      return;
    }
    const details = await askToSave(store, corrections);
    if (details !== null) await corrections.save(details);
  }

  /** Nothing is unsaved in the period shown: say where something is, and go there. */
  private async goWhereUnsaved(): Promise<void> {
    const { store } = this.editing;
    const { unsaved = [] } = store.state;
    const period = unsaved.length === 0 ? null : await askWhereToSave(unsaved);
    if (period !== null) store.set(atPeriod(store.state, period));
    const where = unsaved.map((each) => each.period).join(", ");
    this.say(where === "" ? "Nothing to save." : `Unsaved strokes are in ${where}; ${store.state.period} is shown.`);
  }

  private async askToRevert(edit: EditRow): Promise<void> {
    const { corrections } = this.editing;
    const why = await askWhy(`Revert ${edit.operation} of ${edit.glac_id ?? "outlines"}`, "Revert", corrections);
    if (why !== null) await corrections.revertEdit(edit, why.reason, newEditId());
  }

  private go(): void {
    const { glacier } = this.editing.store.state;
    const outline = glacier?.outline ?? glacier?.automatic ?? glacier?.previous ?? glacier?.next;
    const bounds = outline ? boundsOf([outline.geometry]) : null;
    if (bounds === null) this.say("No glacier is picked.");
    else this.editing.maps.fitTo(bounds);
  }

  private picked(): string | null {
    const { selected, store } = this.editing;
    if (selected === null || store.state.glacier?.outline == null) {
      this.say("Pick a glacier with an outline first: n is the next one by doubt.");
      return null;
    }
    return selected;
  }

  private say(said: string): void {
    this.editing.store.set({ said });
  }
}

/** Name of the nearest earlier period that an outline is compared with; else the one before. */
export function previousPeriod(
  compared: readonly string[],
  { review, period }: { review: { periods: readonly { name: string }[] }; period: string },
): string | null {
  const names = review.periods.map(({ name }) => name);
  const earlier = names.slice(0, Math.max(0, names.indexOf(period))).reverse();
  return earlier.find((name) => compared.includes(name)) ?? earlier[0] ?? null;
}

const WITHOUT_TEXT: ReadonlySet<string> = new Set(["checkbox", "radio", "range", "button", "submit", "color"]);

function isTyped(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  if (target instanceof HTMLInputElement) return !WITHOUT_TEXT.has(target.type);
  return target.isContentEditable || target.matches("select, textarea");
}
