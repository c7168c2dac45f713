// The maps of the page: the one that is corrected in, and a second one beside or under it with another picture.
import Kinetic from "ol/Kinetic";
import OlMap from "ol/Map";
import type View from "ol/View";
import { ScaleLine, Zoom } from "ol/control";
import type Control from "ol/control/Control";
import { shiftKeyOnly } from "ol/events/condition";
import { DragPan, DragZoom, KeyboardPan, MouseWheelZoom, PinchZoom } from "ol/interaction";
import type Interaction from "ol/interaction/Interaction";
import "ol/ol.css";
import "./map.css";
import type { Api } from "../api";
import type { Bounds, Layer } from "../contract";
import { idOf } from "../edit/identity";
import type { State, Store } from "../state";
import { showCaptions } from "./captions";
import { iconButton, inPage, note, pane } from "./elements";
import { isTyped, zoomByKey } from "./map_keys";
import { OutlinesOfMap, OutlineSources } from "./outline_layers";
import { OverlaysOfMap } from "./overlay_layers";
import { periodBeside } from "./period_pictures";
import { PictureOfMap } from "./picture_layer";
import { showPointer } from "./pointer";
import { registerProjections } from "./projections";
import { createSwipe } from "./swipe";
import { moveTo, reviewView } from "./view";
import { withoutPictures } from "./webgl";

/** What the other parts of the page use of the maps. */
export interface Maps {
  /** The map that outlines are corrected in; its view is shared with the second map. */
  readonly main: OlMap;
  /** The map beside it, or under it. */
  readonly second: OlMap;
  /** Kept when the first view of the main map is drawn, or after some seconds. */
  readonly drawn: Promise<void>;
  /** Move so that some bounds fill about half of the map. */
  fitTo(bounds: Bounds): void;
  /** The glacier whose outline of the period lies under a pixel of the main map, if any. */
  outlineAt(pixel: number[]): string | null;
  /** Take a changed layer (its version is raised) into the maps; what is drawn stays until the new tiles are there. */
  refresh(layer: Layer): void;
  /** Values of each channel of the first or second picture, where it is in view. */
  valuesInView(which: 0 | 1): number[][];
}

/** Milliseconds after which others no longer wait for the first view. */
const LONGEST_FIRST_VIEW_MS = 5000;

/** Share of the map that all outlines fill at first. */
const ALL_FILLED = 0.9;

/** Drawing of the button that shows all outlines: four corners. */
const CORNERS = "M2 6V2H6M10 2H14V6M14 10V14H10M6 14H2V10";

/** Key that hides the outlines while it is held. */
const HIDE_KEY = "h";

export function createMaps(store: Store, api: Api): Maps {
  const { review } = store.state;
  registerProjections(review);
  const section = inPage("maps");
  const [mainPane, secondPane] = [pane("main-map", "Map of outlines and first picture"), pane("second-map", "Second picture")];
  section.append(secondPane, mainPane, createSwipe(section));
  const view = reviewView(review);
  const main = new OlMap({ target: mainPane, view, controls: controls(), interactions: movements(store), moveTolerance: 3 });
  const second = new OlMap({ target: secondPane, view, controls: [], interactions: movements(store), moveTolerance: 3 });
  const both = [main, second] as const;
  const showAll = () => {
    moveTo(main, store.state.review.extent, ALL_FILLED);
  };
  mainPane.querySelector(".ol-zoom")?.append(iconButton(CORNERS, "Show all outlines (Home)", showAll));
  moveTo(main, review.extent, ALL_FILLED, 0);

  const pictures = drawPictures(store, section, both);
  const sources = new OutlineSources(api, review);
  const outlines = drawOutlines(store, sources, both);
  store.on(["views"], ({ views }) => {
    section.dataset.views = views;
    for (const map of both) map.updateSize();
  });
  new ResizeObserver(() => {
    for (const map of both) map.updateSize();
  }).observe(section);

  const maps: Maps = {
    main,
    second,
    drawn: new Promise((resolve) => {
      main.once("rendercomplete", () => { resolve(); });
      setTimeout(resolve, LONGEST_FIRST_VIEW_MS);
    }),
    fitTo: (bounds) => {
      moveTo(main, bounds);
    },
    outlineAt: (pixel) => outlines.at(main.getCoordinateFromPixel(pixel)),
    refresh: (layer) => {
      sources.refresh(layer);
    },
    valuesInView: (which) => pictures[which]?.valuesInView() ?? [],
  };
  showCaptions(store, [mainPane, secondPane]);
  showPointer(store, both, (pixel) => maps.outlineAt(pixel));
  listenToKeys(view, section, showAll);
  return maps;
}

