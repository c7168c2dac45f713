// The state of the page: one record, changed in one place, and told to those who listen to its keys.
import type { Draft, Glacier, Preview, Review } from "./contract";

/** How a scene is shown: three bands as colours, or an index of two in grey. */
export interface Look {
  picture: string | null;
  combination: string;
  /** Stretch of each channel, as reflectance (or values of the index). */
  stretch: [number, number][] | null;
  gamma: number;
}

export interface Overlays {
  probability: number; // opacities, 0 to 1
  uncertain: number;
  classes: number;
  hillshade: number;
  unseen: boolean;
  automatic: boolean;
  inventory: boolean;
  /** Periods whose outlines are drawn as thin lines. */
  periods: string[];
}

export type Tool =
  "look" | "move" | "draw" | "add" | "subtract" | "hole" | "split" | "merge" | "terminus";

export interface Unsaved {
  period: string;
  strokes: readonly string[];
}

export interface State {
  review: Review;
  period: string;
  /** The glacier that is looked at or corrected, at full detail as the server has it. */
  glacier: Glacier | null;
  /** Strokes that are not saved yet, and what they would make of the outlines. */
  drafts: Draft[];
  preview: Preview | null;
  tool: Tool;
  /** The first look is that of the main map, the second that beside it. */
  looks: [Look, Look];
  views: "one" | "linked" | "swipe";
  overlays: Overlays;
  /** One line for the reader of the page, said aloud by screen readers. */
  said: string;
  /** Area under the pointer while an outline is changed, and of the polygon that is being drawn [km2]. */
  live?: { glacId: string; area_km2: number; sketch_km2: number | null } | null;
  /** Whether a save is under way, or waits for a server that does not answer. */
  saving?: "idle" | "saving" | "waiting";
  /** What undo and redo would do, in words. */
  steps?: { undo: string | null; redo: string | null };
  /** Unsaved strokes in words, of each period that has any. */
  unsaved?: readonly Unsaved[];
}

type Listener = (state: Readonly<State>) => void;

export class Store {
  private readonly listeners = new Map<keyof State, Set<Listener>>();

  constructor(private current: State) {}

  get state(): Readonly<State> {
    return this.current;
  }

  /** Change some keys; those who listen to any of them are told once. */
  set(change: Partial<State>): void {
    const changed = (Object.keys(change) as (keyof State)[]).filter((key) => change[key] !== this.current[key]);
    if (changed.length === 0) return;
    this.current = { ...this.current, ...change };
    const told = new Set(changed.flatMap((key) => [...(this.listeners.get(key) ?? [])]));
    for (const listener of told) listener(this.current);
  }

  /** Call a function now and whenever one of some keys changes; the result ends that. */
  on(keys: (keyof State)[], listener: Listener): () => void {
    for (const key of keys) {
      const those = this.listeners.get(key) ?? new Set();
      this.listeners.set(key, those.add(listener));
    }
    listener(this.current);
    return () => {
      for (const key of keys) this.listeners.get(key)?.delete(listener);
    };
  }
}
