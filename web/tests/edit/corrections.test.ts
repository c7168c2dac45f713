// Strokes as they are drawn, previewed, taken back and saved: what reaches the server, and what the page then shows.
import { beforeEach, describe, expect, it, vi } from "vitest";
import { InConflict, Refused } from "../../src/api";
import type { Conflict } from "../../src/contract";
import { Corrections } from "../../src/edit/corrections";
import { drawnStroke } from "../../src/edit/drawn";
import type { Stroke } from "../../src/edit/strokes";
import { FakeServer, Memory, edit, outline, preview, square, storeOf } from "./fakes";

const details = { author: "Ana", reason: "rock", image: null, holds: null };

function hole(west = 0): Stroke {
  return drawnStroke("hole", "G1", square(west, 0, 10), false);
}

describe("strokes", () => {
  let server: FakeServer;
  let memory: Memory;
  let store: ReturnType<typeof storeOf>;
  let corrections: Corrections;

  beforeEach(() => {
    server = new FakeServer();
    memory = new Memory();
    store = storeOf();
    corrections = new Corrections(store, server, memory);
  });

  it("are previewed all together after each of them", async () => {
    await corrections.draw(hole());
    await corrections.draw(hole(20));
    expect(server.previewed.map((drafts) => drafts.length)).toEqual([1, 2]);
    expect(store.state.preview?.outlines[0]?.version).toBe("after 2");
    expect(store.state.drafts.map((draft) => draft.stroke)).toEqual([0, 1]);
  });

  it("are taken back and drawn again without asking the server twice", async () => {
    await corrections.draw(hole());
    await corrections.draw(hole(20));
    await corrections.undo();
    expect(store.state.preview?.outlines[0]?.version).toBe("after 1");
    await corrections.undo();
    expect(store.state.preview).toBeNull();
    await corrections.redo();
    await corrections.redo();
    expect(store.state.preview?.outlines[0]?.version).toBe("after 2");
    expect(server.previewed).toHaveLength(2);
  });

  it("that do nothing are taken back with the server's words", async () => {
    await corrections.draw(hole());
    server.onPreview = (drafts) =>
      preview(drafts, { is_applied: [true, false], notes: ["", "no ice of G1 there"] });
    await corrections.draw(hole(20));
    expect(store.state.drafts).toHaveLength(1);
    expect(store.state.preview?.outlines[0]?.version).toBe("after 1");
    expect(store.state.said).toContain("no ice of G1 there");
  });

  it("that are refused are taken back with the server's words", async () => {
    server.onPreview = () => {
      throw new Refused(400, { what: "Self-intersection", remedy: "draw it without crossing" });
    };
    await corrections.draw(hole());
    expect(store.state.drafts).toHaveLength(0);
    expect(store.state.said).toContain("Self-intersection: draw it without crossing");
    await corrections.redo();
    expect(store.state.drafts).toHaveLength(0);
  });

  it("that are refused are told once the strokes before them are shown again", async () => {
    const told: [string, string, string | undefined][] = [];
    corrections.onRefused = (stroke, words) => {
      told.push([stroke.id, words, store.state.preview?.outlines[0]?.version]);
    };
    await corrections.draw(hole());
    expect(told).toEqual([]);
    server.onPreview = () => {
      throw new Refused(400, { what: "Self-intersection" });
    };
    const crossed = hole(20);
    await corrections.draw(crossed);
    expect(told).toEqual([[crossed.id, "Self-intersection", "after 1"]]);
    expect(store.state.said).toBe("Not done, hole cut into G1: Self-intersection.");
  });

  it("stay when the server does not answer, and are previewed once it does", async () => {
    vi.useFakeTimers();
    server.onPreview = () => {
      throw new TypeError("Failed to fetch");
    };
    await corrections.draw(hole());
    expect(store.state.drafts).toHaveLength(1);
    expect(corrections.isSettled).toBe(false);
    server.onPreview = (drafts) => preview(drafts);
    await vi.runAllTimersAsync();
    vi.useRealTimers();
    expect(corrections.isSettled).toBe(true);
    expect(store.state.preview?.outlines[0]?.version).toBe("after 1");
  });

  it("ignore the preview of strokes that were taken back meanwhile", async () => {
    let answer: (() => void) | undefined;
    server.onPreview = (drafts) =>
      new Promise((resolve) => {
        answer = () => { resolve(preview(drafts)); };
      });
    const drawn = corrections.draw(hole());
    await vi.waitFor(() => { expect(answer).toBeDefined(); });
    await corrections.undo();
    answer?.();
    await drawn;
    expect(store.state.preview).toBeNull();
  });

  it("can be waited for until the server has answered", async () => {
    void corrections.draw(hole());
    expect(corrections.isSettled).toBe(false);
    await corrections.previewing;
    expect(corrections.isSettled).toBe(true);
    expect(store.state.preview?.notes).toHaveLength(1);
  });

  it("outlive the page", async () => {
    await corrections.draw(hole());
    const after = new Corrections(storeOf(), server, memory);
    const left = after.leftBehind();
    expect(left.map((stroke) => stroke.what)).toEqual(["hole cut into G1"]);
    await after.takeUp(left);
    expect(server.previewed.at(-1)?.[0]?.edit_id).toBe(left[0]?.drafts[0]?.edit_id);
  });

  it("that were saved before the page ended are not offered again", async () => {
    await corrections.draw(hole());
    await corrections.draw(hole(20));
    const [saved, unsaved] = store.state.drafts;
    const after = new Corrections(storeOf(), server, memory);
    const left = after.leftBehind(new Set([saved?.edit_id ?? ""]));
    expect(left.flatMap((stroke) => stroke.drafts.map((draft) => draft.edit_id))).toEqual([unsaved?.edit_id]);
  });

  it("that an earlier page left in another period are told", async () => {
    await corrections.draw(hole());
    const later = storeOf({ period: "1988" });
    await new Corrections(later, server, memory).periodChanged();
    expect(later.state.unsaved).toEqual([{ period: "2018", strokes: ["hole cut into G1"] }]);
  });

  it("say when the browser has no room for them", async () => {
    memory.isFull = true;
    server.onPreview = (drafts) => preview(drafts);
    await corrections.draw(hole());
    expect(store.state.said).toContain("no room");
    expect(store.state.drafts).toHaveLength(1);
  });

  it("of another period come back with it", async () => {
    await corrections.draw(hole());
    store.set({ period: "1988" });
    await corrections.periodChanged();
    expect(store.state.drafts).toHaveLength(0);
    expect(store.state.preview).toBeNull();
    expect(store.state.unsaved).toEqual([{ period: "2018", strokes: ["hole cut into G1"] }]);
    store.set({ period: "2018" });
    await corrections.periodChanged();
    expect(store.state.drafts).toHaveLength(1);
    expect(store.state.preview?.outlines).toHaveLength(1);
  });
});

