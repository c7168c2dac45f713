// What is drawn, as drafts of edits.
import { describe, expect, it } from "vitest";
import { drawnStroke, movedStroke, newGlacierId, workingOutlines } from "../../src/edit/drawn";
import { newEditId } from "../../src/edit/ids";
import { outline, square } from "./fakes";

describe("identifiers", () => {
  it("are twelve hexadecimal digits, each another one", () => {
    const ids = Array.from({ length: 1000 }, newEditId);
    expect(ids.every((id) => /^[0-9a-f]{12}$/.test(id))).toBe(true);
    expect(new Set(ids).size).toBe(1000);
    expect(newGlacierId("small", "0123456789ab")).toBe("small-01234567");
  });
});

describe("tools", () => {
  it("are operations of the layer of edits", () => {
    const operations = (["draw", "add", "subtract", "hole", "split", "terminus"] as const).map(
      (tool) => drawnStroke(tool, "G1", square(0, 0, 1), false).drafts[0]?.operation,
    );
    expect(operations).toEqual(["add", "add", "remove", "remove", "split", "terminus"]);
  });

  it("take ground of neighbours only where that is asked for", () => {
    expect(drawnStroke("add", "G1", square(0, 0, 1), false).drafts[0]?.value).toBeNull();
    expect(drawnStroke("add", "G1", square(0, 0, 1), true).drafts[0]?.value).toEqual({ take: true });
    expect(drawnStroke("subtract", "G1", square(0, 0, 1), true).drafts[0]?.value).toBeUndefined();
  });
});

describe("moved vertices", () => {
  const before = new Map([
    ["G1", square(0, 0, 10)],
    ["G2", square(10, 0, 10)],
    ["G3", square(20, 0, 10)],
  ]);

  it("of a shared border are one stroke with a redraw of each glacier", () => {
    const after = new Map([
      ["G1", square(0, 0, 11)],
      ["G2", square(11, 0, 9)],
    ]);
    const stroke = movedStroke(before, after);
    expect(stroke?.drafts.map((draft) => [draft.operation, draft.glac_id])).toEqual([
      ["redraw", "G1"],
      ["redraw", "G2"],
    ]);
    expect(stroke?.what).toBe("vertices of G1 and G2 moved");
  });

  it("that came back to where they were are no stroke", () => {
    expect(movedStroke(before, new Map([["G1", square(0, 0, 10)]]))).toBeNull();
  });
});

describe("outlines as the strokes leave them", () => {
  it("are those of the preview where it has them, without those that are gone", () => {
    const saved = [outline("G1"), outline("G2"), outline("G3")];
    const working = workingOutlines(saved, { outlines: [outline("G1", "v2"), outline("G4", "v1")], gone: ["G3"] });
    expect([...working].map(([id, each]) => [id, each.version])).toEqual([
      ["G1", "v2"],
      ["G2", "v1"],
      ["G4", "v1"],
    ]);
  });
});
