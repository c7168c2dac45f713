// Choices that the panels offer.
import { describe, expect, it } from "vitest";
import { previousPeriod } from "../../src/panels/corrections";
import { inOrder } from "../../src/panels/history";
import { holdings, yearsOf } from "../../src/panels/save";
import { edit } from "./fakes";

it("an edit holds for one period, for all, from a year on, or until one", () => {
  const period = { name: "2019-2021", first: 2019, last: 2021, glaciers: 1, area_km2: 1 };
  expect(holdings(period, 3).map(({ holds }) => holds)).toEqual([null, "*", "2019-01-01/..", "../2021-12-31"]);
  expect(holdings(period, 1).map(({ holds }) => holds)).toEqual([null]);
});

it("an edit of a map without a date holds for its period, and no year is shown", () => {
  const period = { name: "undated", first: null, last: null, glaciers: 1, area_km2: 1 };
  expect(yearsOf(period)).toBeNull();
  for (const count of [1, 2]) expect(holdings(period, count)).toEqual([{ holds: null, label: "this period (its date is not known)" }]);
});

it("edits that no longer apply come first, then the last written", () => {
  const edits = [edit("a"), edit("b", { state: "not applied" }), edit("c"), edit("d", { state: "wrong" })];
  expect(inOrder(edits).map(({ edit_id }) => edit_id)).toEqual(["b", "d", "c", "a"]);
});

describe("as in the last period", () => {
  const review = { periods: [{ name: "1988" }, { name: "2000" }, { name: "2018" }] };

  it("is the nearest earlier one that has the glacier", () => {
    expect(previousPeriod(["automatic", "1988"], { review, period: "2018" })).toBe("1988");
    expect(previousPeriod(["automatic", "2000", "1988"], { review, period: "2018" })).toBe("2000");
  });

  it("is none in the first", () => {
    expect(previousPeriod(["automatic", "2000"], { review, period: "1988" })).toBeNull();
  });
});
