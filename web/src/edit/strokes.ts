// Unsaved strokes in the order in which they were drawn, and those taken back.
import type { Draft, Preview } from "../contract";

/** What one movement of the hand changed: one draft, or one for each outline along a border that moved. */
export interface Stroke {
  id: string;
  /** In words, as "vertex of G1 moved". */
  what: string;
  /** When it was drawn, ISO 8601. */
  time: string;
  drafts: Draft[];
  /** Versions of the outlines when it was first previewed: a save names these, so that nothing is overwritten. */
  base: Record<string, string> | null;
}

export class Strokes {
  private done: Stroke[] = [];
  private undone: Stroke[] = [];
  private held = 0;

  get all(): readonly Stroke[] {
    return this.done;
  }

  get top(): Stroke | undefined {
    return this.done.at(-1);
  }

  /** That would be taken back next. */
  get undoable(): Stroke | undefined {
    return this.done.length > this.held ? this.top : undefined;
  }

  /** That would be drawn again next. */
  get redoable(): Stroke | undefined {
    return this.undone.at(-1);
  }

  /** Drafts in their order; those of one stroke share a number, so that a border moves for both of its glaciers. */
  get drafts(): Draft[] {
    return this.done.flatMap((stroke, position) => stroke.drafts.map((draft) => ({ ...draft, stroke: position })));
  }

  /** Names the strokes that are drawn: two equal keys have equal previews. */
  get key(): string {
    return this.done.map((stroke) => stroke.id).join(" ");
  }

  push(stroke: Stroke): void {
    this.done.push(stroke);
    this.undone = [];
  }

  undo(): Stroke | undefined {
    if (this.undoable === undefined) return undefined;
    const stroke = this.done.pop();
    if (stroke !== undefined) this.undone.push(stroke);
    return stroke;
  }

  redo(): Stroke | undefined {
    const stroke = this.undone.pop();
    if (stroke !== undefined) this.done.push(stroke);
    return stroke;
  }

  /** Forget a stroke that was refused; it cannot be drawn again. */
  discard(id: string): void {
    this.done = this.done.filter((stroke) => stroke.id !== id);
  }

  /** Keep the first strokes from being taken back, while they are being saved. */
  hold(count: number): void {
    this.held = count;
  }

  /** Take out strokes that were saved, and let go of the others. */
  release(ids: ReadonlySet<string>): Stroke[] {
    const out = this.done.filter((stroke) => ids.has(stroke.id));
    this.done = this.done.filter((stroke) => !ids.has(stroke.id));
    this.held = 0;
    return out;
  }

  clear(): void {
    this.done = [];
    this.undone = [];
    this.held = 0;
  }

  /** Remember on which outlines the strokes were drawn; those that know already are left alone. */
  settle(preview: Preview): void {
    for (const stroke of this.done) stroke.base ??= preview.base;
  }

  /** Put all strokes on outlines as they are now. */
  rebase(): void {
    for (const stroke of [...this.done, ...this.undone]) stroke.base = null;
  }

  /** Versions that a save names: of each outline, that on which the first stroke of it was drawn. */
  base(preview: Preview): Record<string, string> {
    const versions: Record<string, string> = {};
    for (const [glacId, version] of Object.entries(preview.base)) {
      const first = this.done.find((stroke) => stroke.base !== null && glacId in stroke.base);
      versions[glacId] = first?.base?.[glacId] ?? version;
    }
    return versions;
  }
}
