// Shared borders: the same vertices in all outlines along them, and no ground changed.
import { describe, expect, it } from "vitest";
import { movedStroke } from "../../src/edit/drawn";
import { type Position, planarArea, polygonsOf } from "../../src/edit/geometry";
import { noded } from "../../src/edit/nodes";

type Geometry = Record<string, unknown>;

const EAST = 542_600;
const NORTH = 3_935_300;

function polygon(...vertices: Position[]): Geometry {
  const ring = vertices.map(([x, y]) => [EAST + x, NORTH + y]);
  return { type: "Polygon", coordinates: [[...ring, ring[0]]] };
}

function vertices(geometry: Geometry | undefined): string[] {
  const ring = polygonsOf(geometry ?? {})[0]?.[0] ?? [];
  return ring.slice(1).map(([x, y]) => `${x - EAST},${y - NORTH}`).sort();
}

const left = polygon([0, 0], [100, 0], [100, 40], [100, 100], [0, 100]);
const right = polygon([100, 0], [200, 0], [200, 100], [100, 100], [100, 70]);

describe("outlines with a shared border", () => {
  it("get the vertices of each other that lie on it, and keep their areas", () => {
    const found = noded(new Map([["L", left], ["R", right]]));
    expect(vertices(found.get("L"))).toEqual(["0,0", "0,100", "100,0", "100,100", "100,40", "100,70"]);
    expect(vertices(found.get("R"))).toEqual(["100,0", "100,100", "100,40", "100,70", "200,0", "200,100"]);
    for (const [name, before] of [["L", left], ["R", right]] as const) {
      expect(planarArea(found.get(name) ?? {})).toBe(planarArea(before));
    }
  });

  it("on a slope too, where a vertex lies beside the line by its rounding", () => {
    const third = 100 / 3;
    const one = polygon([0, 0], [100, 300], [-50, 300]);
    const other = polygon([0, 0], [100, 0], [100, 300], [third, 100 + 2e-4]);
    const found = noded(new Map([["one", one], ["other", other]]));
    expect(vertices(found.get("one"))).toHaveLength(4);
    expect(Math.abs(planarArea(found.get("one") ?? {}) - planarArea(one))).toBeLessThan(0.05);
  });

  it("move together when a vertex that only one of them had is dragged", () => {
    const before = noded(new Map([["L", left], ["R", right]]));
    const drag = (geometry: Geometry): Geometry => ({
      type: "Polygon",
      coordinates: polygonsOf(geometry)[0]?.map((ring) =>
        ring.map(([x, y]) => (x === EAST + 100 && y === NORTH + 40 ? [x + 30, y] : [x, y])),
      ),
    });
    const after = new Map([...before].map(([name, geometry]) => [name, drag(geometry)]));
    const stroke = movedStroke(before, after);
    expect(stroke?.drafts.map((draft) => draft.glac_id)).toEqual(["L", "R"]);
    const sum = (those: Map<string, Geometry>): number => [...those.values()].reduce((all, one) => all + planarArea(one), 0);
    expect(sum(after)).toBeCloseTo(sum(before), 6);
  });

  it("are joined where their vertices differ by rounding", () => {
    const rounded = polygon([100, 0], [200, 0], [200, 100], [100, 100 - 1e-5]);
    const found = noded(new Map([["L", left], ["R", rounded]]));
    const [l, r] = [vertices(found.get("L")), vertices(found.get("R"))];
    expect(l.filter((vertex) => r.includes(vertex))).toEqual(["100,0", "100,100", "100,40"]);
  });
});

describe("outlines that are apart", () => {
  it("stay as they are", () => {
    const island: Geometry = { type: "MultiPolygon", coordinates: [(polygon([300, 0], [310, 0], [305, 9]).coordinates)] };
    const found = noded(new Map([["L", left], ["island", island]]));
    expect(found.get("L")).toEqual(left);
    expect(found.get("island")).toEqual(island);
  });

  it("of many vertices that cross keep their ground", () => {
    const circle = (x: number, count: number): Geometry =>
      polygon(...Array.from({ length: count }, (_, at): Position => {
        const angle = (2 * Math.PI * at) / count;
        return [x + 5000 * Math.cos(angle), 5000 * Math.sin(angle)];
      }));
    const outlines = new Map([["one", circle(0, 10_000)], ["two", circle(6000, 10_000)]]);
    const found = noded(outlines);
    for (const [name, before] of outlines) expect(planarArea(found.get(name) ?? {})).toBeCloseTo(planarArea(before), 1);
  });
});
