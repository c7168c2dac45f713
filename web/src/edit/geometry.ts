// Areas and equality of outlines in the plane of the map, for numbers shown while a vertex is under the pointer.
// Whatever is kept is computed by the server.

export type Position = [number, number];
export type Ring = Position[];

/** Polygons of an outline, each an outer ring and its holes; none where it is no polygon. */
export function polygonsOf(geometry: Record<string, unknown>): Ring[][] {
  if (geometry.type === "Polygon") return [geometry.coordinates as Ring[]];
  if (geometry.type === "MultiPolygon") return geometry.coordinates as Ring[][];
  return [];
}

/** Signed area of a ring [square units of its coordinates]. */
export function ringArea(ring: Ring): number {
  const first = ring[0];
  if (first === undefined) return 0;
  let twice = 0;
  let previous = ring[ring.length - 1] ?? first;
  // Counted from the first vertex: coordinates of millions of metres would cost digits.
  for (const vertex of ring) {
    twice += (previous[0] - first[0]) * (vertex[1] - first[1]) - (vertex[0] - first[0]) * (previous[1] - first[1]);
    previous = vertex;
  }
  return twice / 2;
}

/** Area in the plane [m2], without holes. */
export function planarArea(geometry: Record<string, unknown>): number {
  let sum = 0;
  for (const [outer, ...holes] of polygonsOf(geometry)) {
    sum += Math.abs(ringArea(outer ?? []));
    for (const hole of holes) sum -= Math.abs(ringArea(hole));
  }
  return sum;
}

/** Whether two outlines have the same vertices in the same order. */
export function sameVertices(one: Record<string, unknown>, other: Record<string, unknown>): boolean {
  return one.type === other.type && sameNumbers(one.coordinates, other.coordinates);
}

function sameNumbers(one: unknown, other: unknown): boolean {
  if (!Array.isArray(one) || !Array.isArray(other)) return one === other;
  return one.length === other.length && one.every((value, position) => sameNumbers(value, other[position]));
}

/** West, south, east and north of some outlines; null where there are none. */
export function boundsOf(geometries: Record<string, unknown>[]): [number, number, number, number] | null {
  const bounds: [number, number, number, number] = [Infinity, Infinity, -Infinity, -Infinity];
  const visit = (part: unknown): void => {
    if (!Array.isArray(part)) return;
    const [x, y] = part as unknown[];
    if (typeof x === "number" && typeof y === "number") {
      bounds[0] = Math.min(bounds[0], x);
      bounds[1] = Math.min(bounds[1], y);
      bounds[2] = Math.max(bounds[2], x);
      bounds[3] = Math.max(bounds[3], y);
    } else {
      part.forEach(visit);
    }
  };
  for (const geometry of geometries) visit(geometry.coordinates);
  return bounds[0] <= bounds[2] ? bounds : null;
}
