// Changes made elsewhere: asked for without end, and taken into the page.
import type { Api } from "../api";
import type { Changes, EditRow, Review } from "../contract";
import type { Store } from "../state";

const WAIT_S = 20;
const FIRST_PAUSE_S = 1;
const LONGEST_PAUSE_S = 30;

export interface Watcher {
  /** Identifiers of rows that this page wrote. */
  own: ReadonlySet<string>;
  /** Outlines or states changed, by this page or by others. */
  onGlaciers: (glacIds: string[], others: EditRow[]) => void;
  /** The doubts of periods were computed. */
  onDoubts: (periods: string[]) => void;
  /** Outlines were mapped anew, or the server does not know what happened since: the review is asked for again. */
  onReload: () => void;
}

export class Watching {
  private isOver = false;
  private isLost = false;

  constructor(
    private readonly store: Store,
    private readonly api: Pick<Api, "changes">,
    private readonly watcher: Watcher,
  ) {}

  /** Ask until the page ends; a server that does not answer is asked again, ever more slowly. */
  async run(): Promise<void> {
    let pause = FIRST_PAUSE_S;
    while (!this.over()) {
      try {
        const changes = await this.api.changes(this.store.state.review.sequence, this.isLost ? 0 : WAIT_S);
        pause = FIRST_PAUSE_S;
        if (this.isLost) this.store.set({ said: "The server answers again." });
        this.isLost = false;
        this.take(changes);
      } catch {
        if (!this.isLost) this.store.set({ said: "The server does not answer; unsaved strokes are kept in the browser." });
        this.isLost = true;
        await new Promise((resolve) => setTimeout(resolve, 1000 * pause));
        pause = Math.min(2 * pause, LONGEST_PAUSE_S);
      }
    }
  }

  end(): void {
    this.isOver = true;
  }

  /** Take changes into the state of the page and tell what they concern. */
  take(changes: Changes): void {
    const { review } = this.store.state;
    if (changes.sequence !== review.sequence) this.store.set({ review: withChanges(review, changes) });
    if (changes.is_reloaded || changes.is_forgotten) this.watcher.onReload();
    const others = changes.edits.filter((edit) => !this.watcher.own.has(ownId(edit)) && !this.watcher.own.has(edit.edit_id));
    const made = others.filter((edit) => edit.state !== "reverted"); // that one was reverted is told by the row that did it
    if (made.length > 0) this.store.set({ said: saidOf(made) });
    if (changes.glaciers.length > 0 || others.length > 0) this.watcher.onGlaciers(changes.glaciers, others);
    if (changes.doubts.length > 0) this.watcher.onDoubts(changes.doubts);
  }

  private over(): boolean {
    return this.isOver;
  }
}

/** The identifier that the page chose, of a row that is one of several of a draft. */
function ownId(edit: EditRow): string {
  return edit.edit_id.split("-")[0] ?? "";
}

/** The review with the versions and states that changed. */
export function withChanges(review: Review, changes: Changes): Review {
  const layers = new Map(changes.layers.map((layer) => [layer.id, layer]));
  const pictures = new Map(changes.pictures.map((picture) => [picture.id, picture]));
  const made = new Set(changes.overlays.map((overlay) => overlay.id));
  return {
    ...review,
    sequence: changes.sequence,
    layers: review.layers.map((layer) => layers.get(layer.id) ?? layer),
    pictures: review.pictures.map((picture) => pictures.get(picture.id) ?? picture),
    overlays: [...review.overlays.filter((overlay) => !made.has(overlay.id)), ...changes.overlays],
  };
}

/** Who did what, in one line. */
export function saidOf(edits: readonly EditRow[]): string {
  const [first] = edits;
  if (first === undefined) return "";
  const what = `${first.author ?? "Somebody"}: ${first.operation} of ${first.glac_id ?? "outlines"}`;
  const why = first.reason === null ? "" : ` (${first.reason})`;
  const more = edits.length > 1 ? `, and ${edits.length - 1} more` : "";
  return `${what}${why}${more}.`;
}