/** Pictures and overlays of both maps follow the state; without WebGL a note tells so instead. */
function drawPictures(store: Store, section: HTMLElement, maps: readonly OlMap[]): PictureOfMap[] {
  const missing = withoutPictures();
  if (missing !== null) {
    section.append(note(missing));
    return [];
  }
  const failed = (why: string) => {
    store.set({ said: why });
  };
  const pictures = maps.map((map) => new PictureOfMap(map, () => store.state.review, failed));
  const overlays = maps.map((map) => new OverlaysOfMap(map, failed));
  store.on(["looks", "views", "review"], (state) => {
    state.looks.forEach((look, which) => {
      if (isUsed(which, state)) pictures[which]?.show(look);
    });
  });
  store.on(["overlays", "period", "views", "review", "looks"], (state) => {
    overlays.forEach((each, which) => {
      const period = which === 1 && state.views === "linked" ? periodBeside(state) : state.period;
      if (isUsed(which, state)) each.show(state.review, period, state.overlays);
    });
  });
  return pictures;
}

/** Outlines of the first map, and of the second where it stands beside it, follow the state. */
function drawOutlines(store: Store, sources: OutlineSources, [main, second]: readonly [OlMap, OlMap]): OutlinesOfMap {
  const [first, other] = [new OutlinesOfMap(main, sources), new OutlinesOfMap(second, sources)];
  store.on(["overlays", "period", "views", "review", "looks"], (state) => {
    for (const layer of state.review.layers) sources.refresh(layer);
    first.show(state.review, state.period, state.overlays);
    if (state.views === "linked") other.show(state.review, periodBeside(state), state.overlays);
  });
  store.on(["preview", "period", "looks", "review"], (state) => {
    const { preview } = state;
    const changed = new Set([...(preview?.outlines.map((outline) => outline.glac_id) ?? []), ...(preview?.gone ?? [])]);
    first.hide(changed);
    other.hide(periodBeside(state) === state.period ? changed : new Set());
  });
  store.on(["glacier"], ({ glacier }) => {
    other.mark(idOf(glacier));
  });
  return first;
}

function isUsed(which: number, state: Readonly<State>): boolean {
  return which === 0 || state.views !== "one";
}

function controls(): Control[] {
  return [new Zoom({ zoomInTipLabel: "Zoom in", zoomOutTipLabel: "Zoom out" }), new ScaleLine({ minWidth: 80 })];
}

/** Ways to move a map; the box drawn with Shift only while nothing else is drawn. No double click, which ends a line. */
function movements(store: Store): Interaction[] {
  return [
    new DragPan({ kinetic: new Kinetic(-0.005, 0.05, 100) }),
    new DragZoom({ condition: (event) => store.state.tool === "look" && shiftKeyOnly(event) }),
    new MouseWheelZoom(),
    new PinchZoom(),
    new KeyboardPan(),
  ];
}

function listenToKeys(view: View, section: HTMLElement, showAll: () => void): void {
  addEventListener("keydown", (event) => {
    if (isTyped(event)) return;
    if (event.key === "Home") showAll();
    else if (event.key === HIDE_KEY) section.classList.add("without-outlines");
    else if (!zoomByKey(view, event.key)) return;
    event.preventDefault();
  });
  const shown = () => {
    section.classList.remove("without-outlines");
  };
  addEventListener("keyup", (event) => {
    if (event.key === HIDE_KEY) shown();
  });
  addEventListener("blur", shown);
}
