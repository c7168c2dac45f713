import { describe, expect, test } from "vitest";
import type { Overlay } from "../../src/contract";
import { putSteps, stepOf, stepTable, stepsAt, valueOf, WHOLE, type Coding } from "../../src/map/coding";
import { overlayCoding } from "../../src/map/overlay_style";

const REFLECTANCE: Coding = { least: 0, most: 1.6, isSquared: true };

describe("values in the bytes of a pixel", () => {
  test("whole numbers up to 1023 come back as they were", () => {
    for (const number of [0, 1, 255, 256, 1022, 1023]) expect(valueOf(WHOLE, stepOf(WHOLE, number))).toBeCloseTo(number, 9);
  });

  test("reflectance comes back within 0.001 in shadow and 0.004 on snow", () => {
    for (let value = 0; value < 1.6; value += 0.00123) {
      const error = Math.abs(valueOf(REFLECTANCE, stepOf(REFLECTANCE, value)) - value);
      expect(error).toBeLessThan(value < 0.1 ? 0.0005 : 0.002);
    }
  });

  test("values beyond the range are kept as its ends", () => {
    expect(valueOf(REFLECTANCE, stepOf(REFLECTANCE, -0.3))).toBe(0);
    expect(valueOf(REFLECTANCE, stepOf(REFLECTANCE, 7))).toBeCloseTo(1.6, 12);
  });

  test("three channels share four bytes without touching each other", () => {
    const bytes = new Uint8Array(8);
    for (const steps of [[0, 0, 0], [1023, 0, 1023], [1, 2, 3], [1020, 513, 258]]) {
      putSteps(bytes, 4, new Uint16Array(steps));
      expect(stepsAt(bytes, 4)).toEqual(steps);
    }
  });

  test("a pixel of zeros has no data, and one whose steps are all zero has", () => {
    const bytes = new Uint8Array(4);
    expect(stepsAt(bytes, 0)).toBeNull();
    putSteps(bytes, 0, new Uint16Array(3));
    expect(stepsAt(bytes, 0)).toEqual([0, 0, 0]);
  });

  test("a table holds the step of each number", () => {
    const table = stepTable(REFLECTANCE, 2e-5, -0.1);
    for (const number of [0, 5000, 9999, 65535]) expect(table[number]).toBe(stepOf(REFLECTANCE, number * 2e-5 - 0.1));
  });
});

describe("overlays", () => {
  const overlay = (kind: Overlay["kind"], scale: number): Overlay => {
    return { id: kind, kind, period: null, source: "/api/rasters/o", scale, nodata: 0, threshold: null };
  };

  test("brightness and probability are kept in steps of a thousandth, classes as they are", () => {
    for (const [kind, scale, number] of [["hillshade", 1 / 255, 181], ["probability", 1e-4, 4321]] as const) {
      const coding = overlayCoding(overlay(kind, scale));
      expect(valueOf(coding, stepOf(coding, number * scale))).toBeCloseTo(number * scale, 3);
    }
    for (const number of [0, 1, 2, 5]) {
      const coding = overlayCoding(overlay("classes", 1));
      expect(valueOf(coding, stepOf(coding, number))).toBeCloseTo(number, 9);
    }
  });
});
