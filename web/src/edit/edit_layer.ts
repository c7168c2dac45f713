// Outlines under correction on the map: the selected one and its neighbours at full detail, as the strokes leave them.
import Feature from "ol/Feature";
import type OlMap from "ol/Map";
import type { Coordinate } from "ol/coordinate";
import { type Geometry, LineString, MultiLineString, MultiPolygon, Polygon, SimpleGeometry } from "ol/geom";
import VectorLayer from "ol/layer/Vector";
import VectorSource from "ol/source/Vector";
import type { Outline } from "../contract";
import { lineStyle, vertexStyle } from "./edit_styles";
import { sameVertices } from "./geometry";

export type Role = "selected" | "changed" | "neighbour" | "before" | "terminus" | "theirs" | "mine" | "today";
type GeoJson = Record<string, unknown>;

const FIRST_Z_INDEX = 500;

export function asGeometry({ type, coordinates }: GeoJson): Geometry {
  switch (type) {
    case "Polygon":
      return new Polygon(coordinates as Coordinate[][]);
    case "MultiPolygon":
      return new MultiPolygon(coordinates as Coordinate[][][]);
    case "LineString":
      return new LineString(coordinates as Coordinate[]);
    case "MultiLineString":
      return new MultiLineString(coordinates as Coordinate[][]);
    default:
      throw new TypeError(`neither polygons nor lines: ${String(type)}`);
  }
}

export function asGeoJson(geometry: Geometry): GeoJson {
  const coordinates: unknown = geometry instanceof SimpleGeometry ? geometry.getCoordinates() : [];
  return { type: geometry.getType(), coordinates };
}

export class EditLayer {
  /** Outlines whose vertices can be moved; the id of a feature is that of the glacier. */
  readonly outlines = new VectorSource();
  /** Lines that vertices snap to, drawn by others. */
  readonly guides = new VectorSource();
  private readonly before = new VectorSource();
  private readonly lines = new VectorSource();
  private readonly comparison = new VectorSource();
  private readonly vertices: VectorLayer;
  private readonly beside: VectorLayer[];
  private readonly geometries = new Map<string, GeoJson>();

  /**
   * @param map that is corrected in
   * @param second that shows the same outlines while its period is the same
   */
  constructor(
    private readonly map: OlMap,
    second: OlMap,
  ) {
    const layers = (): VectorLayer[] =>
      [this.before, this.outlines, this.lines, this.comparison].map(
        (source, position) => new VectorLayer({ source, style: lineStyle, zIndex: FIRST_Z_INDEX + position }),
      );
    for (const layer of layers()) map.addLayer(layer);
    this.beside = layers();
    for (const layer of this.beside) second.addLayer(layer);
    this.showBeside = false;
    const style = vertexStyle(() => map.getView().calculateExtent(map.getSize()));
    this.vertices = new VectorLayer({
      source: this.outlines,
      style: (feature) => (feature.get("role") === "selected" ? style : undefined),
      zIndex: FIRST_Z_INDEX + 5,
      visible: false,
    });
    map.addLayer(this.vertices);
  }

  set showBeside(isShown: boolean) {
    for (const layer of this.beside) layer.setVisible(isShown);
  }

  set showVertices(isShown: boolean) {
    this.vertices.setVisible(isShown);
  }

  /** Geometries of the outlines as they were last given, by glacier. */
  get given(): ReadonlyMap<string, GeoJson> {
    return this.geometries;
  }

  /** Show outlines; what was moved by hand and is not among them goes back. */
  show(outlines: ReadonlyMap<string, Outline>, role: (glacId: string) => Role): void {
    for (const feature of this.outlines.getFeatures()) {
      if (!outlines.has(String(feature.getId()))) this.outlines.removeFeature(feature);
    }
    this.geometries.clear();
    for (const [glacId, { geometry }] of outlines) {
      this.geometries.set(glacId, geometry);
      const feature = this.outlines.getFeatureById(glacId);
      if (feature === null) {
        const made = new Feature({ geometry: asGeometry(geometry), role: role(glacId) });
        made.setId(glacId);
        this.outlines.addFeature(made);
        continue;
      }
      const shown = feature.getGeometry();
      if (shown === undefined || !sameVertices(asGeoJson(shown), geometry)) feature.setGeometry(asGeometry(geometry));
      if (feature.get("role") !== role(glacId)) feature.set("role", role(glacId));
    }
  }

  /** Outlines before the strokes, dashed under those of now. */
  showBefore(outlines: Outline[]): void {
    this.replace(this.before, outlines.map((outline) => outline.geometry), "before");
  }

  /** Terminus lines, and strokes that the server has not answered. */
  showLines(geometries: GeoJson[]): void {
    this.replace(this.lines, geometries, "terminus");
  }

  /** Add a stroke that waits for its preview. */
  addLine(geometry: Geometry): void {
    this.lines.addFeature(new Feature({ geometry, role: "terminus" }));
  }

  showGuides(outlines: Outline[]): void {
    this.replace(this.guides, outlines.map((outline) => outline.geometry), "guide");
  }

  /** Outlines of a conflict or of the history of an edit; none takes them away. */
  compare(parts: { role: Role; geometry: GeoJson }[]): void {
    this.comparison.clear();
    for (const { role, geometry } of parts) {
      this.comparison.addFeature(new Feature({ geometry: asGeometry(geometry), role }));
    }
  }

  /** The unsaved or selected glacier that a place lies in. */
  glacierAt(coordinate: number[]): string | null {
    const [found] = this.outlines.getFeaturesAtCoordinate(coordinate);
    return found === undefined ? null : String(found.getId());
  }

  private replace(source: VectorSource, geometries: GeoJson[], role: string): void {
    source.clear();
    source.addFeatures(geometries.map((geometry) => new Feature({ geometry: asGeometry(geometry), role })));
    this.map.render();
  }
}
