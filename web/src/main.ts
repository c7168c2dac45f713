// The page: the review is asked for, and each part is given its place.
import { Api, Refused } from "./api";
import { inPage } from "./map/elements";
import { createEditing } from "./edit/editing";
import { readable } from "./edit/readable";
import { MAP_KEYS } from "./map/map_keys";
import { createMaps, type Maps } from "./map/maps";
import { picturesOf } from "./map/period_pictures";
import { createBar } from "./panels/bar";
import { createGlacierPanels } from "./panels/corrections";
import { createLayers } from "./panels/layers";
import { createPictures } from "./panels/pictures";
import "./review.css";
import "./edit.css";
import "./narrow.css";
import { Store } from "./state";

const api = new Api();

async function begin(): Promise<{ store: Store; maps: Maps }> {
  const review = await api.review();
  const period = review.periods.at(-1)?.name ?? "";
  const picture = picturesOf(review, period)[0] ?? review.pictures[0];
  const look = { picture: picture?.id ?? null, combination: "SWIR-NIR-red", stretch: null, gamma: 1 };
  const store = new Store({
    review,
    period,
    glacier: null,
    drafts: [],
    preview: null,
    tool: "look",
    looks: [look, { ...look, combination: "natural" }],
    views: "one",
    overlays: {
      probability: 0,
      uncertain: 0,
      classes: 0,
      hillshade: 0,
      unseen: true,
      automatic: false,
      inventory: false,
      periods: [],
    },
    said: "",
  });
  document.title = `${review.title || review.name} (trimline review)`;
  store.on(["said"], ({ said }) => {
    inPage("status").textContent = inPage("status").title = readable(said);
  });
  const maps = createMaps(store, api);
  createBar(store);
  createPictures(store, api, maps);
  createLayers(store);
  createGlacierPanels(createEditing(store, api, maps), MAP_KEYS);
  return { store, maps };
}

/** The parts of the page once it has begun, for tests and the console of the browser. */
export const parts = begin();
parts.catch((error: unknown) => {
  const why = error instanceof Refused || error instanceof Error ? error.message : String(error);
  inPage("status").textContent = `The review cannot be shown: ${why}`;
});
