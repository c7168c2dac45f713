// How outlines are drawn: colours that colour-blind readers tell apart, each with a casing that keeps it visible on
// bright ice and on dark rock.
import type { FeatureLike } from "ol/Feature";
import Fill from "ol/style/Fill";
import Stroke from "ol/style/Stroke";
import Style, { type StyleFunction } from "ol/style/Style";
import { hatching } from "./hatching";

/** A line with its casing. */
export interface Line {
  colour: string;
  casing: string;
  /** Of the coloured line [pixels]. */
  width: number;
  dash?: number[];
}

/** How much wider the casing is than the line [pixels]; thin lines would vanish between wider edges. */
export function casingWidth(line: Line): number {
  return line.width + (line.width < 2 ? 1.2 : 2);
}

export const DARK = "rgba(20, 20, 20, 0.85)";
const WHITE = "rgba(255, 255, 255, 0.9)";

export type Mark = "open" | "edited" | "accepted" | "flagged";

/** Outlines of the period by what has been done about them; colours of Okabe and Ito (2008). */
export const MARKS: Readonly<Record<Mark, Line & { label: string }>> = {
  open: { colour: "#f0e442", casing: DARK, width: 2, label: "not looked at yet" },
  edited: { colour: "#ee9fd0", casing: DARK, width: 2, label: "corrected, not accepted yet" },
  accepted: { colour: "#0072b2", casing: WHITE, width: 2, label: "accepted" },
  flagged: { colour: "#d55e00", casing: WHITE, width: 2.75, label: "flagged" },
};

export const AUTOMATIC: Line = { colour: "#ffffff", casing: DARK, width: 1.6, dash: [6, 5] };
export const INVENTORY: Line = { colour: "#111111", casing: WHITE, width: 1.6, dash: [2, 3] };

/** The picked glacier: white, as ice is cyan in the bands that are shown at first. */
export const PICKED: Line = { colour: "#ffffff", casing: DARK, width: 3 };

/** Greens, which no mark has: the first period is dark, the last light. */
const TIMES = [
  [0, 60, 25],
  [20, 110, 55],
  [70, 160, 85],
  [140, 208, 140],
  [208, 240, 200],
] as const;

/** Metres per pixel from which on casings are left out: outlines are too dense there. */
const COARSE_M = 60;

/** Line of a period among others, by its position in time. */
export function periodLine(position: number, count: number): Line {
  const along = (count > 1 ? position / (count - 1) : 1) * (TIMES.length - 1);
  const below = Math.min(Math.floor(along), TIMES.length - 2);
  const [first, second] = [TIMES[below] ?? TIMES[0], TIMES[below + 1] ?? TIMES[0]];
  const share = along - below;
  const colour = first.map((value, channel) => Math.round(value + ((second[channel] ?? 0) - value) * share));
  return { colour: `rgb(${colour.join(", ")})`, casing: along >= 2 ? DARK : WHITE, width: 1.6 };
}

export function markOf(feature: FeatureLike): Mark {
  const state: unknown = feature.get("state");
  if (state === "accepted" || state === "flagged") return state;
  return Number(feature.get("edits") ?? 0) > 0 ? "edited" : "open";
}

/** Style of outlines by their marks; those that are hidden are not drawn, and the picked one is white. */
export function outlineStyle(hidden: () => ReadonlySet<string>, picked: () => string | null = () => null): StyleFunction {
  const white = cased(PICKED).map((style, position) => {
    style.setZIndex(2 + position); // over all others
    return style;
  });
  const fine = mapValues(MARKS, (line) => cased(line));
  const coarse = mapValues(MARKS, (line) => plain(line));
  return (feature, resolution) => {
    const ids = hidden();
    if (ids.size > 0 && ids.has(String(feature.get("glac_id")))) return undefined;
    if (picked() !== null && feature.get("glac_id") === picked()) return white;
    return (resolution > COARSE_M ? coarse : fine)[markOf(feature)];
  };
}

/** Style of all outlines of a layer. */
export function lineStyle(line: Line): StyleFunction {
  const [fine, coarse] = [cased(line), plain(line)];
  return (_, resolution) => (resolution > COARSE_M ? coarse : fine);
}

/** Style of ground that no scene shows: hatched, so that what lies under it is seen. */
export function unseenStyle(): Style {
  return new Style({ fill: new Fill({ color: hatching() }) });
}

function cased(line: Line): Style[] {
  return [
    new Style({ stroke: new Stroke({ color: line.casing, width: casingWidth(line), lineJoin: "round" }), zIndex: 0 }),
    new Style({ stroke: stroke(line), zIndex: 1 }),
  ];
}

function plain(line: Line): Style[] {
  return [new Style({ stroke: new Stroke({ color: line.colour, width: Math.max(line.width - 0.5, 1) }) })];
}

function stroke(line: Line): Stroke {
  return new Stroke({ color: line.colour, width: line.width, lineDash: line.dash, lineCap: "butt", lineJoin: "round" });
}

function mapValues<Key extends string, Value, Result>(
  record: Readonly<Record<Key, Value>>,
  change: (value: Value) => Result,
): Record<Key, Result> {
  const entries = Object.entries<Value>(record).map(([key, value]) => [key, change(value)] as const);
  return Object.fromEntries(entries) as Record<Key, Result>;
}