describe("a save", () => {
  let server: FakeServer;
  let memory: Memory;
  let store: ReturnType<typeof storeOf>;
  let corrections: Corrections;

  beforeEach(() => {
    server = new FakeServer();
    memory = new Memory();
    store = storeOf();
    corrections = new Corrections(store, server, memory);
  });

  it("sends the drafts of the preview with the outlines they were drawn on", async () => {
    await corrections.draw(hole());
    await corrections.save({ ...details, holds: "2018-01-01/.." });
    const [request] = server.saved;
    expect(request?.base).toEqual({ G1: "v1" });
    expect(request?.holds).toBe("2018-01-01/..");
    expect(request?.drafts).toEqual(server.previewed[0]);
    expect(store.state.drafts).toHaveLength(0);
    expect(store.state.preview).toBeNull();
    expect(new Corrections(storeOf(), server, memory).leftBehind()).toEqual([]);
  });

  it("names the outline that the first stroke was drawn on, whatever others did since", async () => {
    await corrections.draw(hole());
    corrections.outlinesChanged();
    server.onPreview = (drafts) => preview(drafts, { base: { G1: "theirs" } });
    await corrections.draw(hole(20));
    await corrections.save(details);
    expect(server.saved[0]?.base).toEqual({ G1: "v1" });
  });

  it("is forgotten by the browser before it is told", async () => {
    await corrections.draw(hole());
    const left: number[] = [];
    store.on(["said"], ({ said }) => {
      if (said.startsWith("Saved")) left.push(new Corrections(storeOf(), server, memory).leftBehind().length);
    });
    await corrections.save(details);
    expect(left).toEqual([0]);
  });

  it("that met a conflict keeps the strokes, which can be put on top of theirs", async () => {
    const conflict: Conflict = { what: "changed", outlines: [outline("G1", "theirs")], gone: [], edits: [] };
    await corrections.draw(hole());
    server.onSave = () => {
      throw new InConflict(conflict);
    };
    const told = vi.fn();
    corrections.onConflict = told;
    await corrections.save(details);
    expect(told).toHaveBeenCalledWith(conflict);
    expect(store.state.drafts).toHaveLength(1);
    server.onPreview = (drafts) => preview(drafts, { base: { G1: "theirs" } });
    await corrections.putOnTop();
    const first = server.saved.length;
    server.onSave = new FakeServer().onSave;
    await corrections.save(details);
    expect(server.saved[first]?.base).toEqual({ G1: "theirs" });
  });

  it("that met a busy file is sent again by itself, and what it waits for is said", async () => {
    vi.useFakeTimers();
    await corrections.draw(hole());
    const keep = server.onSave;
    server.onSave = () => {
      throw new Refused(503, { what: "another program writes to the edits" });
    };
    const saving = corrections.save(details);
    await vi.advanceTimersByTimeAsync(500);
    expect(store.state.saving).toBe("waiting");
    expect(store.state.said).toContain("Not saved yet: another program writes to the edits");
    expect(store.state.drafts).toHaveLength(1);
    server.onSave = keep;
    await vi.runAllTimersAsync();
    await saving;
    vi.useRealTimers();
    const [first, second, ...more] = server.saved;
    expect(second).toEqual(first);
    expect(more).toEqual([]);
    expect(store.state.drafts).toHaveLength(0);
  });

  it("that is not answered is sent again with the same identifiers", async () => {
    vi.useFakeTimers();
    await corrections.draw(hole());
    let tries = 0;
    const keep = server.onSave;
    server.onSave = (request) => {
      tries += 1;
      if (tries < 3) throw new TypeError("Failed to fetch");
      return keep(request);
    };
    const saving = corrections.save(details);
    await vi.advanceTimersByTimeAsync(500);
    expect(store.state.saving).toBe("waiting");
    await corrections.undo();
    expect(store.state.drafts).toHaveLength(1);
    await vi.runAllTimersAsync();
    await saving;
    vi.useRealTimers();
    expect(server.saved.map((request) => request.drafts[0]?.edit_id)).toEqual(
      Array(3).fill(server.saved[0]?.drafts[0]?.edit_id),
    );
    expect(store.state.drafts).toHaveLength(0);
  });

  it("is taken back by reverting its rows, the last first, and done again by reverting those", async () => {
    server.onSave = (request) => ({
      sequence: 2,
      edits: request.drafts.flatMap((draft) => [edit(draft.edit_id), edit(`${draft.edit_id}-2`)]),
      outlines: [],
      gone: [],
    });
    await corrections.draw(hole());
    await corrections.save(details);
    const id = server.saved[0]?.drafts[0]?.edit_id ?? "";
    await corrections.undo();
    expect(server.reverted).toHaveLength(0);
    expect(store.state.said).toContain("This is saved: hole cut into G1");
    await corrections.undo();
    const [undone] = server.reverted;
    expect([undone?.edit_id, ...(undone?.edit_ids ?? [])]).toEqual([`${id}-2`, id]);
    await corrections.redo();
    expect(server.reverted).toHaveLength(2);
    const again = server.reverted[1];
    expect([again?.edit_id, ...(again?.edit_ids ?? [])]).toEqual([`${undone?.new_edit_id}-2`, undone?.new_edit_id]);
    expect(store.state.steps?.undo).toBe("hole cut into G1");
  });

  it("whose undo gets no answer is undone with the same rows when it is tried again", async () => {
    server.onSave = (request) => ({
      sequence: 2,
      edits: request.drafts.flatMap((draft) => [edit(draft.edit_id), edit(`${draft.edit_id}-2`)]),
      outlines: [],
      gone: [],
    });
    await corrections.draw(hole());
    await corrections.save(details);
    const keep = server.onRevert;
    server.onRevert = (request) => {
      if (server.reverted.length === 1) throw new TypeError("Failed to fetch");
      return keep(request);
    };
    await corrections.undo();
    await corrections.undo();
    expect(store.state.said).toContain("Not done");
    expect(store.state.steps?.undo).toBe("hole cut into G1");
    await corrections.undo();
    await corrections.undo();
    const ids = server.reverted.map((request) => request.new_edit_id);
    expect(ids).toHaveLength(2);
    expect(ids[1]).toEqual(ids[0]);
  });

  it("is asked about anew where something else was said since", async () => {
    await corrections.draw(hole());
    await corrections.save(details);
    await corrections.undo();
    store.set({ said: "G2: 1 km2, open." });
    await corrections.undo();
    expect(server.reverted).toHaveLength(0);
    await corrections.undo();
    expect(server.reverted).toHaveLength(1);
  });

  it("can be undone after the page was left", async () => {
    await corrections.draw(hole());
    await corrections.save(details);
    const later = storeOf();
    const after = new Corrections(later, server, memory);
    await after.periodChanged();
    expect(later.state.steps?.undo).toBe("hole cut into G1");
    await after.undo();
    await after.undo();
    expect(server.reverted.map((request) => request.edit_id)).toEqual([server.saved[0]?.drafts[0]?.edit_id]);
  });

  it("that somebody else reverted is not asked for again and again", async () => {
    await corrections.draw(hole());
    await corrections.save(details);
    server.onRevert = () => {
      throw new Refused(400, { what: "reverted already" });
    };
    await corrections.undo();
    await corrections.undo();
    expect(store.state.said).toContain("reverted already");
    await corrections.undo();
    expect(store.state.said).toBe("Nothing to take back.");
  });

  it("of one period takes nothing from the strokes drawn meanwhile", async () => {
    await corrections.draw(hole());
    const keep = server.onSave;
    let later: Promise<void> | undefined;
    server.onSave = (request) => {
      later = corrections.draw(hole(20));
      return keep(request);
    };
    await corrections.save(details);
    await later;
    expect(store.state.drafts).toHaveLength(1);
    expect(store.state.drafts[0]?.geometry).toEqual(square(20, 0, 10));
  });
});

describe("accepting", () => {
  it("is kept at once, with the outline that was looked at", async () => {
    const server = new FakeServer();
    const shown = outline("G1", "v7");
    const nothing = { automatic: null, neighbours: [], previous: null, next: null, measure: null, edits: [], termini: [] };
    const store = storeOf({ glacier: { period: "2018", outline: shown, state: "open", ...nothing } });
    const corrections = new Corrections(store, server, new Memory());
    await corrections.mark("G1", "accept", "right as it is");
    expect(server.saved[0]?.base).toEqual({ G1: "v7" });
    expect(server.saved[0]?.drafts[0]?.operation).toBe("accept");
  });

  it("goes with the strokes where there are unsaved ones", async () => {
    const server = new FakeServer();
    const store = storeOf();
    const corrections = new Corrections(store, server, new Memory());
    await corrections.draw(hole());
    await corrections.mark("G1", "accept", "right");
    expect(server.saved).toHaveLength(0);
    expect(store.state.drafts.map((draft) => draft.operation)).toEqual(["remove", "accept"]);
  });
});
