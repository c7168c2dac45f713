// Contrast: percentiles of values, and brightness and contrast as a change of a stretch.
import type { Range } from "./combinations";

/** Smallest width of a stretch [reflectance or index]: below it, differences are those of the sensor's counts. */
export const LEAST_WIDTH = 1e-3;

/**
 * Value below which a share of some values lies, linearly interpolated.
 * @param values finite numbers in any order; not empty
 * @param share 0 to 1
 */
export function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((first, second) => first - second);
  const position = share * (sorted.length - 1);
  const below = Math.floor(position);
  const low = sorted[below] ?? Number.NaN;
  const high = sorted[Math.min(below + 1, sorted.length - 1)] ?? low;
  return low + (high - low) * (position - below);
}

/** Stretch from the 2nd to the 98th percentile of some values; null where there are too few to tell. */
export function stretchTo(values: readonly number[]): Range | null {
  const finite = values.filter((value) => Number.isFinite(value));
  if (finite.length < 20) return null;
  return widened([percentile(finite, 0.02), percentile(finite, 0.98)]);
}

/**
 * A stretch made brighter and of more contrast.
 * @param brightness -1 to 1, 0 leaves it; half of the width of the stretch at 1
 * @param contrast -1 to 1, 0 leaves it; the width is halved per 0.5
 */
export function adjusted([low, high]: Range, brightness: number, contrast: number): Range {
  const width = high - low;
  const middle = (low + high) / 2 - (brightness * width) / 2;
  const half = (width * 2 ** (-2 * contrast)) / 2;
  return [middle - half, middle + half];
}

/** A stretch that is at least `LEAST_WIDTH` wide. */
export function widened([low, high]: Range): Range {
  return [low, Math.max(high, low + LEAST_WIDTH)];
}
