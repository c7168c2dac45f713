// Band combinations: which bands of a picture are shown as which channel, and how far each is stretched at first.
import type { Band, Picture } from "../contract";
import type { Look } from "../state";

export type Range = [number, number];

/** Three bands as red, green and blue, or an index of two bands in grey. */
export type Kind = "colours" | "normalised difference" | "ratio";

export interface Combination {
  name: string;
  kind: Kind;
  /** Common names of the bands. */
  bands: readonly string[];
  /** What is stretched: three bands, or the one index. */
  channels: readonly string[];
  title: string;
  /** Stretch at first of an index; that of bands comes with the picture. */
  range?: Range;
}

const RGB = ["Red", "Green", "Blue"] as const;

export const COMBINATIONS: readonly Combination[] = [
  {
    name: "SWIR-NIR-red",
    kind: "colours",
    bands: ["swir1", "nir", "red"],
    channels: RGB,
    title: "Ice and snow are cyan, rock is brown, clouds are white",
  },
  {
    name: "natural",
    kind: "colours",
    bands: ["red", "green", "blue"],
    channels: RGB,
    title: "As the eye sees it",
  },
  {
    name: "NIR-red-green",
    kind: "colours",
    bands: ["nir", "red", "green"],
    channels: RGB,
    title: "Plants are red, ice is white to blue",
  },
  {
    name: "NDSI",
    kind: "normalised difference",
    bands: ["green", "swir1"],
    channels: ["NDSI"],
    title: "Normalised difference snow index, (green - SWIR) / (green + SWIR): ice is bright",
    range: [-0.4, 1],
  },
  {
    name: "red/SWIR",
    kind: "ratio",
    bands: ["red", "swir1"],
    channels: ["red/SWIR"],
    title: "Band ratio, red / SWIR: ice is bright, also in shadow",
    range: [0, 6],
  },
];

/** The combination of a name, of those that a picture has the bands for; else the first of these; null without any. */
export function combinationOf(picture: Picture, name: string): Combination | null {
  const offered = combinationsOf(picture);
  return offered.find((combination) => combination.name === name) ?? offered[0] ?? null;
}

export function combinationsOf(picture: Picture): Combination[] {
  return COMBINATIONS.filter((combination) => picture.combinations.includes(combination.name));
}

/** Bands of a picture in the order of a combination; null where one is missing. */
export function bandsOf(picture: Picture, combination: Combination): Band[] | null {
  const bands = combination.bands.map((name) => picture.bands.find((band) => band.name === name));
  return bands.every((band) => band !== undefined) ? bands : null;
}

/** Stretch at first of each channel: the 2nd and 98th percentile of the scene, or the range of the index. */
export function firstStretch(picture: Picture, combination: Combination): Range[] {
  if (combination.range) return [combination.range];
  return (bandsOf(picture, combination) ?? []).map((band) => [band.low, band.high]);
}

/** The stretch of a look: its own where it has one for each channel, else that at first. */
export function stretchOf(look: Look, picture: Picture, combination: Combination): Range[] {
  const own = look.stretch;
  return own?.length === combination.channels.length ? own : firstStretch(picture, combination);
}
