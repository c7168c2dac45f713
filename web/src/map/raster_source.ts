// A raster as OpenLayers draws it: tiles on the grid of its finest file, their values coded in four bytes.
import DataTileSource from "ol/source/DataTile";
import TileGrid from "ol/tilegrid/TileGrid";
import { putSteps } from "./coding";
import { openRaster, type Numbers, type RasterFile } from "./raster_file";

/** One band that is read. */
export interface ReadBand {
  address: string;
  /** Number in its file, from 1. */
  index: number;
  nodata: number | null;
}

/** What is read and how it is kept. */
export interface Reading {
  bands: readonly ReadBand[];
  /** Puts the steps (see `coding`) of up to three channels, from the numbers of the bands at a pixel. */
  steps: (numbers: Float64Array, steps: Uint16Array) => void;
}

/** A raster that may lie in several files, of different resolution; it is `loading` until their headers are read. */
export class RasterSource extends DataTileSource {
  /** @param failed told why the files cannot be read */
  constructor(
    projection: string,
    private readonly reading: Reading,
    failed: (why: string) => void,
  ) {
    super({ state: "loading", projection, bandCount: 4, interpolate: false, wrapX: false, transition: 0 });
    this.loading = true; // so that the map does not call itself complete before the picture is there
    this.open().catch((error: unknown) => {
      this.loading = false;
      this.setState("error");
      failed(error instanceof Error ? error.message : String(error));
    });
  }

  private async open(): Promise<void> {
    const addresses = [...new Set(this.reading.bands.map((band) => band.address))];
    const files = await Promise.all(addresses.map(openRaster));
    const finest = files.reduce((first, second) => (resolutionOf(second) < resolutionOf(first) ? second : first));
    const [west, , , north] = finest.bounds;
    const resolutions = ladder(finest);
    const side = finest.tileSize;
    this.tileGrid = new TileGrid({ extent: [...finest.bounds], origin: [west, north], resolutions, tileSize: side });
    this.setLoader(async (z, x, y, { signal }) => {
      const resolution = resolutions[z] ?? resolutionOf(finest);
      const corner = [west + x * side * resolution, north - y * side * resolution] as const;
      const read = await Promise.all(
        files.map((file, at) => {
          const bands = this.reading.bands.filter((band) => band.address === addresses[at]);
          const fill = bands.map((band) => band.nodata ?? 0);
          return file.read(corner, resolution, side, bands.map((band) => band.index), fill, signal);
        }),
      );
      await nextTurn();
      signal.throwIfAborted();
      return coded(inOrder(this.reading.bands, addresses, read), this.reading, side * side);
    });
    this.loading = false;
    this.setState("ready");
  }
}

/** Resolutions of the levels, falling; each half of the one before, as overviews mostly are. */
function ladder(file: RasterFile): number[] {
  const finest = resolutionOf(file);
  const coarsest = file.levels.at(-1)?.resolution[0] ?? finest;
  const steps = Math.max(0, Math.round(Math.log2(coarsest / finest)));
  return Array.from({ length: steps + 1 }, (_, at) => finest * 2 ** (steps - at));
}

function resolutionOf(file: RasterFile): number {
  return file.levels[0]?.resolution[0] ?? Number.POSITIVE_INFINITY;
}

/** Numbers of each band, in the order of the bands, from those of each file. */
function inOrder(bands: readonly ReadBand[], addresses: readonly string[], read: readonly Numbers[][]): Numbers[] {
  const taken = addresses.map(() => 0);
  return bands.map((band) => {
    const file = addresses.indexOf(band.address);
    const at = taken[file] ?? 0;
    taken[file] = at + 1;
    return read[file]?.[at] ?? [];
  });
}

/** Bytes of the pixels of a tile; a pixel that lacks a band has no data. */
export function coded(read: readonly Numbers[], { bands, steps }: Reading, pixels: number): Uint8Array {
  const bytes = new Uint8Array(4 * pixels);
  const [numbers, channels] = [new Float64Array(read.length), new Uint16Array(3)];
  for (let pixel = 0; pixel < pixels; pixel++) {
    let hasData = true;
    for (let band = 0; band < read.length; band++) {
      const number = read[band]?.[pixel] ?? Number.NaN;
      numbers[band] = number;
      if (Number.isNaN(number) || number === bands[band]?.nodata) hasData = false;
    }
    if (!hasData) continue;
    steps(numbers, channels);
    putSteps(bytes, 4 * pixel, channels);
  }
  return bytes;
}

let turn: Promise<void> = Promise.resolve();

/** Wait until no other tile is put into the same frame: many at once would hold the map still. */
function nextTurn(): Promise<void> {
  turn = turn.then(() => new Promise((resolve) => requestAnimationFrame(() => { resolve(); })));
  return turn;
}
