// The glacier that is looked at: picked on the map or in the list, or the next one by size of doubt.
import { type Api, Refused } from "../api";
import type { Bounds, Glacier, Outline } from "../contract";
import type { Store } from "../state";
import { boundsOf } from "./geometry";
import type { Listing } from "./listing";
import { measureOf } from "./measures";
import { area, share } from "./numbers";
import { wordsOf } from "./saving";

export class Picking {
  private asked = 0;
  private wanted: string | null = null;

  constructor(
    private readonly store: Store,
    private readonly api: Pick<Api, "glacier">,
    private readonly listing: Listing,
    private readonly fitTo: (bounds: Bounds) => void,
  ) {}

  /** The glacier that was picked last; its detail may still be on the way. */
  get glacId(): string | null {
    return this.wanted;
  }

  /** Show a glacier, or none; the map goes there if asked to. */
  async pick(glacId: string | null, isFitted = false): Promise<void> {
    if (glacId === null) {
      this.leave();
      return;
    }
    this.wanted = glacId;
    const row = this.listing.index.get(glacId);
    if (isFitted && row !== undefined) this.fitTo(row.bounds);
    const glacier = await this.fetch(glacId);
    if (glacier === undefined) return;
    this.store.set({ glacier, said: this.introduction(glacId, glacier) });
    const bounds = isFitted && row === undefined && glacier.outline && boundsOf([glacier.outline.geometry]);
    if (bounds) this.fitTo(bounds);
  }

  /** Fetch the glacier shown again: it, or what lies around it, changed. */
  async refresh(): Promise<void> {
    if (this.wanted === null) return;
    const glacier = await this.fetch(this.wanted);
    if (glacier === undefined) return;
    this.listing.update(glacier);
    this.store.set({ glacier });
  }

  /** Go to the next or previous glacier by size of doubt; accepted ones are passed over. */
  async step(step: 1 | -1): Promise<void> {
    const found = this.listing.index.next(this.wanted, step);
    if (found === null) {
      this.store.set({ said: this.listing.index.size > 0 ? "All glaciers are accepted." : "No glacier in the list." });
      return;
    }
    await this.pick(found.row.glac_id, true);
    if (found.isRoundAgain) this.store.set({ said: `From the other end again. ${this.store.state.said}` });
  }

  private async fetch(glacId: string): Promise<Glacier | undefined> {
    const asked = (this.asked += 1);
    const { period, preview } = this.store.state;
    const outline = preview?.outlines.find((one) => one.glac_id === glacId);
    // The server does not know a glacier that is only drawn: its version before the strokes is empty.
    if (outline !== undefined && preview?.base[glacId] === "") return unsavedGlacier(period, outline);
    try {
      const glacier = await this.api.glacier(period, glacId);
      return asked === this.asked ? glacier : undefined;
    } catch (error) {
      if (asked !== this.asked) return undefined;
      if (error instanceof Refused && error.status === 404) this.leave();
      this.store.set({ said: `${glacId} cannot be shown: ${wordsOf(error)}.` });
      return undefined;
    }
  }

  /** The glacier is no longer there. */
  leave(): void {
    this.wanted = null;
    this.asked += 1;
    this.store.set({ glacier: null });
  }

  private introduction(glacId: string, glacier: Glacier): string {
    const row = this.listing.index.get(glacId);
    const name = glacier.outline?.glac_name ?? row?.glac_name;
    const measure = measureOf(glacier, this.store.state.preview);
    const size = measure === null ? "no outline in this period" : `${area(measure.area_km2, null)} km2`;
    const doubt = row?.doubt == null ? "" : `, doubt ${share(row.doubt)}`;
    return `${name == null ? "" : `${name}, `}${glacId}: ${size}${doubt}, ${glacier.state}.`;
  }
}

/** A glacier that only the unsaved strokes have. */
function unsavedGlacier(period: string, outline: Outline): Glacier {
  const none = { automatic: null, neighbours: [], previous: null, next: null, measure: null, edits: [], termini: [] };
  return { period, outline, state: "open", ...none };
}
