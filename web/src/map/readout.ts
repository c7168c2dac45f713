// What stands under the map: the place of the pointer, the resolution of the view, and what the picture is.
import { transform } from "ol/proj";
import type { Picture, Review } from "../contract";
import { mapProjection } from "./projections";

const THIN_SPACE = "\u2009";

/** Place in the CRS of the review [m], and as latitude and longitude. */
export function placeText(coordinate: readonly number[], review: Review): string {
  const projection = mapProjection(review);
  const [x = 0, y = 0] = coordinate;
  const [longitude = 0, latitude = 0] = transform([x, y], projection, "EPSG:4326");
  const degrees = `${angle(latitude, "N", "S")} ${angle(longitude, "E", "W")}`;
  return `${metres(x)} E ${metres(y)} N   ${degrees}`;
}

/** Metres on the ground per pixel of the screen. */
export function resolutionText(resolution: number): string {
  const digits = resolution >= 100 ? 0 : resolution >= 10 ? 1 : 2;
  return `${resolution.toFixed(digits)} m per pixel`;
}

/** Date, sensor, bands and scene, as a picture is to be credited. */
export function creditOf(picture: Picture, combination: string): string {
  return [picture.date?.slice(0, 10), picture.sensor, combination, picture.id].filter(Boolean).join(", ");
}

export function crsText(review: Review): string {
  return /^EPSG:\d+$/.test(review.crs) ? review.crs : "CRS of the outlines";
}

function metres(value: number): string {
  return Math.round(value).toString().replace(/\B(?=(\d{3})+(?!\d))/g, THIN_SPACE);
}

function angle(value: number, positive: string, negative: string): string {
  return `${Math.abs(value).toFixed(4)}°${THIN_SPACE}${value < 0 ? negative : positive}`;
}
