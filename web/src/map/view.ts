// The view that both maps share: the projection of the outlines, north up, as far out as all of them and no further.
import type OlMap from "ol/Map";
import View from "ol/View";
import { buffer, getHeight, getWidth } from "ol/extent";
import type { Bounds, Review } from "../contract";
import { mapProjection } from "./projections";

/** How much finer than the last level one may look: until vertices of one pixel of a scene lie far apart. */
const CLOSER = 16;

/** Share of the map that bounds are to fill when it is moved to them. */
const FILLED = 0.5;

const MOVE_MS = 250;

export function reviewView(review: Review): View {
  const { resolutions } = review.grid;
  const finest = resolutions.at(-1) ?? 1;
  const side = Math.max(getWidth(review.extent), getHeight(review.extent));
  return new View({
    projection: mapProjection(review),
    center: middle(review.extent),
    maxResolution: Math.max((resolutions[0] ?? 1000) * 2, finest),
    minResolution: finest / CLOSER,
    resolution: side / 600,
    extent: buffer(review.extent, side),
    constrainOnlyCenter: true,
    enableRotation: false,
  });
}

/** Move a map so that bounds fill about half of it, their middle in its middle. */
export function moveTo(map: OlMap, bounds: Bounds, filled = FILLED, duration = MOVE_MS): void {
  const view = map.getView();
  const [width, height] = [Math.max(getWidth(bounds), 1), Math.max(getHeight(bounds), 1)];
  const grown = buffer(bounds, (Math.max(width, height) * (1 / filled - 1)) / 2);
  const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
  // The size is given, because a view that two maps share knows that of the last map only.
  view.fit(grown, { size: map.getSize(), duration: calm ? 0 : duration, minResolution: view.getMinResolution() * 2 });
}

function middle([west, south, east, north]: Bounds): [number, number] {
  return [(west + east) / 2, (south + north) / 2];
}
