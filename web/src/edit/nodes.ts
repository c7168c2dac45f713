// Borders that outlines share get the same vertices in all of them, so that a vertex that is moved moves in each.
// The ground stays as it is: a vertex is only set where another outline has one on the same line.
import type { Position, Ring } from "./geometry";

type Geometry = Record<string, unknown>;
interface Edge {
  from: Position;
  to: Position;
  /** Number of the outline. */
  owner: number;
}

/** Distance at which a vertex lies on the line of another outline [m]. */
export const ON_LINE_M = 1e-3;
/** The same as a share of the coordinates: their last digits are rounded. */
const ON_LINE_SHARE = 1e-10;
/** Vertices for each column and row of the grid in which edges are looked up. */
const PER_CELL = 4;

/** Outlines by glacier, each with the vertices that others have on its border. */
export function noded(outlines: ReadonlyMap<string, Geometry>): Map<string, Geometry> {
  const edges = [...outlines].flatMap(([, geometry], owner) => edgesOf(owner, geometry));
  const reach = reachOf(edges);
  const grid = new EdgeGrid(edges, reach);
  const onEdge = new Map<Edge, Position[]>();
  for (const { from, owner } of edges) {
    for (const edge of grid.around(from)) {
      if (edge.owner === owner || !isWithin(from, edge, reach)) continue;
      onEdge.set(edge, [...(onEdge.get(edge) ?? []), joined(from, grid.around(from), owner, reach)]);
    }
  }
  let next = 0;
  const ring = (old: Ring): Ring => {
    const vertices: Ring = [];
    for (const edge of edges.slice(next, next + old.length - 1)) {
      const from = joined(edge.from, grid.around(edge.from), edge.owner, reach);
      vertices.push(from, ...along(edge, onEdge.get(edge) ?? [], reach));
    }
    next += Math.max(0, old.length - 1);
    const [first] = vertices;
    const closed = first === undefined ? vertices : [...vertices, first];
    return closed.filter((vertex, at) => at === 0 || !isSame(vertex, closed[at - 1]));
  };
  return new Map([...outlines].map(([name, geometry]) => [name, mapRings(geometry, ring)]));
}

function edgesOf(owner: number, geometry: Geometry): Edge[] {
  const edges: Edge[] = [];
  mapRings(geometry, (ring) => {
    for (let at = 1; at < ring.length; at += 1) {
      const [from, to] = [ring[at - 1], ring[at]];
      if (from !== undefined && to !== undefined) edges.push({ from, to, owner });
    }
    return ring;
  });
  return edges;
}

/** A polygon or multipolygon with other rings; what is neither stays. */
function mapRings(geometry: Geometry, change: (ring: Ring) => Ring): Geometry {
  if (geometry.type === "Polygon") return { ...geometry, coordinates: (geometry.coordinates as Ring[]).map(change) };
  if (geometry.type !== "MultiPolygon") return geometry;
  return { ...geometry, coordinates: (geometry.coordinates as Ring[][]).map((rings) => rings.map(change)) };
}

function reachOf(edges: readonly Edge[]): number {
  return edges.reduce((most, { from }) => Math.max(most, Math.abs(from[0]), Math.abs(from[1])), 0) * ON_LINE_SHARE + ON_LINE_M;
}

/** A vertex as an outline before its own has it: vertices that are the same but for rounding become one. */
function joined(vertex: Position, around: readonly Edge[], owner: number, reach: number): Position {
  return around.find((edge) => edge.owner < owner && distance(edge.from, vertex) <= reach)?.from ?? vertex;
}

/** Places on an edge in their order from its beginning, each once. */
function along({ from, to }: Edge, places: readonly Position[], reach: number): Position[] {
  const sorted = [...places].sort((one, other) => distance(from, one) - distance(from, other));
  const kept: Position[] = [];
  for (const place of sorted) {
    if (distance(kept.at(-1) ?? from, place) > reach && distance(place, to) > reach) kept.push(place);
  }
  return kept;
}

/** Whether a place lies on an edge, and is not one of its ends. */
function isWithin(place: Position, { from, to }: Edge, reach: number): boolean {
  const [dx, dy] = [to[0] - from[0], to[1] - from[1]];
  const [px, py] = [place[0] - from[0], place[1] - from[1]];
  const length = Math.hypot(dx, dy);
  if (length <= 2 * reach) return false;
  const on = (px * dx + py * dy) / length;
  return on > reach && on < length - reach && Math.abs(px * dy - py * dx) <= reach * length;
}

function distance(one: Position, other: Position): number {
  return Math.hypot(one[0] - other[0], one[1] - other[1]);
}

function isSame(one: Position, other: Position | undefined): boolean {
  return other !== undefined && one[0] === other[0] && one[1] === other[1];
}

/** Edges by the cells of a grid that their boxes reach into. */
class EdgeGrid {
  private readonly cells = new Map<number, Edge[]>();
  private readonly west: number;
  private readonly south: number;
  private readonly side: number;
  private readonly columns: number;

  constructor(edges: readonly Edge[], reach: number) {
    let [west, south, east, north] = [Infinity, Infinity, -Infinity, -Infinity];
    for (const { from: [x, y] } of edges) {
      [west, east] = [Math.min(west, x), Math.max(east, x)];
      [south, north] = [Math.min(south, y), Math.max(north, y)];
    }
    const count = Math.max(1, Math.sqrt(edges.length / PER_CELL));
    [this.west, this.south] = [west, south];
    this.side = Math.max(reach, east - west, north - south) / count;
    this.columns = Math.ceil(count) + 3;
    for (const edge of edges) this.add(edge, reach);
  }

  around([x, y]: Position): readonly Edge[] {
    return this.cells.get(this.cell(this.along(x, this.west), this.along(y, this.south))) ?? [];
  }

  private add(edge: Edge, reach: number): void {
    const { from, to } = edge;
    const first = this.along(Math.min(from[0], to[0]) - reach, this.west);
    const last = this.along(Math.max(from[0], to[0]) + reach, this.west);
    const low = this.along(Math.min(from[1], to[1]) - reach, this.south);
    const high = this.along(Math.max(from[1], to[1]) + reach, this.south);
    for (let column = first; column <= last; column += 1) {
      for (let row = low; row <= high; row += 1) {
        const cell = this.cell(column, row);
        const there = this.cells.get(cell);
        if (there === undefined) this.cells.set(cell, [edge]);
        else there.push(edge);
      }
    }
  }

  private along(value: number, from: number): number {
    return Math.floor((value - from) / this.side);
  }

  private cell(column: number, row: number): number {
    return (row + 1) * this.columns + column + 1;
  }
}
