// Projections of the review and of its pictures, known to OpenLayers before anything is drawn.
import { register } from "ol/proj/proj4";
import proj4 from "proj4";
import type { Picture, Review } from "../contract";

const EPSG = /^EPSG:\d+$/;

/** Name of the projection of the maps: its EPSG code, or a name of our own for one without. */
export function mapProjection(review: Review): string {
  return EPSG.test(review.crs) ? review.crs : "review";
}

/** Name of the projection of a picture; null where it is not told. */
export function pictureProjection(picture: Picture, review: Review): string | null {
  if (picture.crs === null || picture.crs === review.crs) return mapProjection(review);
  if (!picture.proj4) return null;
  return EPSG.test(picture.crs) ? picture.crs : `picture ${picture.id}`;
}

/** Define the projections of the review and of those pictures that have another one. */
export function registerProjections(review: Review): void {
  proj4.defs(mapProjection(review), review.proj4);
  for (const picture of review.pictures) {
    const name = pictureProjection(picture, review);
    if (name !== null && name !== mapProjection(review) && picture.proj4) proj4.defs(name, picture.proj4);
  }
  register(proj4);
}
