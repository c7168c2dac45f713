// Strokes of the page: drawn, previewed by the server, taken back, saved; one stack for each period.
import { type Api, Refused } from "../api";
import type { Conflict, EditRow, Preview, Saved, SaveRequest } from "../contract";
import type { Store, Unsaved } from "../state";
import { copiedStroke, markedStroke } from "./drawn";
import { People } from "./people";
import { Previews } from "./previews";
import { type SavedStep, SavedSteps, rowsOf } from "./saved_steps";
import { Saving, isPassing, wordsOf } from "./saving";
import { type Stroke, Strokes } from "./strokes";
import { LeftStrokes } from "./unsaved";

/** Drafts that the server takes at once. */
export const MOST_DRAFTS = 200;
const PREVIEW_AGAIN_S = 3;

export interface SaveDetails {
  author: string;
  reason: string;
  image: string | null;
  /** Periods that the edits hold for; None for the one shown. */
  holds: string | null;
}

type CorrectionsApi = Pick<Api, "preview" | "save" | "revert" | "glacier">;

export class Corrections {
  readonly people: People;
  readonly saving: Saving;
  /** Identifiers of rows written from this page, and from those that this browser showed before. */
  readonly own = new Set<string>();
  /** Told when a save met outlines that somebody else had changed. */
  onConflict: (conflict: Conflict) => void = () => undefined;
  /** Told that a stroke was refused and taken back, and why, once the outlines are as they were before it. */
  onRefused: (stroke: Stroke, words: string) => void = () => undefined;
  /** Told what was kept. */
  onSaved: (saved: Saved) => Promise<void> = () => Promise.resolve();
  /** Told when the preview in the state is that of the strokes again. */
  onSettled: () => void = () => undefined;
  /** Whether the preview in the state is that of the strokes. */
  isSettled = true;
  private readonly stacks = new Map<string, Strokes>();
  private readonly previews: Previews;
  private readonly left: LeftStrokes;
  private readonly steps: SavedSteps;
  /** Ends when the server has answered about the strokes, or could not be reached. */
  previewing: Promise<void> = Promise.resolve();
  private turn: Promise<unknown> = Promise.resolve();
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly store: Store,
    private readonly api: CorrectionsApi,
    memory: Pick<Storage, "getItem" | "setItem" | "removeItem">,
  ) {
    this.people = new People(memory, store.state.review.author);
    this.left = new LeftStrokes(memory, store.state.review);
    this.steps = new SavedSteps(memory, store.state.review);
    for (const editId of this.steps.rows) this.own.add(editId);
    this.previews = new Previews(api);
    this.saving = new Saving(api, (seconds, words) => {
      this.say(`Not saved yet: ${words}. Tried again in ${seconds} s; the strokes are kept.`);
      this.store.set({ saving: "waiting" });
    });
  }

  /** Unsaved strokes of the period shown. */
  get strokes(): Strokes {
    const { period } = this.store.state;
    let strokes = this.stacks.get(period);
    if (strokes === undefined) this.stacks.set(period, (strokes = new Strokes()));
    return strokes;
  }

  /** Strokes of the period shown that an earlier page left behind, without those of which rows are there. */
  leftBehind(rows: ReadonlySet<string> = new Set()): Stroke[] {
    if (this.stacks.has(this.store.state.period)) return [];
    const left = this.left.read(this.store.state.period);
    return left.filter((stroke) => !stroke.drafts.some((draft) => rows.has(draft.edit_id)));
  }

  takeUp(strokes: Stroke[]): Promise<void> {
    for (const stroke of strokes) this.strokes.push(stroke);
    return this.changed();
  }

  throwAway(): Promise<void> {
    this.strokes.clear();
    return this.changed();
  }

  /** Another period is shown: its strokes come back. */
  periodChanged(): Promise<void> {
    return this.changed();
  }

  /** Draw a stroke: it is previewed, and comes back with the server's words if it does nothing. */
  async draw(stroke: Stroke): Promise<void> {
    if (this.strokes.drafts.length + stroke.drafts.length > MOST_DRAFTS) {
      this.say(`${MOST_DRAFTS} changes are unsaved, no more can be previewed: save first.`);
      return;
    }
    const { period } = this.store.state;
    this.strokes.push(stroke);
    this.steps.forgetUndone();
    this.say(`${capital(stroke.what)}.`);
    await this.changed(period, true);
  }

  /** The glacier as in another period. */
  copy(glacId: string, period: string): Promise<void> {
    return this.draw(copiedStroke(glacId, period));
  }

  /** Accept or flag a glacier: kept at once, or with the strokes where there are unsaved ones. */
  async mark(glacId: string, mark: "accept" | "flag", reason: string): Promise<void> {
    await this.turn; // an undo that is under way changes the outline
    const stroke = markedStroke(glacId, mark);
    if (this.strokes.all.length > 0) {
      await this.draw(stroke);
      this.say(`${capital(stroke.what)}, to be saved with the other strokes (Ctrl+S).`);
      return;
    }
    const { glacier, period } = this.store.state;
    const version = glacier?.outline?.glac_id === glacId ? glacier.outline.version : undefined;
    const base = version === undefined ? {} : { [glacId]: version };
    const author = this.people.author;
    await this.send({ period, drafts: stroke.drafts, holds: null, author, reason, image: null, base }, [stroke]);
  }

  /** Save the strokes of the period shown. */
  async save(details: SaveDetails): Promise<void> {
    const { period, preview } = this.store.state;
    const strokes = [...this.strokes.all];
    if (strokes.length === 0 || preview === null) return;
    this.people.author = details.author;
    this.people.addReason(details.reason);
    this.strokes.hold(strokes.length);
    const drafts = this.strokes.drafts;
    await this.send({ period, drafts, ...details, base: this.strokes.base(preview) }, strokes);
  }

  /** Put the strokes on the outlines as somebody else left them; they are previewed and can be saved again. */
  async putOnTop(): Promise<void> {
    this.previews.clear();
    this.strokes.rebase();
    await this.changed();
  }

  /** Outlines were changed by somebody else: previews made before are not used again. */
  outlinesChanged(): void {
    this.previews.clear();
  }

  /** Take the last stroke back; where only saved ones are left, ask first: the same key again reverts the last one. */
  undo(): Promise<void> {
    return this.inTurn(async () => {
      const stroke = this.strokes.undo();
      if (stroke !== undefined) {
        this.say(`Taken back: ${stroke.what}.`);
        await this.changed();
      } else if (this.strokes.all.length > 0) {
        this.say("These strokes are being saved; they can be taken back after that.");
      } else await this.undoSaved();
    });
  }

  private async undoSaved(): Promise<void> {
    const last = this.steps.undoable;
    if (last === undefined) {
      this.say("Nothing to take back.");
      return;
    }
    const question = `This is saved: ${last.what} (${last.period}). Ctrl+Z again reverts it by a further row.`;
    // Whatever was said since has taken the question back.
    if (this.store.state.said !== question) {
      this.say(question);
      return;
    }
    this.say("");
    try {
      await this.steps.undo(this.people.author, (request) => this.revert(request));
      this.say(`Saved edit reverted by a further row: ${last.what}.`);
    } catch (error) {
      if (isPassing(error)) throw error;
      this.steps.forget(last);
      this.say(`It cannot be taken back here, see the list of edits: ${wordsOf(error)}.`);
    }
    this.publish();
  }

  redo(): Promise<void> {
    return this.inTurn(async () => {
      if (this.steps.redoable !== undefined) {
        const step = await this.steps.redo(this.people.author, (request) => this.revert(request));
        this.say(step === undefined ? "" : `Saved edit restored by a further row: ${step.what}.`);
        this.publish();
        return;
      }
      const stroke = this.strokes.redo();
      this.say(stroke === undefined ? "Nothing to do again." : `Done again: ${stroke.what}.`);
      if (stroke !== undefined) await this.changed();
    });
  }

  /** Revert any edit of the list by a further row; it can be undone. */
  revertEdit(edit: EditRow, reason: string, newId: string): Promise<void> {
    return this.inTurn(async () => {
      const author = this.people.author;
      await this.revert({ edit_id: edit.edit_id, edit_ids: [], new_edit_id: newId, author, reason });
      const what = `${edit.operation} of ${edit.glac_id ?? "no glacier"} reverted`;
      this.steps.push({ what, period: this.store.state.period, editIds: [newId] });
      this.say(`${capital(what)} by a further row.`);
      this.publish();
    });
  }

  private async revert(request: Parameters<CorrectionsApi["revert"]>[0]): Promise<Saved> {
    this.own.add(request.new_edit_id);
    const saved = await this.api.revert(request);
    this.previews.clear();
    await this.onSaved(saved);
    return saved;
  }

  /** One undo at a time: keys are faster than the network. */
  private inTurn(work: () => Promise<void>): Promise<void> {
    const next = this.turn.then(work).catch((error: unknown) => {
      this.say(`Not done: ${wordsOf(error)}.`);
    });
    this.turn = next;
    return next;
  }

  private async send(request: SaveRequest, strokes: Stroke[]): Promise<void> {
    if (this.store.state.saving !== undefined && this.store.state.saving !== "idle") {
      this.say("A save is under way; this one can follow it.");
      return;
    }
    const draftIds = request.drafts.map((draft) => draft.edit_id);
    for (const id of draftIds) this.own.add(id);
    this.store.set({ saving: "saving" });
    const outcome = await this.saving.send(request);
    this.store.set({ saving: "idle" });
    const stack = this.stacks.get(request.period) ?? new Strokes();
    if (outcome.kind !== "saved") {
      stack.hold(0);
      if (outcome.kind === "conflict") this.onConflict(outcome.conflict);
      else if (outcome.kind === "refused") this.say(`Not saved: ${outcome.words}.`);
      else this.say("Not saved; the strokes are kept.");
      return;
    }
    for (const edit of outcome.saved.edits) this.own.add(edit.edit_id);
    stack.release(new Set(strokes.map((stroke) => stroke.id)));
    for (const stroke of strokes) this.steps.push(stepOf(stroke, request.period, outcome.saved));
    this.previews.clear();
    this.left.write(request.period, stack.all);
    this.publish();
    this.say(savedWords(outcome.saved, strokes));
    await this.onSaved(outcome.saved);
    await this.changed(request.period);
  }

  /** The strokes of a period changed: they are stored, told, and previewed. */
  private async changed(period = this.store.state.period, isNew = false): Promise<void> {
    const strokes = this.stacks.get(period) ?? this.strokes;
    if (!this.left.write(period, strokes.all)) {
      this.say("The browser has no room for unsaved strokes: save soon, a reload would lose them.");
    }
    this.publish();
    if (period !== this.store.state.period) return;
    this.previewing = this.preview(strokes, period, isNew);
    await this.previewing;
  }

  private publish(): void {
    const undo = this.strokes.undoable?.what ?? this.steps.undoable?.what ?? null;
    const redo = this.steps.redoable?.what ?? this.strokes.redoable?.what ?? null;
    this.store.set({ drafts: this.strokes.drafts, steps: { undo, redo }, unsaved: this.unsavedByPeriod() });
  }

  /** Strokes of all periods, also those that an earlier page left behind. */
  private unsavedByPeriod(): Unsaved[] {
    const all = this.store.state.review.periods.map(({ name }) => ({
      period: name,
      strokes: (this.stacks.get(name)?.all ?? this.left.read(name)).map((stroke) => stroke.what),
    }));
    return all.filter(({ strokes }) => strokes.length > 0);
  }

  /** Ask what the strokes make of the outlines; of a new one the server's note is told. */
  private async preview(strokes: Strokes, period: string, isNew: boolean): Promise<void> {
    clearTimeout(this.timer);
    this.isSettled = false;
    const { key, top, drafts } = strokes;
    if (top === undefined) {
      this.settle(null);
      return;
    }
    const isLatest = (): boolean => this.store.state.period === period && strokes.key === key;
    try {
      const preview = await this.previews.ask(period, key, drafts);
      if (!isLatest()) return;
      if (doesNothing(top, preview)) {
        await this.takeBack(strokes, top, notesOf(top, preview).join("; "));
        return;
      }
      strokes.settle(preview);
      this.left.write(period, strokes.all);
      this.settle(preview);
      const notes = notesOf(top, preview).join("; ");
      if (isNew && notes !== "") this.say(`${capital(top.what)}: ${notes}.`);
    } catch (error) {
      if (!isLatest()) return;
      if (error instanceof Refused && !isPassing(error)) {
        await this.takeBack(strokes, top, wordsOf(error));
        return;
      }
      this.say(`Not previewed yet: ${wordsOf(error)}. The stroke is kept.`);
      this.timer = setTimeout(() => void this.preview(strokes, period, isNew), 1000 * PREVIEW_AGAIN_S);
    }
  }

  private async takeBack(strokes: Strokes, stroke: Stroke, words: string): Promise<void> {
    strokes.discard(stroke.id);
    await this.changed();
    this.say(`Not done, ${stroke.what}: ${words}.`);
    this.onRefused(stroke, words);
  }

  private settle(preview: Preview | null): void {
    this.isSettled = true;
    this.store.set({ preview });
    this.onSettled();
  }

  private say(said: string): void {
    this.store.set({ said });
  }
}

function stepOf(stroke: Stroke, period: string, saved: Saved): SavedStep {
  const rows = rowsOf(
    stroke.drafts.map((draft) => draft.edit_id),
    saved,
  );
  return { what: stroke.what, period, editIds: rows };
}

/** A preview has one note for each draft, in order; the last are those of the stroke on top. */
function notesOf(stroke: Stroke, preview: Preview): string[] {
  return preview.notes.slice(-stroke.drafts.length).filter((note) => note !== "");
}

function doesNothing(stroke: Stroke, preview: Preview): boolean {
  return preview.is_applied.slice(-stroke.drafts.length).every((isApplied) => !isApplied);
}

function savedWords(saved: Saved, strokes: Stroke[]): string {
  const rows = saved.edits.length === 1 ? "1 edit" : `${saved.edits.length} edits`;
  return `Saved: ${strokes.map((stroke) => stroke.what).join("; ")} (${rows}).`;
}

function capital(words: string): string {
  return words.charAt(0).toUpperCase() + words.slice(1);
}
