// The list of glaciers of a period, fetched in parts and kept up to date.
import { describe, expect, it, vi } from "vitest";
import { Refused } from "../../src/api";
import type { Glacier, GlacierList } from "../../src/contract";
import { Listing } from "../../src/edit/listing";
import { edit, outline, row, storeOf } from "./fakes";

function glacier(glac_id: string, area_km2: number): Glacier {
  const nothing = { automatic: null, neighbours: [], previous: null, next: null, edits: [], termini: [] };
  const measure = { glac_id, area_km2, uncertainty_km2: null, perimeter_km: 1, comparisons: [] };
  return { period: "2018", outline: outline(glac_id), measure, state: "accepted", ...nothing };
}

function served(total: number) {
  const rows = Array.from({ length: total }, (_, position) => row(`G${position}`, { doubt: 1 - position / total }));
  const glaciers = vi.fn((period: string, _order: string, limit: number, offset: number): Promise<GlacierList> =>
    Promise.resolve({ period, total, is_complete: true, glaciers: rows.slice(offset, offset + limit) }),
  );
  const one = vi.fn((_period: string, glacId: string) => Promise.resolve(glacier(glacId, 7)));
  return { glaciers, glacier: one, listing: new Listing(storeOf(), { glaciers, glacier: one }) };
}

describe("the list", () => {
  it("has all glaciers, asked for in parts", async () => {
    const { listing, glaciers } = served(2500);
    const sizes: number[] = [];
    listing.onChange(() => sizes.push(listing.index.size));
    await listing.load();
    expect(sizes).toEqual([1000, 2000, 2500]);
    expect(glaciers).toHaveBeenCalledTimes(3);
  });

  it("lets the first view of the map come before all but its first part", async () => {
    const { glaciers, glacier: one } = served(2500);
    let draw = () => {};
    const drawn = new Promise<void>((resolve) => {
      draw = resolve;
    });
    const listing = new Listing(storeOf(), { glaciers, glacier: one }, drawn);
    const loaded = listing.load();
    await vi.waitFor(() => { expect(listing.index.size).toBe(1000); });
    expect(glaciers).toHaveBeenCalledTimes(1);
    draw();
    await loaded;
    expect(listing.index.size).toBe(2500);
  });

  it("asks for no more than its first part until doubts are computed", async () => {
    vi.useFakeTimers();
    const { listing, glaciers } = served(1500);
    const { glaciers: answers } = served(1500);
    glaciers.mockImplementation(async (...asked) => ({ ...(await answers(...asked)), is_complete: false }));
    await listing.load();
    expect(glaciers).toHaveBeenCalledTimes(2);
    await vi.advanceTimersByTimeAsync(4000);
    expect(glaciers).toHaveBeenCalledTimes(3);
    glaciers.mockImplementation(answers);
    await vi.advanceTimersByTimeAsync(4000);
    vi.useRealTimers();
    expect(glaciers).toHaveBeenCalledTimes(5);
    expect(listing.isComplete).toBe(true);
    expect(listing.index.size).toBe(1500);
  });

  it("takes a changed glacier into its row and keeps its doubt", async () => {
    const { listing, glaciers } = served(4);
    await listing.load();
    await listing.refresh(["G1"]);
    expect(listing.index.get("G1")).toMatchObject({ area_km2: 7, state: "accepted", doubt: 0.75 });
    expect(glaciers).toHaveBeenCalledTimes(1);
  });

  it("counts the edits of the outline of a changed glacier anew", async () => {
    const { listing, glacier: one } = served(4);
    await listing.load();
    const edits = [edit("a"), edit("b", { operation: "accept" }), edit("c", { state: "reverted" })];
    one.mockResolvedValueOnce({ ...glacier("G1", 7), edits });
    await listing.refresh(["G1"]);
    expect(listing.index.get("G1")?.edits).toBe(1);
  });

  it("is asked for again when doubts of the period shown were computed, and not for others", async () => {
    const { listing, glaciers } = served(4);
    await listing.load();
    listing.renew(["1988"]);
    expect(glaciers).toHaveBeenCalledTimes(1);
    listing.renew(["1988", "2018"]);
    expect(glaciers).toHaveBeenCalledTimes(2);
  });

  it("drops a glacier that is no longer there", async () => {
    const { listing, glacier: one } = served(4);
    await listing.load();
    one.mockRejectedValueOnce(new Refused(404, { what: "no glacier" }));
    one.mockResolvedValueOnce({ ...glacier("G2", 0), outline: null, automatic: outline("G2"), measure: null });
    await listing.refresh(["G1", "G2"]);
    expect(listing.index.listed("name").map(({ glac_id }) => glac_id)).toEqual(["G0", "G3"]);
  });

  it("is fetched again as a whole where many changed, once for all of them", async () => {
    vi.useFakeTimers();
    const { listing, glaciers, glacier: one } = served(20);
    await listing.load();
    const many = Array.from({ length: 10 }, (_, position) => `G${position}`);
    await listing.refresh(many);
    await listing.refresh(many);
    await vi.runAllTimersAsync();
    vi.useRealTimers();
    expect(glaciers).toHaveBeenCalledTimes(2);
    expect(one).not.toHaveBeenCalled();
  });
});
