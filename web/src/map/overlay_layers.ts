// Rasters over the picture: probability, uncertain pixels, classes, and the shaded relief; read only when they are seen.
import TileLayer from "ol/layer/WebGLTile";
import type OlMap from "ol/Map";
import type { Overlay, Review } from "../contract";
import type { Overlays } from "../state";
import { stepOf } from "./coding";
import { overlayCoding, overlayColour } from "./overlay_style";
import { PICTURES } from "./picture_layer";
import { mapProjection } from "./projections";
import { RasterSource } from "./raster_source";

/** From the lowest to the highest. */
const ORDER: readonly Overlay["kind"][] = ["hillshade", "classes", "probability", "uncertain"];

export class OverlaysOfMap {
  private readonly layers = new Map<string, TileLayer>();

  /** @param failed told why a raster cannot be drawn */
  constructor(
    private readonly map: OlMap,
    private readonly failed: (why: string) => void,
  ) {}

  /** Show the overlays of a period with their opacities; hide all others. */
  show(review: Review, period: string, opacities: Overlays): void {
    const wanted = review.overlays.filter(
      (overlay) => opacities[overlay.kind] > 0 && (overlay.period === null || overlay.period === period),
    );
    for (const overlay of wanted) {
      const layer = this.layers.get(overlay.id) ?? this.added(overlay, review);
      layer.setOpacity(opacities[overlay.kind]);
    }
    const ids = new Set(wanted.map((overlay) => overlay.id));
    for (const [id, layer] of this.layers) {
      if (ids.has(id)) continue;
      this.layers.delete(id);
      this.map.removeLayer(layer);
      layer.getSource()?.dispose();
      layer.dispose();
    }
  }

  private added(overlay: Overlay, review: Review): TileLayer {
    const coding = overlayCoding(overlay);
    const reading = {
      bands: [{ address: overlay.source, index: 1, nodata: overlay.nodata }],
      steps: (numbers: Float64Array, steps: Uint16Array) => {
        steps[0] = stepOf(coding, (numbers[0] ?? Number.NaN) * overlay.scale);
      },
    };
    const layer = new TileLayer({
      className: PICTURES,
      source: new RasterSource(mapProjection(review), reading, (why) => {
        this.failed(`${overlay.id} cannot be read: ${why}`);
      }),
      zIndex: 1 + ORDER.indexOf(overlay.kind),
      style: { color: overlayColour(overlay) as [string, ...number[]] },
      cacheSize: 64,
    });
    this.layers.set(overlay.id, layer);
    this.map.addLayer(layer);
    return layer;
  }
}
