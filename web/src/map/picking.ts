// Which outline lies under a point: by the parity of crossings, so that holes and several parts need no nesting.

/**
 * Whether a point lies within rings.
 * @param coordinates x and y of all vertices, one ring after the other
 * @param ends where each ring ends in `coordinates`
 */
export function isWithin(coordinates: readonly number[], ends: readonly number[], x: number, y: number): boolean {
  let inside = false;
  let start = 0;
  for (const end of ends) {
    for (let at = start, before = end - 2; at < end; before = at, at += 2) {
      const x1 = coordinates[at] ?? 0;
      const y1 = coordinates[at + 1] ?? 0;
      const x2 = coordinates[before] ?? 0;
      const y2 = coordinates[before + 1] ?? 0;
      if (y1 > y !== y2 > y && x < ((x2 - x1) * (y - y1)) / (y2 - y1) + x1) inside = !inside;
    }
    start = end;
  }
  return inside;
}
