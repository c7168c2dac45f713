// What the two maps show beside each other: the period of whose outlines, in a corner of each.
import { pictureOf, periodBeside } from "./period_pictures";
import type { State, Store } from "../state";

/** Write the period of the outlines, and the date of the picture, into both maps while they stand side by side. */
export function showCaptions(store: Store, panes: readonly [HTMLElement, HTMLElement]): void {
  const captions = panes.map((pane) => {
    const caption = document.createElement("p");
    caption.className = "map-caption";
    pane.append(caption);
    return caption;
  });
  store.on(["period", "looks", "views", "review"], (state) => {
    captions.forEach((caption, which) => {
      caption.hidden = state.views !== "linked";
      caption.textContent = captionOf(state, which === 0 ? 0 : 1);
    });
  });
}

function captionOf(state: Readonly<State>, which: 0 | 1): string {
  const date = pictureOf(state.review, state.looks[which])?.date?.slice(0, 10);
  const outlines = `Outlines of ${which === 0 ? state.period : periodBeside(state)}`;
  return date === undefined ? outlines : `${outlines}, picture of ${date}`;
}
