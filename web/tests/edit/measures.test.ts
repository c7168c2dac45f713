// Areas in the plane, and the numbers of the panel.
import { describe, expect, it } from "vitest";
import type { Measure } from "../../src/contract";
import { boundsOf, planarArea, sameVertices } from "../../src/edit/geometry";
import { differences, digitsOf, liveArea } from "../../src/edit/measures";
import { moment, signed } from "../../src/edit/numbers";
import { square } from "./fakes";

describe("the area in the plane", () => {
  it("of a square far from the origin is its side squared", () => {
    expect(planarArea(square(500_000, 4_000_000, 30))).toBe(900);
  });

  it("leaves out holes, whichever way they turn, and adds parts", () => {
    const [outer] = square(0, 0, 10).coordinates as number[][][];
    const [hole] = square(2, 2, 3).coordinates as number[][][];
    expect(planarArea({ type: "Polygon", coordinates: [outer, hole] })).toBe(91);
    expect(planarArea({ type: "Polygon", coordinates: [outer, [...(hole ?? [])].reverse()] })).toBe(91);
    expect(planarArea({ type: "MultiPolygon", coordinates: [[outer, hole], [hole]] })).toBe(100);
    expect(planarArea({ type: "LineString", coordinates: outer })).toBe(0);
  });
});

it("two outlines are the same where all vertices are", () => {
  expect(sameVertices(square(0, 0, 1), square(0, 0, 1))).toBe(true);
  expect(sameVertices(square(0, 0, 1), square(0, 0, 1.0000001))).toBe(false);
});

it("bounds hold all outlines", () => {
  expect(boundsOf([square(0, 5, 10), square(-5, 0, 1)])).toEqual([-5, 0, 10, 15]);
  expect(boundsOf([])).toBeNull();
});

describe("the live area", () => {
  it("is that of the plane by the ratio of the last exact measure", () => {
    const measured = { geometry: square(0, 0, 1000), area_km2: 1.0004 };
    expect(liveArea(square(0, 0, 2000), measured)).toBeCloseTo(4.0016, 12);
  });

  it("is compared with the same outlines as the last measure", () => {
    const measure: Measure = {
      glac_id: "G1",
      area_km2: 1,
      uncertainty_km2: 0.05,
      perimeter_km: 4,
      comparisons: [
        { with: "automatic", area_km2: 2, uncertainty_km2: 0.1, change_km2: -1, change_percent: -50, change_uncertainty_km2: 0.2 },
        { with: "1988", area_km2: 0, uncertainty_km2: null, change_km2: 1, change_percent: null, change_uncertainty_km2: null },
      ],
    };
    const [automatic, other] = differences(measure, 1.5);
    expect(automatic?.change_km2).toBe(-0.5);
    expect(automatic?.change_percent).toBe(-25);
    expect(automatic?.change_uncertainty_km2).toBe(0.2);
    expect(other?.change_percent).toBeNull();
  });
});

describe("numbers", () => {
  it("have as many digits as their uncertainty leaves", () => {
    expect([0.5, 0.05, 0.004, 0.00001, 12, null].map(digitsOf)).toEqual([2, 3, 4, 4, 2, 3]);
  });

  it("have a sign, but not where they round to nothing", () => {
    expect(signed(0.123, 2)).toBe("+0.12");
    expect(signed(-0.123, 2)).toBe("\u22120.12");
    expect(signed(-0.001, 2)).toBe("0.00");
  });

  it("of a time that is none are shown as written", () => {
    expect(moment("yesterday")).toBe("yesterday");
    expect(moment(null)).toBe("");
  });
});
