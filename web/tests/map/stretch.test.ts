import { describe, expect, test } from "vitest";
import { adjusted, LEAST_WIDTH, percentile, stretchTo } from "../../src/map/stretch";

describe("contrast", () => {
  test("percentiles are interpolated between the sorted values", () => {
    expect(percentile([30, 10, 20], 0.5)).toBe(20);
    expect(percentile([0, 10], 0.02)).toBeCloseTo(0.2, 12);
    expect(percentile([4], 0.9)).toBe(4);
  });

  test("the stretch to what is in view leaves out two of a hundred at each end", () => {
    const values = Array.from({ length: 101 }, (_, at) => at / 100);
    expect(stretchTo(values)).toEqual([0.02, 0.98]);
  });

  test("too few values tell nothing, and equal ones still have a width", () => {
    expect(stretchTo([0.1, 0.2])).toBeNull();
    expect(stretchTo(Array.from({ length: 30 }, () => Number.NaN))).toBeNull();
    const [low, high] = stretchTo(Array.from({ length: 30 }, () => 0.3)) ?? [0, 0];
    expect(high - low).toBeCloseTo(LEAST_WIDTH, 12);
  });

  test("no change of brightness and contrast is no change, and brighter lowers both limits", () => {
    expect(adjusted([0.1, 0.5], 0, 0)).toEqual([expect.closeTo(0.1, 12), expect.closeTo(0.5, 12)]);
    const [low, high] = adjusted([0.1, 0.5], 0.5, 0);
    expect([low, high]).toEqual([expect.closeTo(0, 12), expect.closeTo(0.4, 12)]);
  });

  test("contrast of one half halves the width about the same middle", () => {
    expect(adjusted([0, 1], 0, 0.5)).toEqual([0.25, 0.75]);
  });
});
