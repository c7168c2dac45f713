import { describe, expect, test } from "vitest";
import { combinationOf, COMBINATIONS, combinationsOf, firstStretch, stretchOf } from "../../src/map/combinations";
import { atPeriod, periodAfter, periodBeside, picturesOf } from "../../src/map/period_pictures";
import { codingsOf, stepsOf, valuesOf, variablesOf } from "../../src/map/picture_style";
import { coded } from "../../src/map/raster_source";
import { stepsAt } from "../../src/map/coding";
import { band, LOOK, picture, review, state } from "./samples";

const NDSI = COMBINATIONS.find((each) => each.name === "NDSI") as (typeof COMBINATIONS)[number];
const RATIO = COMBINATIONS.find((each) => each.name === "red/SWIR") as (typeof COMBINATIONS)[number];

describe("band combinations", () => {
  test("only those that the picture has the bands for are offered, and another one stands in", () => {
    expect(combinationsOf(picture("b")).map((each) => each.name)).toEqual(["SWIR-NIR-red", "NDSI", "red/SWIR"]);
    expect(combinationOf(picture("b"), "natural")?.name).toBe("SWIR-NIR-red");
    expect(combinationOf(picture("b", { combinations: [] }), "natural")).toBeNull();
  });

  test("each channel is stretched at first from the 2nd to the 98th percentile of its band", () => {
    expect(firstStretch(picture("b"), COMBINATIONS[0] as typeof NDSI)).toEqual([[0.05, 0.3], [0.05, 0.6], [0.05, 0.6]]);
  });

  test("a stretch of three bands is not taken for that of an index", () => {
    const look = { ...LOOK, stretch: [[0, 1], [0, 1], [0, 1]] as [number, number][] };
    expect(stretchOf(look, picture("b"), NDSI)).toEqual([[-0.4, 1]]);
  });

  test("an index is made of reflectance, not of the numbers in the files", () => {
    const bands = [band("green", 0), band("swir1", 1)];
    const steps = new Uint16Array(3);
    stepsOf(NDSI, bands)(Float64Array.of(7000, 2000), steps);
    expect(valuesOf(codingsOf(NDSI, bands), [...steps])[0]).toBeCloseTo((0.6 - 0.1) / (0.6 + 0.1), 2);
    stepsOf(RATIO, bands)(Float64Array.of(7000, 1000), steps); // no reflectance in the SWIR
    expect(valuesOf(codingsOf(RATIO, bands), [...steps])[0]).toBe(40);
  });

  test("reflectance of numbers with fractions is kept as that of whole ones", () => {
    const bands = ["red", "green", "blue"].map((name) => band(name, 0));
    const [whole, near] = [new Uint16Array(3), new Uint16Array(3)];
    const put = stepsOf(COMBINATIONS[1] as typeof NDSI, bands);
    put(Float64Array.of(3000, 4000, 5000), whole);
    put(Float64Array.of(3000.01, 4000.01, 5000.01), near);
    expect([...near]).toEqual([...whole]);
  });

  test("a stretch without width is widened, so that nothing is divided by zero", () => {
    expect(variablesOf([[0.2, 0.2]], 1).high0).toBeGreaterThan(0.2);
  });
});

describe("tiles", () => {
  test("a pixel that lacks one band has no data; the others have", () => {
    const reading = {
      bands: [
        { address: "a", index: 1, nodata: 0 },
        { address: "b", index: 1, nodata: null },
      ],
      steps: (numbers: Float64Array, steps: Uint16Array) => {
        steps.set(numbers);
      },
    };
    const bytes = coded([[5, 0, 7], [1, 2, Number.NaN]], reading, 3);
    expect([0, 4, 8].map((at) => stepsAt(bytes, at))).toEqual([[5, 1, 0], null, null]);
  });
});

describe("periods", () => {
  test("the reference scene comes first", () => {
    expect(picturesOf(review(), "2018").map((each) => each.id)).toEqual(["c", "b"]);
  });

  test("another period brings its picture, in the same bands", () => {
    const change = atPeriod(state({ looks: [{ ...LOOK, combination: "NDSI", gamma: 1.4 }, LOOK] }), "1988");
    expect(change.period).toBe("1988");
    expect(change.looks?.[0]).toEqual({ picture: "a", combination: "NDSI", stretch: null, gamma: 1.4 });
    expect(change.looks?.[1]).toEqual(LOOK);
  });

  test("a picture of the period stays, and one stays where the period has none", () => {
    expect(atPeriod(state(), "2018")).toEqual({ period: "2018" });
    expect(atPeriod(state(), "2004")).toEqual({ period: "2004" });
  });

  test("steps end at the first and last period", () => {
    expect(periodAfter(review(), "1988", -1)).toBe("1988");
    expect(periodAfter(review(), "1988", 1)).toBe("2004");
    expect(periodAfter(review(), "2004", 5)).toBe("2018");
  });
});

describe("the second map", () => {
  const beside = (period: string, id: string | null) =>
    periodBeside(state({ period, looks: [LOOK, { ...LOOK, picture: id }] }));

  test("shows the outlines of its own picture's period", () => {
    expect([beside("1988", "b"), beside("2018", "a"), beside("2018", "c")]).toEqual(["2018", "1988", "2018"]);
  });

  test("shows those of the first where it has no picture, or one of no period with outlines", () => {
    const other = review({ pictures: [picture("x", { periods: ["1950"] }), picture("y", { periods: [] })] });
    const shown = ["x", "y", "none"].map((id) =>
      periodBeside(state({ review: other, period: "2004", looks: [LOOK, { ...LOOK, picture: id }] })),
    );
    expect([...shown, beside("2004", null)]).toEqual(["2004", "2004", "2004", "2004"]);
  });
});
