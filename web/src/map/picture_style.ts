// How a picture is coloured: expressions for the graphics card, whose variables hold stretch and gamma.
//
// Contrast and gamma are variables, so that changing them loads nothing and compiles nothing.
import type { SourceInfo } from "ol/source/GeoTIFF";
import type { Band } from "../contract";
import type { Combination, Range } from "./combinations";

type Expression = unknown[];

/** Smallest denominator of an index [reflectance]: dark pixels, below zero after the offset, give no wild values. */
const LEAST = 1e-4;

/** Files of a picture, each with those of its bands that are read. */
export interface Reading {
  sources: SourceInfo[];
  /** Number, from 1, of each asked band among those that are read. */
  numbers: number[];
}

/** Which bands are read of which file, each once, for some bands of a picture. */
export function readingOf(addresses: readonly string[], bands: readonly Band[]): Reading {
  const files = [...new Set(bands.map((band) => band.source))];
  const read = files.map((file) => [...new Set(bands.filter((band) => band.source === file).map((band) => band.index))]);
  const sources = files.map((file, position) => {
    const nodata: number[] = [];
    for (const band of bands.filter((each) => each.source === file)) nodata[band.index - 1] = band.nodata ?? Number.NaN;
    return { url: addresses[file] ?? "", bands: read[position] ?? [], nodata };
  });
  const order = files.flatMap((file, position) => (read[position] ?? []).map((index) => `${file} ${index}`));
  return { sources, numbers: bands.map((band) => order.indexOf(`${band.source} ${band.index}`) + 1) };
}

/** Colour of a pixel; variables are `low0`, `high0`, ... of each channel, and `gamma`. */
export function colourOf(combination: Combination, bands: readonly Band[], numbers: readonly number[]): Expression {
  const values = bands.map((band, position): Expression => {
    const number = ["band", numbers[position] ?? 1];
    return ["+", ["*", number, band.scale], band.offset];
  });
  const channels = indexOf(combination, values).map(stretched);
  const [red, green, blue] = channels.length === 1 ? [channels[0], channels[0], channels[0]] : channels;
  return ["array", red, green, blue, 1];
}

/** Values of the variables of `colourOf`. */
export function variablesOf(stretch: readonly Range[], gamma: number): Record<string, number> {
  const variables: Record<string, number> = { gamma };
  stretch.forEach(([low, high], channel) => {
    variables[`low${channel}`] = low;
    variables[`high${channel}`] = high > low ? high : low + 1e-6;
  });
  return variables;
}

/** Values of the channels of a combination at a pixel, from the reflectance of its bands. */
export function channelValues(combination: Combination, reflectance: readonly number[]): number[] {
  const [first = Number.NaN, second = Number.NaN] = reflectance;
  if (combination.kind === "normalised difference") return [(first - second) / Math.max(first + second, LEAST)];
  if (combination.kind === "ratio") return [first / Math.max(second, LEAST)];
  return [...reflectance];
}

function indexOf(combination: Combination, values: Expression[]): Expression[] {
  const [first = [], second = []] = values;
  if (combination.kind === "normalised difference") return [["/", ["-", first, second], atLeast(["+", first, second])]];
  if (combination.kind === "ratio") return [["/", first, atLeast(second)]];
  return values;
}

function atLeast(value: Expression): Expression {
  return ["clamp", value, LEAST, 1e6];
}

function stretched(value: Expression, channel: number): Expression {
  const low = ["var", `low${channel}`];
  const share = ["/", ["-", value, low], ["-", ["var", `high${channel}`], low]];
  return ["^", ["clamp", share, 0, 1], ["/", 1, ["var", "gamma"]]];
}
