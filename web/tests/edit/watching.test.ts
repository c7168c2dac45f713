// Changes made elsewhere, as the page takes them in.
import { describe, expect, it, vi } from "vitest";
import type { Changes, Layer } from "../../src/contract";
import { Watching } from "../../src/edit/watching";
import { edit, storeOf } from "./fakes";

const none = { edits: [], layers: [], glaciers: [], pictures: [], overlays: [], doubts: [] };
const nothing: Changes = { sequence: 2, ...none, is_reloaded: false, is_forgotten: false };

function watched(own: string[] = []) {
  const store = storeOf();
  const watcher = { own: new Set(own), onGlaciers: vi.fn(), onDoubts: vi.fn(), onReload: vi.fn() };
  return { store, watcher, watching: new Watching(store, { changes: vi.fn() }, watcher) };
}

describe("changes", () => {
  it("raise the versions of their layers in the state", () => {
    const { store, watching } = watched();
    const layer: Layer = { id: "outlines-2018", kind: "outlines", period: "2018", version: 1, count: 4 };
    store.set({ review: { ...store.state.review, layers: [layer, { ...layer, id: "other" }] } });
    watching.take({ ...nothing, layers: [{ ...layer, version: 2 }] });
    expect(store.state.review.layers.map(({ version }) => version)).toEqual([2, 1]);
    expect(store.state.review.sequence).toBe(2);
  });

  it("bring the shaded relief when it is made, once", () => {
    const { store, watching } = watched();
    const relief = { id: "hillshade", kind: "hillshade" as const, period: null, source: "a", scale: 1, nodata: 0, threshold: null };
    watching.take({ ...nothing, overlays: [relief] });
    watching.take({ ...nothing, sequence: 3, overlays: [{ ...relief, source: "b" }] });
    expect(store.state.review.overlays.map(({ source }) => source)).toEqual(["b"]);
  });

  it("tell which periods have new doubts", () => {
    const { watcher, watching } = watched();
    watching.take({ ...nothing, doubts: ["2018"] });
    expect(watcher.onDoubts).toHaveBeenCalledWith(["2018"]);
    expect(watcher.onGlaciers).not.toHaveBeenCalled();
  });

  it("by others are told with who, what and why; own ones are not", () => {
    const { store, watcher, watching } = watched(["aaaaaaaaaaaa"]);
    const [own, theirs] = [edit("aaaaaaaaaaaa-2"), edit("bbbbbbbbbbbb", { author: "Bo" })];
    watching.take({ ...nothing, edits: [own, theirs], glaciers: ["G1"] });
    expect(store.state.said).toBe("Bo: add of G1 (rock).");
    expect(watcher.onGlaciers).toHaveBeenCalledWith(["G1"], [theirs]);
  });

  it("that revert a row are told by the row that does it, and leave what was said of an own one", () => {
    const { store, watcher, watching } = watched(["cccccccccccc"]);
    const reverted = edit("bbbbbbbbbbbb", { state: "reverted" });
    store.set({ said: "Saved edit reverted." });
    watching.take({ ...nothing, edits: [reverted, edit("cccccccccccc", { operation: "revert" })], glaciers: ["G1"] });
    expect(store.state.said).toBe("Saved edit reverted.");
    expect(watcher.onGlaciers).toHaveBeenCalledWith(["G1"], [reverted]);
    watching.take({ ...nothing, edits: [reverted, edit("dddddddddddd", { operation: "revert", author: "Bo" })] });
    expect(store.state.said).toBe("Bo: revert of G1 (rock).");
  });

  it("by this page leave what was said", () => {
    const { store, watcher, watching } = watched(["aaaaaaaaaaaa"]);
    store.set({ said: "Kept." });
    watching.take({ ...nothing, edits: [edit("aaaaaaaaaaaa")], glaciers: ["G1"] });
    expect(store.state.said).toBe("Kept.");
    expect(watcher.onGlaciers).toHaveBeenCalledWith(["G1"], []);
  });

  it("that mapped the outlines anew begin the page again", () => {
    const { watcher, watching } = watched();
    watching.take({ ...nothing, is_reloaded: true });
    expect(watcher.onReload).toHaveBeenCalledOnce();
  });

  it("that the server does not know any more begin the page again", () => {
    const { watcher, watching } = watched();
    watching.take({ ...nothing, is_forgotten: true });
    expect(watcher.onReload).toHaveBeenCalledOnce();
  });

  it("are asked for again after a server that does not answer", async () => {
    vi.useFakeTimers();
    const store = storeOf();
    const changes = vi.fn<() => Promise<Changes>>();
    const watcher = { own: new Set<string>(), onGlaciers: vi.fn(), onDoubts: vi.fn(), onReload: vi.fn() };
    const watching = new Watching(store, { changes }, watcher);
    changes.mockRejectedValueOnce(new TypeError("Failed to fetch"));
    changes.mockImplementation(() => {
      watching.end();
      return Promise.resolve(nothing);
    });
    const running = watching.run();
    await vi.advanceTimersByTimeAsync(0);
    expect(store.state.said).toContain("does not answer");
    await vi.advanceTimersByTimeAsync(1000);
    await running;
    vi.useRealTimers();
    expect(store.state.said).toBe("The server answers again.");
    expect(changes).toHaveBeenLastCalledWith(1, 0);
  });
});
