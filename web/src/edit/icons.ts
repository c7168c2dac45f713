// Drawings of the tools' buttons, as paths of 24 x 24 units.
import type { Tool } from "../state";

export const TOOL_ICONS: Record<Tool, string> = {
  look: "M5 3l6 16 2.5-6.5L20 10z",
  move: "M4 18L10 7l9 5M2.5 16.5h3v3h-3zM8.5 5.5h3v3h-3zM17.5 10.5h3v3h-3z",
  draw: "M4 20l1-4L16 5l3 3L8 19zM14 7l3 3",
  add: "M4 9c0-4 12-7 15-2s-1 12-7 12S4 14 4 9zM12 8.5v7M8.5 12h7",
  subtract: "M4 9c0-4 12-7 15-2s-1 12-7 12S4 14 4 9zM8.5 12h7",
  hole: "M4 9c0-4 12-7 15-2s-1 12-7 12S4 14 4 9zM12 9.5a2.5 2.5 0 1 0 .01 0",
  split: "M4 9c0-4 12-7 15-2s-1 12-7 12S4 14 4 9zM14 2L9 22",
  merge: "M3 8h6l3 4h9M3 16h6l3-4M18 9l3 3-3 3",
  terminus: "M3 15c3-3 4 2 7-1s4 2 7-1 2 0 4-1M7 4v6M12 4v6M17 4v6",
};

export const UNDO_ICON = "M9 5L4 10l5 5M4 10h9a6 6 0 0 1 0 12h-2";
export const REDO_ICON = "M15 5l5 5-5 5M20 10h-9a6 6 0 0 0 0 12h2";
export const SAVE_ICON = "M4 4h13l3 3v13H4zM8 4v5h8V4M8 20v-6h8v6";
export const KEYS_ICON = "M3 7h18v10H3zM6 10h1M10 10h1M14 10h1M18 10h0M7 14h10";
