// Keys of the corrections, and which action a key press asks for.
import type { Tool } from "../state";

export type Action =
  | Tool
  | "next"
  | "previous"
  | "accept"
  | "flag"
  | "copy"
  | "undo"
  | "redo"
  | "save"
  | "find"
  | "go"
  | "keys"
  | "finish"
  | "last vertex"
  | "remove vertex";

export interface Press {
  key: string;
  ctrlKey: boolean;
  metaKey: boolean;
  altKey: boolean;
  shiftKey: boolean;
}

/** Where a press arrives: some keys mean something only while a line is drawn, or not where text is typed. */
export interface Situation {
  isDrawing: boolean;
  isMoving: boolean;
  isTyping: boolean;
}

const PLAIN: Record<string, Action> = {
  escape: "look",
  v: "move",
  d: "draw",
  "+": "add",
  "-": "subtract",
  o: "hole",
  s: "split",
  m: "merge",
  t: "terminus",
  n: "next",
  p: "previous",
  a: "accept",
  f: "flag",
  c: "copy",
  g: "go",
  "/": "find",
  "?": "keys",
};

/** The action that a key press asks for; null where it is left to the browser. */
export function actionOf(press: Press, { isDrawing, isMoving, isTyping }: Situation): Action | null {
  const key = press.key.toLowerCase();
  if (press.altKey) return null;
  if (press.ctrlKey || press.metaKey) {
    if (key === "s") return "save";
    if (isTyping) return null;
    if (key === "z") return press.shiftKey ? "redo" : "undo";
    return key === "y" ? "redo" : null;
  }
  if (isTyping) return null;
  if (isDrawing && key === "enter") return "finish";
  if (isDrawing && (key === "backspace" || key === "delete")) return "last vertex";
  if (isMoving && key === "delete") return "remove vertex";
  return PLAIN[key] ?? null;
}

/** Keys and their meaning, as the page lists them. */
export const EDIT_KEYS: readonly { title: string; keys: readonly (readonly [string, string])[] }[] = [
  {
    title: "Glaciers",
    keys: [
      ["n, p", "next and previous glacier by size of doubt; accepted ones are passed over"],
      ["a", "accept the outline"],
      ["f", "flag the glacier, with a reason"],
      ["c", "the outline as in the last period"],
      ["g", "go to the glacier"],
      ["/", "find a glacier"],
    ],
  },
  {
    title: "Tools",
    keys: [
      ["Esc", "give up what is being drawn; then look only"],
      ["v", "move vertices; drag an edge to insert one, Alt+click or Delete takes one out"],
      ["d", "draw a new glacier"],
      ["+, -", "add ground, subtract ground"],
      ["o", "cut a hole"],
      ["s", "split along a line"],
      ["m", "merge with a neighbour that is clicked"],
      ["t", "draw the terminus"],
    ],
  },
  {
    title: "While drawing",
    keys: [
      ["Backspace, right click", "take the last vertex back"],
      ["Enter, double click", "end"],
      ["Shift", "held while drawing: freehand"],
    ],
  },
  {
    title: "Strokes",
    keys: [
      ["Ctrl+Z", "undo; after saving, by a further edit"],
      ["Ctrl+Shift+Z, Ctrl+Y", "redo"],
      ["Ctrl+S", "save, with a reason"],
      ["?", "this list"],
    ],
  },
];
