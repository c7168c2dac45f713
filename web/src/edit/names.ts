// Names of glaciers where there is little room: the end stays in sight, as identifiers differ there.
import { element } from "./elements";

/** Most characters that are kept at the end. */
const LONGEST_END = 12;

/** Fewest of them, so that the end tells something. */
const SHORTEST_END = 5;

/**
 * A name in two parts: its beginning, of which as much is shown as there is room for, and its end, which stays whole.
 *
 * The end begins after a hyphen or a space where there is one in the right place: of
 * `RGI2000-v7.0-G-11-02596` it is `G-11-02596`.
 */
export function inParts(name: string): [string, string] {
  if (name.length <= LONGEST_END) return ["", name];
  const first = name.length - LONGEST_END;
  const place = name.slice(first - 1, name.length - SHORTEST_END).search(/[-_ ]/);
  const start = first + Math.max(place, 0);
  return [name.slice(0, start), name.slice(start)];
}

/** A name that is shortened in the middle where it does not fit; screen readers say it whole. */
export function shortenedName(name: string): HTMLElement {
  const [start, end] = inParts(name);
  const hidden = { "aria-hidden": "true" };
  return element(
    "span",
    { class: "name" },
    element("span", { class: "start", ...hidden }, start),
    element("span", { class: "end", ...hidden }, end),
    element("span", { class: "heard" }, name),
  );
}
