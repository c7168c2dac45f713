// The list of glaciers of the period shown, fetched part by part, and kept up to date.
import { type Api, Refused } from "../api";
import type { EditRow, Glacier, GlacierRow } from "../contract";
import type { Store } from "../state";
import { boundsOf } from "./geometry";
import { GlacierIndex } from "./glacier_index";
import { idOf } from "./identity";
import { wordsOf } from "./saving";

const PART = 1000;
const AGAIN_S = 4;
/** Changed glaciers that are asked for one by one. */
const MOST_ROWS = 5;

export class Listing {
  readonly index = new GlacierIndex();
  /** Whether the doubts of all are computed. */
  isComplete = false;
  /** In words, where the list could not be fetched. */
  failure: string | null = null;
  private readonly listeners = new Set<() => void>();
  private timer: ReturnType<typeof setTimeout> | undefined;
  private asked = 0;

  /** @param isDrawn kept once the map is drawn: all but the first part of the list waits for it */
  constructor(
    private readonly store: Store,
    private readonly api: Pick<Api, "glaciers" | "glacier">,
    private readonly isDrawn: Promise<void> = Promise.resolve(),
  ) {}

  onChange(listener: () => void): void {
    this.listeners.add(listener);
  }

  /**
   * Fetch the list of the period shown; it grows part by part.
   * @param isForDoubts whether nothing but doubts is awaited: until they are computed, the first part tells enough
   */
  async load(isForDoubts = false): Promise<void> {
    clearTimeout(this.timer);
    const asked = (this.asked += 1);
    const { period } = this.store.state;
    const rows: GlacierRow[] = [];
    try {
      for (let offset = 0; ; offset += PART) {
        const part = await this.api.glaciers(period, "doubt", PART, offset);
        if (asked !== this.asked) return;
        rows.push(...part.glaciers);
        this.isComplete = part.is_complete;
        if (isForDoubts && !part.is_complete) break;
        const isAll = part.glaciers.length < PART || rows.length >= part.total;
        // The first part is shown at once; a list that is there already is exchanged as a whole.
        if (isAll || rows.length > this.index.size) this.index.replace(rows);
        this.tell(null);
        if (isAll) break;
        await this.isDrawn;
      }
      if (!this.isComplete) this.loadLater(true);
    } catch (error) {
      if (asked !== this.asked) return;
      this.tell(wordsOf(error));
      this.loadLater();
    }
  }

  /** Another period is shown. */
  reset(): void {
    this.index.replace([]);
    this.isComplete = false;
    void this.load();
  }

  loadLater(isForDoubts = false): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.load(isForDoubts), 1000 * AGAIN_S);
  }

  /** Take in the doubts of a period that were computed anew. */
  renew(periods: readonly string[]): void {
    if (periods.includes(this.store.state.period)) void this.load();
  }

  /** Bring the rows of changed glaciers up to date; the whole list where they are many. */
  async refresh(glacIds: readonly string[]): Promise<void> {
    if (glacIds.length > MOST_ROWS) {
      this.loadLater();
      return;
    }
    const { period } = this.store.state;
    for (const glacId of glacIds) {
      try {
        this.update(await this.api.glacier(period, glacId));
      } catch (error) {
        if (error instanceof Refused && error.status === 404) this.remove([glacId]);
        else this.loadLater();
      }
    }
  }

  /** Take a glacier that was fetched at full detail into its row. */
  update(glacier: Glacier): void {
    if (glacier.period !== this.store.state.period) return;
    const { outline, measure, state } = glacier;
    if (outline === null || measure === null) {
      const gone = idOf(glacier);
      if (gone !== null) this.remove([gone]);
      return;
    }
    const { glac_id, glac_name } = outline;
    const bounds = boundsOf([outline.geometry]) ?? [0, 0, 0, 0];
    const edits = glacier.edits.filter(isOfOutline).length;
    const known = { margin: null, disagreement: null, jump: null, doubt: null, ...this.index.get(glac_id) };
    this.index.add([{ ...known, glac_id, glac_name, area_km2: measure.area_km2, state, edits, bounds }]);
    this.tell(null);
  }

  remove(glacIds: readonly string[]): void {
    for (const glacId of glacIds) this.index.remove(glacId);
    if (glacIds.length > 0) this.tell(null);
  }

  private tell(failure: string | null): void {
    this.failure = failure;
    for (const listener of this.listeners) listener();
  }
}

/** Operations that are kept with a glacier and leave its outline as it is. */
const BESIDE_OUTLINES: ReadonlySet<string> = new Set(["accept", "flag", "terminus", "revert"]);

/** Whether an edit counts among those of an outline. */
function isOfOutline({ operation, state }: EditRow): boolean {
  return state === "applied" && !BESIDE_OUTLINES.has(operation);
}
