// Undo after saving: each saved stroke is reverted by further rows, and those in turn. The browser keeps the last ones,
// so that they can be undone after a reload too.
import type { RevertRequest, Review, Saved } from "../contract";
import { newEditId } from "./ids";
import { prefixOf } from "./unsaved";

/** Steps that outlive the page. */
const MOST_KEPT = 200;

/** A saved stroke, named by the rows that a further revert has to name. */
export interface SavedStep {
  what: string;
  period: string;
  editIds: string[];
  /** The row that reverts the last of them, chosen once: asked again after a failure, none is written twice. */
  next?: string;
}

type Revert = (request: RevertRequest) => Promise<Saved>;

export class SavedSteps {
  private done: SavedStep[];
  private undone: SavedStep[] = [];
  private readonly key: string;

  constructor(
    private readonly storage: Pick<Storage, "getItem" | "setItem">,
    review: Pick<Review, "name" | "crs">,
  ) {
    this.key = `${prefixOf(review)}:saved steps`;
    this.done = readSteps(storage.getItem(this.key));
  }

  /** Rows that this browser wrote, before a reload too. */
  get rows(): string[] {
    return this.done.flatMap((step) => step.editIds);
  }

  get undoable(): SavedStep | undefined {
    return this.done.at(-1);
  }

  get redoable(): SavedStep | undefined {
    return this.undone.at(-1);
  }

  push(step: SavedStep): void {
    this.done.push(step);
    this.undone = [];
    this.keep();
  }

  /** A new stroke was drawn: what was taken back is not done again over it. */
  forgetUndone(): void {
    this.undone = [];
  }

  /** A step that cannot be taken back, because somebody else has done so. */
  forget(step: SavedStep): void {
    this.done = this.done.filter((other) => other !== step);
    this.keep();
  }

  /** Revert the last step; the step stays where it is if the server refuses. */
  async undo(author: string, revert: Revert): Promise<SavedStep | undefined> {
    const step = this.done.at(-1);
    if (step === undefined) return undefined;
    const reverted = await revertAll(step, author, `taken back: ${step.what}`, revert);
    this.done.pop();
    this.undone.push(reverted);
    this.keep();
    return step;
  }

  /** Revert the reverts of the step taken back last. */
  async redo(author: string, revert: Revert): Promise<SavedStep | undefined> {
    const step = this.undone.at(-1);
    if (step === undefined) return undefined;
    const restored = await revertAll(step, author, `done again: ${step.what}`, revert);
    this.undone.pop();
    this.done.push(restored);
    this.keep();
    return step;
  }

  /** Without room in the browser's storage, the steps end with the page. */
  private keep(): void {
    try {
      this.storage.setItem(this.key, JSON.stringify(this.done.slice(-MOST_KEPT)));
    } catch (error) {
      if (!(error instanceof DOMException)) throw error;
    }
  }
}

function readSteps(text: string | null): SavedStep[] {
  try {
    const steps: unknown = JSON.parse(text ?? "[]");
    return Array.isArray(steps) ? steps.filter(isStep) : [];
  } catch {
    return [];
  }
}

function isStep(value: unknown): value is SavedStep {
  if (typeof value !== "object" || value === null) return false;
  const { what, period, editIds } = value as Partial<SavedStep>;
  return typeof what === "string" && typeof period === "string" && Array.isArray(editIds);
}

/** The last row first, because it stands on those before it; all at once, so that no outline is left half undone. */
async function revertAll(step: SavedStep, author: string, reason: string, revert: Revert): Promise<SavedStep> {
  const [edit_id, ...edit_ids] = [...step.editIds].reverse();
  if (edit_id === undefined) return step;
  const new_edit_id = (step.next ??= newEditId());
  const saved = await revert({ edit_id, edit_ids, new_edit_id, author, reason });
  return { what: step.what, period: step.period, editIds: saved.edits.map((edit) => edit.edit_id) };
}

/** Rows that a draft was kept as: its own identifier, with a number where it became several. */
export function rowsOf(draftIds: readonly string[], saved: Saved): string[] {
  return saved.edits
    .map((edit) => edit.edit_id)
    .filter((editId) => draftIds.some((draftId) => editId === draftId || editId.startsWith(`${draftId}-`)));
}
