// Interactions of the map for each tool: vertices are moved, polygons and lines are drawn.
import { noModifierKeys, primaryAction, shiftKeyOnly } from "ol/events/condition";
import type { Geometry } from "ol/geom";
import type Interaction from "ol/interaction/Interaction";
import Draw from "ol/interaction/Draw";
import Modify from "ol/interaction/Modify";
import Snap from "ol/interaction/Snap";
import type OlMap from "ol/Map";
import type MapBrowserEvent from "ol/MapBrowserEvent";
import type { Tool } from "../state";
import { type DrawingTool, LINES, isDrawingTool } from "./drawn";
import { type EditLayer, asGeoJson } from "./edit_layer";
import { sketchStyle } from "./edit_styles";

type GeoJson = Record<string, unknown>;

/** What is told of the hand on the map. */
export interface Hand {
  /** Vertices were moved; outlines by glacier as they are now. */
  onMoved(after: Map<string, GeoJson>): void;
  onDrawn(tool: DrawingTool, geometry: GeoJson): void;
  /** An outline is changing under the pointer. */
  onMoving(glacId: string, geometry: GeoJson): void;
  /** A polygon or line is being drawn. */
  onSketch(geometry: GeoJson): void;
  /** Nothing came of it. */
  onGivenUp(): void;
}

const TOLERANCE_PX = 9;
const SNAP_PX = 7;
/** A click this near to the first vertex closes a polygon; small holes need it small. */
const CLOSE_PX = 5;
/** After the end of a drawing, a further press so soon is the second one of a double click. */
const DOUBLE_CLICK_MS = 300;
/** A press that moves less is a click, and moves no vertex. */
const CLICK_PX = 2;

export class MapTools {
  /** Whether a vertex is being dragged or a polygon drawn: outlines must not be exchanged meanwhile. */
  isBusy = false;
  private interactions: Interaction[] = [];
  private draw: Draw | null = null;
  private modify: Modify | null = null;
  private snap: Snap | null = null;
  private pointer: number[] | null = null;

  constructor(
    private readonly map: OlMap,
    private readonly layer: EditLayer,
    private readonly hand: Hand,
  ) {
    map.on("pointermove", (event) => {
      this.pointer = event.coordinate;
    });
    map.getViewport()?.addEventListener("contextmenu", (event) => {
      if (this.draw === null) return;
      event.preventDefault();
      this.takeLastVertexBack();
    });
  }

  /** Put the interactions of a tool on the map. */
  use(tool: Tool): void {
    for (const interaction of this.interactions) this.map.removeInteraction(interaction);
    this.isBusy = false;
    this.draw = isDrawingTool(tool) ? this.drawing(tool) : null;
    this.modify = tool === "move" ? this.moving() : null;
    const first = this.draw ?? this.modify;
    const guides = new Snap({ source: this.layer.guides, pixelTolerance: SNAP_PX });
    this.snap = new Snap({ source: this.layer.outlines, pixelTolerance: SNAP_PX });
    // Snapping comes last: the map asks the last interaction first.
    this.interactions = first === null ? [] : [first, guides, this.snap];
    for (const interaction of this.interactions) this.map.addInteraction(interaction);
    this.layer.showVertices = tool === "move";
  }

  get isDrawing(): boolean {
    return this.draw !== null && this.isBusy;
  }

  takeLastVertexBack(): void {
    this.draw?.removeLastPoint();
  }

  finish(): void {
    this.draw?.finishDrawing();
  }

  giveUp(): void {
    this.draw?.abortDrawing();
  }

  /**
   * Go on with a drawing that had ended, as if it had not: its last corners can be taken back, others drawn.
   *
   * @returns Whether that was possible: not while another one is being drawn, nor without a tool that draws.
   */
  resume(geometry: GeoJson): boolean {
    const corners = cornersOf(geometry);
    if (this.draw === null || this.isBusy || corners.length === 0) return false;
    this.draw.appendCoordinates(corners);
    return true;
  }

  /** Take out the vertex under the pointer. */
  removeVertex(): boolean {
    return this.modify !== null && this.pointer !== null && this.modify.removePoint(this.pointer);
  }

  private drawing(tool: DrawingTool): Draw {
    let ended = -Infinity;
    const draw = new Draw({
      type: LINES.has(tool) ? "LineString" : "Polygon",
      condition: (event) =>
        primaryAction(event) && noModifierKeys(event) && (this.isBusy || Date.now() - ended > DOUBLE_CLICK_MS),
      freehandCondition: shiftKeyOnly,
      snapTolerance: CLOSE_PX,
      style: sketchStyle,
    });
    draw.on("drawstart", ({ feature }) => {
      this.isBusy = true;
      feature.getGeometry()?.on("change", ({ target }) => {
        this.hand.onSketch(asGeoJson(target as Geometry));
      });
    });
    draw.on("drawabort", () => {
      this.isBusy = false;
      this.hand.onGivenUp();
    });
    draw.on("drawend", ({ feature }) => {
      this.isBusy = false;
      ended = Date.now();
      const geometry = feature.getGeometry();
      if (geometry === undefined) return;
      this.layer.addLine(geometry.clone());
      this.hand.onDrawn(tool, asGeoJson(geometry));
    });
    return draw;
  }

  private moving(): Modify {
    const modify = new Modify({ source: this.layer.outlines, pixelTolerance: TOLERANCE_PX, style: sketchStyle });
    let pressed: MapBrowserEvent | null = null;
    let vertices = 0;
    let stop: () => void = () => undefined;
    modify.on("modifystart", (event) => {
      this.isBusy = true;
      pressed = event.mapBrowserEvent;
      const features = [...event.features.getArray()];
      // A vertex snaps to other outlines, and not to where it came from.
      for (const feature of features) this.snap?.removeFeature(feature);
      vertices = features.reduce((sum, feature) => sum + countOf(feature.getGeometry()), 0);
      const selected = features.find((feature) => feature.get("role") === "selected");
      const onChange = (): void => {
        const geometry = selected?.getGeometry();
        if (geometry !== undefined) this.hand.onMoving(String(selected?.getId()), asGeoJson(geometry));
      };
      selected?.on("change", onChange);
      stop = () => selected?.un("change", onChange);
    });
    modify.on("modifyend", (event) => {
      this.isBusy = false;
      stop();
      const after = new Map<string, GeoJson>();
      let counted = 0;
      for (const feature of event.features.getArray()) {
        this.snap?.addFeature(feature);
        const geometry = feature.getGeometry();
        if (geometry === undefined) continue;
        counted += countOf(geometry);
        after.set(String(feature.getId()), asGeoJson(geometry));
      }
      const isClick = counted >= vertices && isNear(pressed, event.mapBrowserEvent);
      if (isClick) this.hand.onGivenUp();
      else this.hand.onMoved(after);
    });
    return modify;
  }
}

/** Corners of a polygon's outer ring, each once, or of a line. */
function cornersOf({ type, coordinates }: GeoJson): number[][] {
  if (type === "LineString") return coordinates as number[][];
  return type === "Polygon" ? ((coordinates as number[][][])[0]?.slice(0, -1) ?? []) : [];
}

function countOf(geometry: Geometry | undefined): number {
  return geometry === undefined ? 0 : JSON.stringify(asGeoJson(geometry).coordinates).split("],[").length;
}

function isNear(one: MapBrowserEvent | null, other: MapBrowserEvent | null): boolean {
  if (one === null || other === null) return false;
  const [x = 0, y = 0] = one.pixel;
  const [x2 = 0, y2 = 0] = other.pixel;
  return Math.hypot(x2 - x, y2 - y) < CLICK_PX;
}
