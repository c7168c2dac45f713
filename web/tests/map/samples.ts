// A picture and a review as the server tells of them, for tests.
import type { Band, Picture, Review } from "../../src/contract";
import type { Look, State } from "../../src/state";

export function band(name: string, source: number, change: Partial<Band> = {}): Band {
  return { name, source, index: 1, scale: 1e-4, offset: -0.1, nodata: 0, low: 0.05, high: 0.6, ...change };
}

export function picture(id: string, change: Partial<Picture> = {}): Picture {
  return {
    id,
    title: id,
    date: "2018-08-23T04:40:00Z",
    sensor: "Landsat 8 OLI",
    periods: ["2018"],
    reference: false,
    cloud_cover: null,
    state: "ready",
    why: null,
    crs: "EPSG:32646",
    proj4: null,
    extent: [500000, 3794240, 505760, 3800000],
    sources: ["/api/rasters/a", "/api/rasters/b", "/api/rasters/c"],
    bands: [band("green", 0), band("red", 0, { index: 2 }), band("nir", 1), band("swir1", 2, { high: 0.3 })],
    combinations: ["SWIR-NIR-red", "NDSI", "red/SWIR"],
    ...change,
  };
}

export const LOOK: Look = { picture: "b", combination: "SWIR-NIR-red", stretch: null, gamma: 1 };

export function review(change: Partial<Review> = {}): Review {
  return {
    name: "range",
    title: "",
    kind: "project",
    crs: "EPSG:32646",
    proj4: "+proj=utm +zone=46 +datum=WGS84 +units=m +no_defs",
    extent: [500000, 3794240, 505760, 3800000],
    grid: { origin: [487327.5, 3812482.5], tile_size: 512, resolutions: [60, 30, 15, 7.5] },
    periods: ["1988", "2004", "2018"].map((name) => {
      return { name, first: Number(name), last: Number(name), glaciers: 4, area_km2: 9 };
    }),
    layers: [],
    pictures: [picture("a", { periods: ["1988"] }), picture("b"), picture("c", { reference: true })],
    overlays: [],
    author: null,
    sequence: 0,
    maps: "",
    problems: [],
    ...change,
  };
}

export function state(change: Partial<State> = {}): State {
  const overlays = {
    probability: 0,
    uncertain: 0,
    classes: 0,
    hillshade: 0,
    unseen: true,
    automatic: false,
    inventory: false,
    periods: [],
  };
  return {
    review: review(),
    period: "2018",
    glacier: null,
    drafts: [],
    preview: null,
    tool: "look",
    looks: [LOOK, LOOK],
    views: "one",
    overlays,
    said: "",
    ...change,
  };
}
