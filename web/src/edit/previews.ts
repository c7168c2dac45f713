// Previews of strokes, kept for each position of undo and redo.
import type { Api } from "../api";
import type { Draft, Preview } from "../contract";

export class Previews {
  private readonly kept = new Map<string, Preview>();
  private age = 0;

  constructor(private readonly api: Pick<Api, "preview">) {}

  /** The preview of some strokes, if it was made on the outlines as they are now. */
  get(period: string, key: string): Preview | undefined {
    return this.kept.get(`${period}\n${key}`);
  }

  /** Ask for a preview; errors of the server and of the network are passed on. */
  async ask(period: string, key: string, drafts: Draft[]): Promise<Preview> {
    const kept = this.get(period, key);
    if (kept !== undefined) return kept;
    const age = this.age;
    const preview = await this.api.preview(period, drafts);
    if (age === this.age) this.kept.set(`${period}\n${key}`, preview);
    return preview;
  }

  /** The outlines changed: what was made of the old ones is forgotten. */
  clear(): void {
    this.kept.clear();
    this.age += 1;
  }
}
