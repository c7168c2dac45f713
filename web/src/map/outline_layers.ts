// Outlines, unseen ground and the inventory on a map: vector tiles of what is in view, simplified by level.
import GeoJSON from "ol/format/GeoJSON";
import VectorTileLayer from "ol/layer/VectorTile";
import type OlMap from "ol/Map";
import RenderFeature from "ol/render/Feature";
import VectorTileSource from "ol/source/VectorTile";
import type { StyleLike } from "ol/style/Style";
import TileGrid from "ol/tilegrid/TileGrid";
import type { Api } from "../api";
import type { Layer, Review } from "../contract";
import type { Overlays } from "../state";
import { AUTOMATIC, INVENTORY, lineStyle, outlineStyle, periodLine, unseenStyle } from "./outline_styles";
import { isWithin } from "./picking";
import { mapProjection } from "./projections";

/** Layers that are kept when they are not shown any more, so that they come back at once. */
const MOST_LAYERS = 10;

/** Pixels around a tile within which lines reach into it. */
const TILE_MARGIN = 8;

/** Sources of the layers, shared by both maps: each tile is fetched and read once. */
export class OutlineSources {
  private readonly sources = new Map<string, { source: VectorTileSource; version: number }>();
  private readonly grid: TileGrid;

  constructor(
    private readonly api: Api,
    private readonly review: Review,
  ) {
    const { origin, tile_size, resolutions } = review.grid;
    const side = tile_size * (resolutions[0] ?? 1);
    const [west, north] = origin;
    const extent = [west, north - side, west + side, north]; // the one tile of the first level: there are none beyond
    this.grid = new TileGrid({ origin, extent, tileSize: tile_size, resolutions });
  }

  of(layer: Layer): VectorTileSource {
    const known = this.sources.get(layer.id);
    if (known) return known.source;
    const source = new VectorTileSource<RenderFeature>({
      format: new GeoJSON<RenderFeature>({ featureClass: RenderFeature, dataProjection: mapProjection(this.review) }),
      projection: mapProjection(this.review),
      tileGrid: this.grid,
      tileUrlFunction: this.addresses(layer),
      overlaps: false,
      wrapX: false,
      transition: 0,
    });
    this.sources.set(layer.id, { source, version: layer.version });
    return source;
  }

  /** Take a changed layer in: new tiles are asked for, the former stay until these are there. */
  refresh(layer: Layer): void {
    const known = this.sources.get(layer.id);
    if (!known || known.version === layer.version) return;
    known.version = layer.version;
    known.source.setTileUrlFunction(this.addresses(layer), `${layer.id} ${layer.version}`);
  }

  private addresses(layer: Layer): ([z, x, y]: number[]) => string | undefined {
    return ([z, x, y]) => {
      return z === undefined || x === undefined || y === undefined ? undefined : this.api.tile(layer, z, x, y);
    };
  }
}

/** The vector layers of one map. */
export class OutlinesOfMap {
  private readonly layers = new Map<string, VectorTileLayer<VectorTileSource, RenderFeature>>();
  private hidden: ReadonlySet<string> = new Set();
  private picked: string | null = null;
  private shown: Layer | undefined;

  constructor(
    private readonly map: OlMap,
    private readonly sources: OutlineSources,
  ) {}

  /** Show the outlines of a period, and what else is switched on. */
  show(review: Review, period: string, overlays: Overlays): void {
    const wanted = new Map(
      review.layers.flatMap((layer) => {
        const drawn = drawing(layer, review, period, overlays);
        return drawn === null ? [] : [[layer.id, { layer, ...drawn }] as const];
      }),
    );
    this.shown = review.layers.find((layer) => layer.kind === "outlines" && layer.period === period);
    for (const [id, { layer, zIndex, style }] of wanted) {
      const styled = () => style?.() ?? outlineStyle(() => this.hidden, () => this.picked);
      const present = this.layers.get(id);
      if (present === undefined) this.add(layer, styled(), zIndex);
      else {
        if (present.getZIndex() !== zIndex) {
          present.setStyle(styled());
          present.setZIndex(zIndex);
        }
        present.setVisible(true);
        this.layers.delete(id); // put at the end: used last
        this.layers.set(id, present);
      }
    }
    for (const [id, layer] of this.layers) if (!wanted.has(id)) layer.setVisible(false);
    this.forget(wanted.size);
  }

  /** Leave some outlines of the period out, because they are drawn in their corrected form. */
  hide(glacIds: ReadonlySet<string>): void {
    if (glacIds.size === this.hidden.size && [...glacIds].every((id) => this.hidden.has(id))) return;
    this.hidden = glacIds;
    if (this.shown) this.layers.get(this.shown.id)?.changed();
  }

  /** Draw the outline of one glacier white, or of none. */
  mark(glacId: string | null): void {
    if (glacId === this.picked) return;
    this.picked = glacId;
    if (this.shown) this.layers.get(this.shown.id)?.changed();
  }

  /** The glacier whose outline of the period a point lies in, if any. */
  at([x = 0, y = 0]: readonly number[]): string | null {
    const layer = this.shown && this.layers.get(this.shown.id);
    const found = layer?.getFeaturesInExtent([x, y, x, y]).find((feature) => {
      if (!feature.getType().endsWith("Polygon")) return false;
      return isWithin(feature.getFlatCoordinates(), feature.getEnds() as number[], x, y);
    });
    const glacId: unknown = found?.get("glac_id"); // a square that stands for several has none
    return typeof glacId === "string" && glacId !== "" ? glacId : null;
  }

  private add(layer: Layer, style: StyleLike, zIndex: number): void {
    const drawn = new VectorTileLayer({
      className: "outlines-canvas",
      source: this.sources.of(layer),
      style,
      zIndex,
      renderMode: "hybrid",
      renderBuffer: TILE_MARGIN,
      declutter: false,
      updateWhileAnimating: false,
      updateWhileInteracting: false,
    });
    this.layers.set(layer.id, drawn);
    this.map.addLayer(drawn);
  }

  private forget(wanted: number): void {
    for (const [id, layer] of this.layers) {
      if (this.layers.size <= Math.max(MOST_LAYERS, wanted)) return;
      if (layer.getVisible()) continue;
      this.layers.delete(id);
      this.map.removeLayer(layer);
      layer.dispose();
    }
  }
}

interface Drawing {
  zIndex: number;
  /** Null where it is by the state of each outline. */
  style: (() => StyleLike) | null;
}

/** How a layer is drawn with some switches; null where it is not. */
function drawing(layer: Layer, review: Review, period: string, overlays: Overlays): Drawing | null {
  const isOfPeriod = layer.period === period;
  switch (layer.kind) {
    case "unseen":
      return overlays.unseen && isOfPeriod ? { zIndex: 10, style: unseenStyle } : null;
    case "inventory":
      return overlays.inventory ? { zIndex: 11, style: () => lineStyle(INVENTORY) } : null;
    case "automatic":
      return overlays.automatic && isOfPeriod ? { zIndex: 13, style: () => lineStyle(AUTOMATIC) } : null;
    case "outlines": {
      if (isOfPeriod) return { zIndex: 14, style: null };
      if (layer.period === null || !overlays.periods.includes(layer.period)) return null;
      const position = review.periods.findIndex((each) => each.name === layer.period);
      return { zIndex: 12, style: () => lineStyle(periodLine(position, review.periods.length)) };
    }
  }
}
