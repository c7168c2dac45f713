// Which glacier a record is about.
import type { Glacier } from "../contract";

/** Identifier of the glacier shown; in a period without an outline of it, as it is called in others. */
export function idOf(glacier: Glacier | null): string | null {
  if (glacier === null) return null;
  return (glacier.outline ?? glacier.automatic ?? glacier.previous ?? glacier.next)?.glac_id ?? null;
}
