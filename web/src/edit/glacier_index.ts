// All glaciers of a period on the page: ordered, filtered, found, and walked through by doubt.
import type { GlacierRow } from "../contract";

export type Order = "doubt" | "area" | "name";
export type StateFilter = "all" | "open" | "accepted" | "flagged";

export class GlacierIndex {
  private rows = new Map<string, GlacierRow>();

  get size(): number {
    return this.rows.size;
  }

  get(glacId: string): GlacierRow | undefined {
    return this.rows.get(glacId);
  }

  count(state: GlacierRow["state"]): number {
    return [...this.rows.values()].filter((row) => row.state === state).length;
  }

  replace(rows: readonly GlacierRow[]): void {
    this.rows = new Map(rows.map((row) => [row.glac_id, row]));
  }

  add(rows: readonly GlacierRow[]): void {
    for (const row of rows) this.rows.set(row.glac_id, row);
  }

  patch(glacId: string, change: Partial<GlacierRow>): void {
    const row = this.rows.get(glacId);
    if (row !== undefined) this.rows.set(glacId, { ...row, ...change });
  }

  remove(glacId: string): void {
    this.rows.delete(glacId);
  }

  /** Rows in some order: the greatest doubt or area first, those without a doubt last, names from A to Z. */
  listed(order: Order, filter: StateFilter = "all", text = ""): GlacierRow[] {
    const wanted = text.trim().toLowerCase();
    const rows = [...this.rows.values()].filter(
      (row) => (filter === "all" || row.state === filter) && (wanted === "" || matches(row, wanted)),
    );
    return rows.sort((one, other) => compare(order, one, other) || alphabet(one.glac_id, other.glac_id));
  }

  /**
   * The next or previous glacier by size of doubt that nobody has accepted; past the last comes the first.
   *
   * @returns null where all are accepted.
   */
  next(from: string | null, step: 1 | -1): { row: GlacierRow; isRoundAgain: boolean } | null {
    const rows = this.listed("doubt");
    const at = rows.findIndex((row) => row.glac_id === from);
    const start = at >= 0 ? at : step > 0 ? -1 : 0;
    for (let count = 1; count <= rows.length; count += 1) {
      const position = start + step * count;
      const row = rows[((position % rows.length) + rows.length) % rows.length];
      if (row === undefined || row.state === "accepted" || row.glac_id === from) continue;
      return { row, isRoundAgain: at >= 0 && (position < 0 || position >= rows.length) };
    }
    return null;
  }
}

const alphabet = new Intl.Collator("en", { numeric: true }).compare;

function compare(order: Order, one: GlacierRow, other: GlacierRow): number {
  if (order === "area") return other.area_km2 - one.area_km2;
  if (order === "doubt") return (other.doubt ?? -1) - (one.doubt ?? -1);
  return alphabet(one.glac_name ?? one.glac_id, other.glac_name ?? other.glac_id);
}

function matches(row: GlacierRow, wanted: string): boolean {
  return row.glac_id.toLowerCase().includes(wanted) || (row.glac_name ?? "").toLowerCase().includes(wanted);
}
