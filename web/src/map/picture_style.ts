// How a picture is kept and coloured: channels from the numbers of its bands, and an expression for the graphics card.
//
// Stretch and gamma are variables of that expression, so that changing them loads nothing and compiles nothing.
import type { Band } from "../contract";
import { stepOf, stepTable, valueExpression, valueOf, whereData, WHOLE, type Coding } from "./coding";
import type { Combination, Range } from "./combinations";

type Expression = unknown[];

/** Smallest denominator of an index [reflectance]: dark pixels, below zero after the offset, give no wild values. */
const LEAST = 1e-4;

/** Reflectance up to which values are kept, unless those of the scene are higher: snow that faces the sun. */
const BRIGHTEST = 1.6;

/** How much of the range of a scene is kept beyond its 98th percentile. */
const BEYOND = 1.5;

/** Ratio up to which values are kept: beyond, it is noise of dark pixels. */
const LARGEST_RATIO = 40;

/** How the channels of a combination are kept. */
export function codingsOf(combination: Combination, bands: readonly Band[]): Coding[] {
  if (combination.kind === "normalised difference") return [{ least: -1, most: 1, isSquared: false }];
  if (combination.kind === "ratio") return [{ least: 0, most: LARGEST_RATIO, isSquared: true }];
  return bands.map(({ low, high }) => {
    return { least: Math.min(0, BEYOND * low), most: Math.max(BRIGHTEST, BEYOND * high), isSquared: true };
  });
}

/** Function that puts the steps of the channels from the numbers of the bands. */
export function stepsOf(
  combination: Combination,
  bands: readonly Band[],
): (numbers: Float64Array, steps: Uint16Array) => void {
  const codings = codingsOf(combination, bands);
  const { kind } = combination;
  if (kind !== "colours") {
    const coding = codings[0] ?? WHOLE;
    return (numbers, steps) => {
      steps[0] = stepOf(coding, index(kind, numbers, bands));
    };
  }
  const tables = bands.map(({ scale, offset }, at) => stepTable(codings[at] ?? WHOLE, scale, offset));
  return (numbers, steps) => {
    for (let channel = 0; channel < tables.length; channel++) {
      const number = numbers[channel] ?? 0;
      steps[channel] =
        (Number.isInteger(number) ? tables[channel]?.[number] : undefined) ??
        stepOf(codings[channel] ?? WHOLE, reflectance(numbers, bands, channel));
    }
  };
}

/** Values of the channels from their steps. */
export function valuesOf(codings: readonly Coding[], steps: readonly number[]): number[] {
  return codings.map((coding, channel) => valueOf(coding, steps[channel] ?? 0));
}

/** Colour of a pixel; variables are `low0`, `high0`, ... of each channel, and `gamma`. */
export function colourOf(codings: readonly Coding[]): Expression {
  const channels = codings.map((coding, channel) => stretched(valueExpression(coding, channel), channel));
  const [red, green = red, blue = red] = channels;
  return whereData(["array", red, green, blue, 1]);
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

function reflectance(numbers: Float64Array, bands: readonly Band[], at: number): number {
  return (numbers[at] ?? Number.NaN) * (bands[at]?.scale ?? 1) + (bands[at]?.offset ?? 0);
}

function index(kind: "normalised difference" | "ratio", numbers: Float64Array, bands: readonly Band[]): number {
  const [first, second] = [reflectance(numbers, bands, 0), reflectance(numbers, bands, 1)];
  if (kind === "ratio") return first / Math.max(second, LEAST);
  return (first - second) / Math.max(first + second, LEAST);
}

function stretched(value: Expression, channel: number): Expression {
  const low = ["var", `low${channel}`];
  const share = ["/", ["-", value, low], ["-", ["var", `high${channel}`], low]];
  return ["^", ["clamp", share, 0, 1], ["/", 1, ["var", "gamma"]]];
}
