// What was drawn with a tool, as drafts of edits.
import type { Draft, Outline } from "../contract";
import type { Tool } from "../state";
import { polygonsOf, sameVertices } from "./geometry";
import { newEditId } from "./ids";
import type { Stroke } from "./strokes";

type Geometry = Record<string, unknown>;

/** Tools that draw a polygon or a line. */
export type DrawingTool = Extract<Tool, "draw" | "add" | "subtract" | "hole" | "split" | "terminus">;

export const LINES: ReadonlySet<Tool> = new Set<Tool>(["split", "terminus"]);

export function isDrawingTool(tool: Tool): tool is DrawingTool {
  return tool !== "look" && tool !== "move" && tool !== "merge";
}

export function strokeOf(what: string, drafts: Draft[]): Stroke {
  return { id: newEditId(), what, time: new Date().toISOString(), drafts, base: null };
}

/** A glacier that nobody has named yet; the project's name keeps it apart from those of an inventory. */
export function newGlacierId(project: string, editId: string): string {
  return `${project}-${editId.slice(0, 8)}`;
}

/**
 * A polygon or line, as a stroke.
 *
 * @param glacId - The glacier that is corrected; of a new one its name to be.
 * @param take - Whether ground of other glaciers is taken.
 */
export function drawnStroke(tool: DrawingTool, glacId: string, geometry: Geometry, take: boolean): Stroke {
  const draft: Draft = { edit_id: newEditId(), operation: "add", glac_id: glacId, geometry };
  const value = take ? { take: true } : null;
  switch (tool) {
    case "draw":
      return strokeOf(`new glacier ${glacId} drawn`, [{ ...draft, value }]);
    case "add":
      return strokeOf(`ground added to ${glacId}`, [{ ...draft, value }]);
    case "subtract":
      return strokeOf(`ground taken from ${glacId}`, [{ ...draft, operation: "remove" }]);
    case "hole":
      return strokeOf(`hole cut into ${glacId}`, [{ ...draft, operation: "remove" }]);
    case "split":
      return strokeOf(`${glacId} split`, [{ ...draft, operation: "split" }]);
    case "terminus":
      return strokeOf(`terminus of ${glacId} drawn`, [{ ...draft, operation: "terminus" }]);
  }
}

/**
 * Outlines of which vertices were moved: one stroke, with the whole new outline of each that changed.
 *
 * A border that two glaciers share moves in both, so that they still meet.
 */
export function movedStroke(before: ReadonlyMap<string, Geometry>, after: ReadonlyMap<string, Geometry>): Stroke | null {
  const drafts: Draft[] = [];
  for (const [glacId, geometry] of after) {
    const old = before.get(glacId);
    if (old === undefined || sameVertices(old, geometry)) continue;
    drafts.push({ edit_id: newEditId(), operation: "redraw", glac_id: glacId, geometry });
  }
  if (drafts.length === 0) return null;
  const more = Math.max(...[...after].map(([glacId, now]) => countOf(now) - countOf(before.get(glacId) ?? now)));
  const fewer = Math.max(...[...after].map(([glacId, now]) => countOf(before.get(glacId) ?? now) - countOf(now)));
  const done = more > 0 ? "inserted" : fewer > 0 ? "deleted" : "moved";
  return strokeOf(`vertices of ${drafts.map((draft) => draft.glac_id).join(" and ")} ${done}`, drafts);
}

function countOf(geometry: Geometry): number {
  return polygonsOf(geometry).reduce((sum, rings) => sum + rings.flat().length, 0);
}

export function mergedStroke(glacId: string, others: string[]): Stroke {
  const draft: Draft = { edit_id: newEditId(), operation: "merge", glac_id: glacId, value: { with: others } };
  return strokeOf(`${others.join(", ")} merged into ${glacId}`, [draft]);
}

export function copiedStroke(glacId: string, period: string): Stroke {
  const draft: Draft = { edit_id: newEditId(), operation: "copy", glac_id: glacId, value: { from: period } };
  return strokeOf(`${glacId} as in ${period}`, [draft]);
}

export function markedStroke(glacId: string, mark: "accept" | "flag"): Stroke {
  const what = mark === "accept" ? "accepted" : "flagged";
  return strokeOf(`${glacId} ${what}`, [{ edit_id: newEditId(), operation: mark, glac_id: glacId }]);
}

/** Outlines by glacier as the strokes leave them: those of the server, with those of the preview instead. */
export function workingOutlines(
  saved: readonly Outline[],
  preview: { outlines: readonly Outline[]; gone: readonly string[] } | null,
): Map<string, Outline> {
  const outlines = new Map(saved.map((outline) => [outline.glac_id, outline]));
  for (const outline of preview?.outlines ?? []) outlines.set(outline.glac_id, outline);
  for (const glacId of preview?.gone ?? []) outlines.delete(glacId);
  return outlines;
}
