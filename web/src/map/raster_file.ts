// A raster file that is read by range requests: its levels of detail, and windows of its bands.
import { fromUrl, Pool, type GeoTIFFImage } from "geotiff";

/** Numbers of one band in a window, row by row. */
export type Numbers = ArrayLike<number>;

/** Side of the tiles of a file without square tiles [pixels]. */
const UNTILED = 256;

/** How much coarser than wanted a level may be: rounding of the sizes of overviews. */
const TOLERANCE = 1.02;

export interface Level {
  image: GeoTIFFImage;
  /** Metres, or degrees, per pixel, west to east and north to south. */
  resolution: readonly [number, number];
}

let pool: Pool | undefined;

/** Workers that unpack tiles, shared by all files. */
function workers(): Pool {
  pool ??= new Pool(Math.max(1, Math.min(4, navigator.hardwareConcurrency - 1)));
  return pool;
}

/** Files whose headers and last read blocks are kept: those of some pictures, a few megabytes each. */
const MOST_FILES = 32;

const files = new Map<string, Promise<RasterFile>>();

/** The file of an address; its headers are read once as long as it is among those last asked for. */
export function openRaster(address: string): Promise<RasterFile> {
  const file = files.get(address) ?? RasterFile.open(address);
  file.catch(() => files.delete(address));
  files.delete(address); // put at the end: asked for last
  files.set(address, file);
  for (const oldest of files.keys()) {
    if (files.size <= MOST_FILES) break;
    files.delete(oldest);
  }
  return file;
}

export class RasterFile {
  private constructor(
    readonly bounds: readonly [number, number, number, number],
    /** From the finest to the coarsest. */
    readonly levels: readonly Level[],
    readonly tileSize: number,
  ) {}

  static async open(address: string): Promise<RasterFile> {
    const file = await fromUrl(address);
    const count = await file.getImageCount();
    const images = await Promise.all(Array.from({ length: count }, (_, at) => file.getImage(at)));
    const pictures = images.filter((image) => ((image.fileDirectory.getValue("NewSubfileType") ?? 0) & 4) === 0);
    pictures.sort((first, second) => second.getWidth() - first.getWidth());
    const [finest] = pictures;
    if (finest === undefined) throw new Error(`${address} holds no picture`);
    const [west = 0, south = 0, east = 0, north = 0] = finest.getBoundingBox();
    const levels = pictures.map((image): Level => {
      return { image, resolution: [(east - west) / image.getWidth(), (north - south) / image.getHeight()] };
    });
    const isTiled = finest.getTileWidth() === finest.getTileHeight();
    return new RasterFile([west, south, east, north], levels, isTiled ? finest.getTileWidth() : UNTILED);
  }

  /**
   * Bands in a square of the ground, one array each.
   * @param corner north-west corner of the square
   * @param resolution wanted [m per pixel]
   * @param side of the square [pixels]
   * @param bands numbers of the bands, from 1
   * @param fill numbers outside of the file, of each band
   */
  async read(
    corner: readonly [number, number],
    resolution: number,
    side: number,
    bands: readonly number[],
    fill: readonly number[],
    signal?: AbortSignal,
  ): Promise<Numbers[]> {
    const { image, resolution: own } = levelFor(this.levels, resolution);
    const [west, , , north] = this.bounds;
    const [left, top] = [(corner[0] - west) / own[0], (north - corner[1]) / own[1]];
    const [width, height] = [(side * resolution) / own[0], (side * resolution) / own[1]];
    const read = await image.readRasters({
      window: [left, top, left + width, top + height].map((edge) => Math.round(edge)),
      width: side,
      height: side,
      samples: bands.map((band) => band - 1),
      fillValue: [...fill],
      pool: workers(),
      interleave: false,
      signal,
    });
    return [...read];
  }
}

/** The coarsest level that is as fine as wanted; the finest where none is. */
export function levelFor(levels: readonly Level[], resolution: number): Level {
  const fine = levels.filter((level) => level.resolution[0] <= resolution * TOLERANCE);
  const level = fine.at(-1) ?? levels[0];
  if (level === undefined) throw new Error("a raster without levels");
  return level;
}
