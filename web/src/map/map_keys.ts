// Keys that move the map and change the period, wherever the focus is, unless something is typed.
import type View from "ol/View";

/** Keys and what they do, for the list of all keys. */
export const MAP_KEYS: readonly (readonly [string, string])[] = [
  [", or Shift+Left", "previous period"],
  [". or Shift+Right", "next period"],
  ["Arrows", "move the map (when it has the focus)"],
  ["Page Up, Page Down", "zoom in, zoom out"],
  ["Home", "all outlines"],
  ["h, held", "hide the outlines"],
];

/** What is moved by keys: those pass on all others. */
const MOVED = "input[type=range], input[type=checkbox], input[type=radio], [role=slider], [role=listbox], [role=option]";

/** Keys that a slider, a list or a box to tick uses itself. */
const MOVING = /^(Arrow|Page|Home$|End$|Enter$| $)/;

/**
 * Whether a key is meant for what has the focus: a field, a slider, a list, an open dialog.
 * A choice of several takes arrows and letters; comma and full stop, which begin none of its entries, it passes on.
 */
export function isTyped(event: KeyboardEvent): boolean {
  if (event.ctrlKey || event.metaKey || event.altKey) return true;
  const target = event.target;
  if (!(target instanceof HTMLElement)) return false;
  if (target.isContentEditable || target.closest("dialog") !== null) return true;
  if (target.matches(MOVED)) {
    return MOVING.test(event.key) && !(event.shiftKey && periodStep(event) !== 0);
  }
  if (target.matches("select")) return periodStep(event) === 0 || event.shiftKey;
  return target.matches("input, textarea");
}

/** Step of the period that a key asks for: -1, 1, or 0. */
export function periodStep(event: Pick<KeyboardEvent, "key" | "shiftKey">): -1 | 0 | 1 {
  if (event.key === "," || (event.shiftKey && event.key === "ArrowLeft")) return -1;
  if (event.key === "." || (event.shiftKey && event.key === "ArrowRight")) return 1;
  return 0;
}

/** Zoom by one key; true where it did. */
export function zoomByKey(view: View, key: string): boolean {
  const by = { PageUp: 1, PageDown: -1 }[key];
  if (by === undefined) return false;
  view.animate({ zoom: (view.getZoom() ?? 0) + by, duration: 150 });
  return true;
}
