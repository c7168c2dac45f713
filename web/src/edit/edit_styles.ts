// How outlines under correction are drawn: each line with a dark casing, so that it shows on bright ice and dark rock.
import type { FeatureLike } from "ol/Feature";
import type { Coordinate } from "ol/coordinate";
import type { Extent } from "ol/extent";
import { MultiPoint, MultiPolygon, Polygon } from "ol/geom";
import { Circle, Fill, Stroke, Style } from "ol/style";
import { PICKED } from "../map/outline_styles";

export const SELECTED = PICKED.colour;
export const NEIGHBOUR = "#d5dde2";
export const BEFORE = "#ff2d95";
export const THEIRS = "#ff9a1f";
export const TODAY = "#2ff3ff";
const CASING = "rgba(20, 20, 20, 0.85)";
const MOST_VERTICES = 2500;

function line(colour: string, width: number, zIndex: number, dash?: number[]): Style[] {
  const casing = new Stroke({ color: CASING, width: width + 2.5 });
  const stroke = new Stroke({ color: colour, width, lineDash: dash });
  return [new Style({ stroke: casing, zIndex }), new Style({ stroke, zIndex: zIndex + 1 })];
}

const LINES: Record<string, Style[]> = {
  neighbour: line(NEIGHBOUR, 1.2, 0),
  changed: line(SELECTED, 1.5, 2),
  selected: line(SELECTED, 3, 4),
  before: line(BEFORE, 1.5, 0, [6, 5]),
  terminus: line(SELECTED, 3, 0, [2, 5]),
  today: line(TODAY, 1.5, 0),
  theirs: line(THEIRS, 2.5, 2),
  mine: line(SELECTED, 2.5, 4, [10, 6]),
};

/** Style of a feature by its `role`. */
export function lineStyle(feature: FeatureLike): Style[] {
  return LINES[feature.get("role") as string] ?? [];
}

const vertex = new Circle({
  radius: 3.5,
  fill: new Fill({ color: "#ffffff" }),
  stroke: new Stroke({ color: "#141414", width: 1.5 }),
});

/** Vertices of the selected outline that are in view; none where there are too many to tell apart. */
export function vertexStyle(view: () => Extent): Style {
  return new Style({
    image: vertex,
    geometry: (feature) => {
      const geometry = (feature as { getGeometry: () => unknown }).getGeometry();
      const [west = 0, south = 0, east = 0, north = 0] = view();
      const seen = verticesOf(geometry).filter(
        ([x = 0, y = 0]) => x >= west && x <= east && y >= south && y <= north,
      );
      return seen.length > MOST_VERTICES ? undefined : new MultiPoint(seen);
    },
  });
}

function verticesOf(geometry: unknown): Coordinate[] {
  if (geometry instanceof Polygon) return geometry.getCoordinates().flat();
  if (geometry instanceof MultiPolygon) return geometry.getCoordinates().flat(2);
  return [];
}

/** Line and points of what is being drawn, and the vertex under the pointer. */
export const sketchStyle: Style[] = [
  ...line(SELECTED, 2, 0, [8, 5]),
  new Style({
    fill: new Fill({ color: "rgba(255, 255, 255, 0.15)" }),
    image: new Circle({
      radius: 6,
      fill: new Fill({ color: SELECTED }),
      stroke: new Stroke({ color: "#141414", width: 2 }),
    }),
  }),
];
