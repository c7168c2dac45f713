// Undo after saving: each saved stroke is reverted by further rows, and those in turn.
import type { RevertRequest, Saved } from "../contract";
import { newEditId } from "./ids";

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
  private done: SavedStep[] = [];
  private undone: SavedStep[] = [];

  get undoable(): SavedStep | undefined {
    return this.done.at(-1);
  }

  get redoable(): SavedStep | undefined {
    return this.undone.at(-1);
  }

  push(step: SavedStep): void {
    this.done.push(step);
    this.undone = [];
  }

  /** A new stroke was drawn: what was taken back is not done again over it. */
  forgetUndone(): void {
    this.undone = [];
  }

  /** Revert the last step; the step stays where it is if the server refuses. */
  async undo(author: string, revert: Revert): Promise<SavedStep | undefined> {
    const step = this.done.at(-1);
    if (step === undefined) return undefined;
    const reverted = await revertAll(step, author, `taken back: ${step.what}`, revert);
    this.done.pop();
    this.undone.push(reverted);
    return step;
  }

  /** Revert the reverts of the step taken back last. */
  async redo(author: string, revert: Revert): Promise<SavedStep | undefined> {
    const step = this.undone.at(-1);
    if (step === undefined) return undefined;
    const restored = await revertAll(step, author, `done again: ${step.what}`, revert);
    this.undone.pop();
    this.done.push(restored);
    return step;
  }
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
