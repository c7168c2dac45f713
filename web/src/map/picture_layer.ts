// The layer of a picture: its bands read from their files by range requests, coloured by the graphics card.
import TileLayer from "ol/layer/WebGLTile";
import type OlMap from "ol/Map";
import type { Band, Picture, Review } from "../contract";
import type { Look } from "../state";
import { stepsAt } from "./coding";
import { bandsOf, combinationOf, stretchOf, type Combination } from "./combinations";
import { codingsOf, colourOf, stepsOf, valuesOf, variablesOf } from "./picture_style";
import { pictureProjection } from "./projections";
import { RasterSource, type Reading } from "./raster_source";

/** Class of the canvas that pictures are drawn on. */
export const PICTURES = "pictures-canvas";

/** Points on a side of the grid at which the values in view are read. */
const VIEW_SAMPLES = 64;

/** Tiles that are kept on the graphics card; one of 512 pixels takes a megabyte. */
const MOST_TILES = 192;

/** Milliseconds for which the former picture stays under a new one that is not there yet. */
const LONGEST_HANDOVER_MS = 4000;

interface Shown {
  picture: Picture;
  combination: Combination;
  bands: Band[];
  layer: TileLayer;
}

/** The picture of one map, as a look tells. */
export class PictureOfMap {
  private shown: Shown | null = null;
  private former: TileLayer[] = [];

  /** @param failed told why a picture cannot be drawn */
  constructor(
    private readonly map: OlMap,
    private readonly review: () => Review,
    private readonly failed: (why: string) => void,
  ) {}

  /** Show a look; where only stretch and gamma changed, nothing is loaded. */
  show(look: Look): void {
    const picture = this.review().pictures.find((each) => each.id === look.picture);
    const combination = picture?.state === "ready" ? combinationOf(picture, look.combination) : null;
    if (!picture || !combination) {
      this.clear();
      return;
    }
    const variables = variablesOf(stretchOf(look, picture, combination), look.gamma);
    if (this.shown?.combination === combination && isDrawnAlike(this.shown.picture, picture)) {
      this.shown.layer.updateStyleVariables(variables);
    } else this.replace(picture, combination, variables);
  }

  /** Values of each channel over the part of the picture that is in view, at points of a grid. */
  valuesInView(): number[][] {
    const size = this.map.getSize();
    if (!this.shown || !size) return [];
    const codings = codingsOf(this.shown.combination, this.shown.bands);
    const channels: number[][] = codings.map(() => []);
    for (let row = 0; row < VIEW_SAMPLES; row++) {
      for (let column = 0; column < VIEW_SAMPLES; column++) {
        const pixel = [column, row].map((at, axis) => ((at + 0.5) / VIEW_SAMPLES) * (size[axis] ?? 0));
        const bytes = this.shown.layer.getData(pixel);
        const steps = bytes instanceof Uint8Array ? stepsAt(bytes, 0) : null;
        if (steps === null) continue;
        valuesOf(codings, steps).forEach((value, channel) => channels[channel]?.push(value));
      }
    }
    return channels;
  }

  private replace(picture: Picture, combination: Combination, variables: Record<string, number>): void {
    this.retire();
    const bands = bandsOf(picture, combination);
    const projection = pictureProjection(picture, this.review());
    if (bands === null || projection === null) {
      this.drop();
      this.failed(`${picture.title}: ${bands === null ? "bands are missing" : "its projection is not known"}`);
      return;
    }
    const source = new RasterSource(projection, readingOf(picture, combination, bands), (why) => {
      this.failed(`${picture.title} cannot be read: ${why}`);
    });
    const color = colourOf(codingsOf(combination, bands)) as [string, ...number[]];
    const layer = new TileLayer({ className: PICTURES, source, zIndex: 0, style: { color, variables }, cacheSize: MOST_TILES });
    const shown: Shown = { picture, combination, bands, layer };
    this.shown = shown;
    this.map.getLayers().insertAt(0, layer);
    const handOver = () => {
      if (this.shown === shown) this.drop();
    };
    this.map.once("rendercomplete", handOver);
    setTimeout(handOver, LONGEST_HANDOVER_MS);
  }

  private clear(): void {
    this.retire();
    this.drop();
  }

  /** Keep the present layer, under the coming one, until that is drawn. */
  private retire(): void {
    if (this.shown === null) return;
    this.shown.layer.setZIndex(-1);
    this.former.push(this.shown.layer);
    this.shown = null;
  }

  private drop(): void {
    for (const layer of this.former.splice(0)) {
      this.map.removeLayer(layer);
      layer.getSource()?.dispose();
      layer.dispose();
    }
  }
}

function readingOf(picture: Picture, combination: Combination, bands: readonly Band[]): Reading {
  return {
    bands: bands.map(({ source, index, nodata }) => ({ address: picture.sources[source] ?? "", index, nodata })),
    steps: stepsOf(combination, bands),
  };
}

/** Whether two states of a picture are drawn from the same files. */
function isDrawnAlike(first: Picture, second: Picture): boolean {
  return first.id === second.id && first.sources.join() === second.sources.join();
}
