// Area of an outline while it is changed, and its differences from the automatic outline and from other periods.
import type { Glacier, Measure, Preview } from "../contract";
import { planarArea } from "./geometry";

/** The exact measure of a glacier as the strokes leave it. */
export function measureOf(glacier: Glacier | null, preview: Preview | null): Measure | null {
  if (glacier === null) return null;
  const glacId = glacier.outline?.glac_id ?? glacier.automatic?.glac_id;
  const previewed = preview?.measures.find((measure) => measure.glac_id === glacId);
  if (previewed !== undefined) return previewed;
  if (glacId !== undefined && preview?.gone.includes(glacId)) return null;
  return glacier.measure;
}

/**
 * Geodesic area of an outline under the pointer [km2]: its area in the plane times the ratio of the last exact measure.
 *
 * The ratio changes by less than a millionth over a glacier, so that the number agrees with the server's in its digits.
 */
export function liveArea(
  geometry: Record<string, unknown>,
  measured: { geometry: Record<string, unknown>; area_km2: number },
): number {
  const plane = planarArea(measured.geometry);
  const ratio = plane > 0 ? measured.area_km2 / plane : 1e-6;
  return planarArea(geometry) * ratio;
}

export interface Difference {
  with: string;
  area_km2: number;
  uncertainty_km2: number | null;
  change_km2: number;
  change_percent: number | null;
  change_uncertainty_km2: number | null;
}

/** Differences of an area from the outlines that it was last compared with. */
export function differences(measure: Measure, area_km2: number): Difference[] {
  return measure.comparisons.map((comparison) => {
    const change_km2 = area_km2 - comparison.area_km2;
    const change_percent = comparison.area_km2 > 0 ? (100 * change_km2) / comparison.area_km2 : null;
    return { ...comparison, change_km2, change_percent };
  });
}

/** Digits behind the point that an uncertainty leaves, between 2 and 4 [km2]. */
export function digitsOf(uncertainty_km2: number | null): number {
  if (uncertainty_km2 === null || uncertainty_km2 <= 0) return 3;
  return Math.min(4, Math.max(2, 1 - Math.floor(Math.log10(uncertainty_km2))));
}
