// The list of glaciers: order, filter, search, and the walk by size of doubt.
import { beforeEach, describe, expect, it } from "vitest";
import { GlacierIndex } from "../../src/edit/glacier_index";
import { row } from "./fakes";

describe("glaciers", () => {
  let index: GlacierIndex;

  beforeEach(() => {
    index = new GlacierIndex();
    index.replace([
      row("G1", { doubt: 0.2, area_km2: 3, glac_name: "Upper Tongue" }),
      row("G2", { doubt: 0.9, area_km2: 1, state: "accepted" }),
      row("G10", { doubt: 0.5, area_km2: 2, state: "flagged" }),
      row("G3", { area_km2: 9 }),
    ]);
  });

  const ids = (rows: { glac_id: string }[]): string[] => rows.map(({ glac_id }) => glac_id);

  it("come by doubt, unknown ones last; by area; by name, numbers as numbers", () => {
    expect(ids(index.listed("doubt"))).toEqual(["G2", "G10", "G1", "G3"]);
    expect(ids(index.listed("area"))).toEqual(["G3", "G1", "G10", "G2"]);
    expect(ids(index.listed("name"))).toEqual(["G2", "G3", "G10", "G1"]);
  });

  it("are filtered by state and found by a part of their id or name", () => {
    expect(ids(index.listed("doubt", "flagged"))).toEqual(["G10"]);
    expect(ids(index.listed("doubt", "all", "TONGUE"))).toEqual(["G1"]);
    expect(ids(index.listed("name", "all", "g1"))).toEqual(["G10", "G1"]);
  });

  it("are walked through by doubt, accepted ones passed over, round and round", () => {
    expect(index.next(null, 1)?.row.glac_id).toBe("G10");
    expect(index.next("G10", 1)?.row.glac_id).toBe("G1");
    expect(index.next("G10", -1)).toEqual({ row: index.get("G3"), isRoundAgain: true });
    const again = index.next("G3", 1);
    expect([again?.row.glac_id, again?.isRoundAgain]).toEqual(["G10", true]);
    expect(index.next("G2", 1)?.row.glac_id).toBe("G10");
  });

  it("that are all accepted have no next one", () => {
    index.replace([row("G1", { state: "accepted" })]);
    expect(index.next(null, 1)).toBeNull();
    expect(index.next("G1", -1)).toBeNull();
  });
});
