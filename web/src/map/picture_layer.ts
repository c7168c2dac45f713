// The layer of a picture: its bands read from their files by range requests, coloured by the graphics card.
import TileLayer from "ol/layer/WebGLTile";
import GeoTIFF from "ol/source/GeoTIFF";
import type OlMap from "ol/Map";
import type { Picture, Review } from "../contract";
import type { Look } from "../state";
import { bandsOf, combinationOf, stretchOf, type Combination } from "./combinations";
import { channelValues, colourOf, readingOf, variablesOf } from "./picture_style";
import { pictureProjection } from "./projections";

/** Class of the canvas that pictures are drawn on. */
export const PICTURES = "pictures-canvas";

/** Points on a side of the grid at which the values in view are read. */
const VIEW_SAMPLES = 64;

/** Milliseconds for which the former picture stays under a new one that is not there yet. */
const LONGEST_HANDOVER_MS = 4000;

/** The picture of one map, as a look tells. */
export class PictureOfMap {
  private layer: TileLayer | null = null;
  private former: TileLayer[] = [];
  private shown: { picture: Picture; combination: Combination } | null = null;

  /** @param failed told why a picture cannot be drawn */
  constructor(
    private readonly map: OlMap,
    private readonly review: () => Review,
    private readonly failed: (why: string) => void,
  ) {}

  /** Show a look; only stretch and gamma changed: nothing is loaded. */
  show(look: Look): void {
    const picture = this.review().pictures.find((each) => each.id === look.picture);
    const combination = picture?.state === "ready" ? combinationOf(picture, look.combination) : null;
    if (!picture || !combination) {
      this.clear();
      return;
    }
    const variables = variablesOf(stretchOf(look, picture, combination), look.gamma);
    const same = this.shown?.combination === combination && drawnAlike(this.shown.picture, picture);
    if (same) this.layer?.updateStyleVariables(variables);
    else this.replace(picture, combination, variables);
  }

  /** Values of each channel over the part of the picture that is in view, at points of a grid. */
  valuesInView(): number[][] {
    const bands = this.shown ? bandsOf(this.shown.picture, this.shown.combination) : null;
    const size = this.map.getSize();
    if (!this.shown || !bands || !size || !this.layer) return [];
    const { numbers } = readingOf(this.shown.picture.sources, bands);
    const channels: number[][] = this.shown.combination.channels.map(() => []);
    for (let row = 0; row < VIEW_SAMPLES; row++) {
      for (let column = 0; column < VIEW_SAMPLES; column++) {
        const at = [((column + 0.5) / VIEW_SAMPLES) * (size[0] ?? 0), ((row + 0.5) / VIEW_SAMPLES) * (size[1] ?? 0)];
        const data = this.layer.getData(at);
        if (!(data instanceof Float32Array) || data.at(-1) === 0) continue;
        const reflectance = bands.map((band, at) => (data[(numbers[at] ?? 1) - 1] ?? Number.NaN) * band.scale + band.offset);
        channelValues(this.shown.combination, reflectance).forEach((value, channel) => channels[channel]?.push(value));
      }
    }
    return channels;
  }

  private replace(picture: Picture, combination: Combination, variables: Record<string, number>): void {
    const bands = bandsOf(picture, combination);
    const projection = pictureProjection(picture, this.review());
    if (bands === null || projection === null) {
      this.clear();
      this.failed(`${picture.title}: ${bands === null ? "bands are missing" : "its projection is not known"}`);
      return;
    }
    const { sources, numbers } = readingOf(picture.sources, bands);
    const source = new GeoTIFF({ sources, normalize: false, projection, interpolate: false, transition: 0 });
    const color = colourOf(combination, bands, numbers) as [string, ...number[]];
    const layer = new TileLayer({ className: PICTURES, source, zIndex: 0, style: { color, variables }, cacheSize: 128 });
    source.on("change", () => {
      if (source.getState() !== "error" || this.layer !== layer) return;
      this.failed(`${picture.title} cannot be read: ${source.getError()?.message ?? "unknown error"}`);
    });
    this.retire();
    this.map.getLayers().insertAt(0, layer);
    this.layer = layer;
    this.shown = { picture, combination };
    const handedOver = () => {
      if (this.layer === layer) this.drop();
    };
    this.map.once("rendercomplete", handedOver);
    setTimeout(handedOver, LONGEST_HANDOVER_MS);
  }

  private clear(): void {
    this.retire();
    this.drop();
    this.shown = null;
  }

  /** Keep the present layer, under the coming one, until that is drawn. */
  private retire(): void {
    if (this.layer) {
      this.layer.setZIndex(-1);
      this.former.push(this.layer);
    }
    this.layer = null;
  }

  private drop(): void {
    for (const layer of this.former.splice(0)) {
      this.map.removeLayer(layer);
      layer.getSource()?.dispose();
      layer.dispose();
    }
  }
}

/** Whether two states of a picture are drawn from the same files. */
function drawnAlike(first: Picture, second: Picture): boolean {
  return first.id === second.id && first.sources.join() === second.sources.join();
}
