// Colours of the rasters over a picture; each scale is told apart by colour-blind readers and has a legend.
import type { Overlay } from "../contract";
import { valueExpression, whereData, WHOLE, type Coding } from "./coding";

type Expression = unknown[];
export type Colour = readonly [number, number, number];

/** A value or class and its colour. */
export interface Entry {
  value: number;
  colour: Colour;
  label: string;
}

/** Probability of ice: dark violet to yellow, of even steps in lightness (the scale "viridis" at five places). */
const PROBABILITY: readonly Entry[] = [
  { value: 0, colour: [68, 1, 84], label: "0" },
  { value: 0.25, colour: [59, 82, 139], label: "0.25" },
  { value: 0.5, colour: [33, 145, 140], label: "0.5" },
  { value: 0.75, colour: [94, 201, 98], label: "0.75" },
  { value: 1, colour: [253, 231, 37], label: "1" },
];

/** Values of `uncertain.tif`; certain ground and ice are clear. */
const UNCERTAIN: readonly Entry[] = [
  { value: 1, colour: [230, 159, 0], label: "uncertain, mapped as ground" },
  { value: 2, colour: [204, 121, 167], label: "uncertain, mapped as ice" },
];

/** Values of `classes.tif` (trimline.surfaces). */
const CLASSES: readonly Entry[] = [
  { value: 0, colour: [160, 160, 160], label: "ground" },
  { value: 1, colour: [153, 85, 30], label: "land" },
  { value: 2, colour: [150, 220, 255], label: "snow or ice" },
  { value: 3, colour: [0, 70, 160], label: "water" },
  { value: 4, colour: [40, 40, 40], label: "shadow" },
  { value: 5, colour: [255, 255, 255], label: "cloud" },
];

export const ENTRIES: Readonly<Record<Overlay["kind"], readonly Entry[]>> = {
  probability: PROBABILITY,
  uncertain: UNCERTAIN,
  classes: CLASSES,
  hillshade: [],
};

const SHARE: Coding = { least: 0, most: 1, isSquared: false };

/** How the values of an overlay are kept: classes as whole numbers, probability and brightness between 0 and 1. */
export function overlayCoding(overlay: Overlay): Coding {
  return overlay.kind === "probability" || overlay.kind === "hillshade" ? SHARE : WHOLE;
}

/** Colour of a pixel of an overlay. */
export function overlayColour(overlay: Overlay): Expression {
  const value = valueExpression(overlayCoding(overlay), 0);
  if (overlay.kind === "hillshade") {
    return whereData(["array", value, value, value, 1]);
  }
  const entries = ENTRIES[overlay.kind];
  if (overlay.kind === "probability") {
    const stops = entries.flatMap((entry) => [entry.value, painted(entry.colour)]);
    return whereData(["interpolate", ["linear"], value, ...stops]);
  }
  const cases = entries.flatMap((entry) => [["==", ["round", value], entry.value], painted(entry.colour)]);
  return whereData(["case", ...cases, [0, 0, 0, 0]]);
}

function painted(colour: Colour): number[] {
  return [...colour, 1];
}
