// The maps of the page: the one that is corrected in, and a second one beside or under it with another picture.
import type OlMap from "ol/Map";
import type { Api } from "../api";
import type { Bounds, Layer } from "../contract";
import type { Store } from "../state";

/** What the other parts of the page use of the maps. */
export interface Maps {
  /** The map that outlines are corrected in; its view is shared with the second map. */
  readonly main: OlMap;
  /** Move so that some bounds fill about half of the map. */
  fitTo(bounds: Bounds): void;
  /** The glacier whose outline of the period lies under a pixel of the main map, if any. */
  outlineAt(pixel: number[]): string | null;
  /** Take a changed layer (its version is raised) into the maps; what is drawn stays until the new tiles are there. */
  refresh(layer: Layer): void;
  /** Call a function when a glacier is clicked, or null where none is; the tool is `look`. The result ends that. */
  onPick(listener: (glacId: string | null) => void): () => void;
  /** Start or stop picking by click, for tools that need the clicks themselves. */
  picking: boolean;
}

export declare function createMaps(store: Store, api: Api): Maps;
