// The page: the review is asked for, and each part is given its place.
import { Api } from "./api";
import "./review.css";
import { Store } from "./state";

const api = new Api();
const review = await api.review();
const period = review.periods.at(-1)?.name ?? "";
const look = { picture: review.pictures[0]?.id ?? null, combination: "SWIR-NIR-red", stretch: null, gamma: 1 };
export const store = new Store({
  review,
  period,
  glacier: null,
  drafts: [],
  preview: null,
  tool: "look",
  looks: [look, look],
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
document.title = review.title || review.name;
