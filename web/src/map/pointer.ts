// The line under the map: where the pointer is, how far in one is, and which pictures are seen; and a cross at the
// same place in the other map.
import type OlMap from "ol/Map";
import Overlay from "ol/Overlay";
import type { State, Store } from "../state";
import { combinationOf } from "./combinations";
import { inPage } from "./elements";
import { creditOf, crsText, placeText, resolutionText } from "./readout";

/** @param outlineAt glacier whose outline lies under a pixel of the first map */
export function showPointer(
  store: Store,
  maps: readonly [OlMap, OlMap],
  outlineAt: (pixel: number[]) => string | null,
): void {
  const [loading, place, resolution] = [line("loading"), line("place"), line("resolution")];
  loading.textContent = "loading";
  inPage("readout").append(loading, place, resolution);
  const crosses = maps.map((map) => crossOn(map));
  maps.forEach((map, which) => {
    map.on("pointermove", (event) => {
      if (event.dragging) return;
      place.textContent = `${placeText(event.coordinate, store.state.review)} (${crsText(store.state.review)})`;
      crosses[1 - which]?.setPosition(store.state.views === "linked" ? event.coordinate : undefined);
      if (which !== 0) return;
      const isOver = store.state.tool === "look" && outlineAt(event.pixel) !== null;
      map.getTargetElement()?.classList.toggle("over-outline", isOver);
    });
    map.getTargetElement()?.addEventListener("pointerleave", () => {
      crosses[1 - which]?.setPosition(undefined);
    });
  });
  maps[0].on("loadstart", () => {
    loading.classList.add("on");
  });
  maps[0].on("loadend", () => {
    loading.classList.remove("on");
  });
  maps[0].on("moveend", () => {
    resolution.textContent = resolutionText(maps[0].getView().getResolution() ?? Number.NaN);
  });
  store.on(["looks", "views", "review"], (state) => {
    const element = inPage("attribution");
    element.textContent = element.title = credits(state);
  });
}

function credits(state: Readonly<State>): string {
  const shown = state.views === "one" ? state.looks.slice(0, 1) : state.looks;
  const texts = shown.flatMap((look) => {
    const picture = state.review.pictures.find((each) => each.id === look.picture);
    if (!picture) return [];
    return [creditOf(picture, combinationOf(picture, look.combination)?.name ?? "")];
  });
  return texts.length === 0 ? "No picture" : texts.join(" | ");
}

function line(name: string): HTMLElement {
  const element = document.createElement("span");
  element.className = name;
  return element;
}

function crossOn(map: OlMap): Overlay {
  const element = document.createElement("div");
  element.className = "cross";
  const cross = new Overlay({ element, positioning: "center-center", stopEvent: false });
  map.addOverlay(cross);
  return cross;
}
