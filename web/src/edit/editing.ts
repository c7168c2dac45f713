// Corrections on the map: tools, strokes and outlines under correction, put together.
import type { Api } from "../api";
import type { EditRow, Outline } from "../contract";
import type { Maps } from "../map/maps";
import { periodBeside } from "../map/period_pictures";
import type { Store, Tool } from "../state";
import { Corrections } from "./corrections";
import { drawnStroke, mergedStroke, movedStroke, newGlacierId, workingOutlines } from "./drawn";
import type { DrawingTool } from "./drawn";
import { EditLayer, asGeometry, type Role } from "./edit_layer";
import { type Position, planarArea, polygonsOf } from "./geometry";
import { idOf } from "./identity";
import { newEditId } from "./ids";
import { Listing } from "./listing";
import { MapTools } from "./map_tools";
import { liveArea, measureOf } from "./measures";
import { noded } from "./nodes";
import { Picking } from "./picking";
import type { Stroke } from "./strokes";
import { Watching } from "./watching";

type GeoJson = Record<string, unknown>;

const M2_PER_KM2 = 1e6;

export class Editing {
  readonly corrections: Corrections;
  readonly listing: Listing;
  readonly picking: Picking;
  readonly layer: EditLayer;
  readonly tools: MapTools;
  readonly watching: Watching;
  /** Asked whether strokes that an earlier page left unsaved are taken up. */
  onLeftBehind: (strokes: Stroke[]) => Promise<boolean> = () => Promise.resolve(true);
  /** Whether drawn ground is taken from other glaciers. */
  isTaking = false;
  /** The last drawing, until it is known whether it is refused. */
  private lastDrawn: { strokeId: string; tool: DrawingTool; geometry: GeoJson } | null = null;

  constructor(
    readonly store: Store,
    readonly api: Api,
    readonly maps: Maps,
  ) {
    this.corrections = new Corrections(store, api, localStorage);
    this.listing = new Listing(store, api, maps.drawn);
    this.picking = new Picking(store, api, this.listing, (bounds) => {
      maps.fitTo(bounds);
    });
    this.layer = new EditLayer(maps.main, maps.second);
    this.tools = new MapTools(maps.main, this.layer, {
      onMoved: (after) => {
        this.moved(after);
      },
      onDrawn: (tool, geometry) => {
        this.drawn(tool, geometry);
      },
      onMoving: (glacId, geometry) => {
        this.moving(glacId, geometry);
      },
      onSketch: (geometry) => {
        this.sketched(geometry);
      },
      onGivenUp: () => {
        this.show();
      },
    });
    this.watching = new Watching(store, api, {
      own: this.corrections.own,
      onGlaciers: (glacIds, others) => {
        this.changedElsewhere(glacIds, others);
      },
      onDoubts: (periods) => {
        this.listing.renew(periods);
      },
      onReload: () => void this.begin(),
    });
    this.corrections.onSettled = () => {
      this.show();
    };
    this.corrections.onRefused = (stroke, words) => {
      const drawn = this.lastDrawn;
      if (drawn?.strokeId !== stroke.id || !this.resume(drawn.tool, drawn.geometry)) return;
      // What is still there comes first: the line is short, and servers have many words.
      this.say(`Not done, but still drawn (Esc gives it up): ${stroke.what}: ${words}. ${GO_ON}`);
    };
    this.corrections.onSaved = (saved) => {
      this.listing.remove(saved.gone);
      const { glacId } = this.picking;
      if (glacId !== null && saved.gone.includes(glacId)) this.picking.leave();
      return this.picking.refresh();
    };
  }

  /** Begin, once the panels are there that ask and tell. */
  start(): void {
    this.follow();
    void this.watching.run();
  }

  get selected(): string | null {
    return idOf(this.store.state.glacier);
  }

  /** Take a tool; all but drawing a new glacier need one that is picked. */
  use(tool: Tool): void {
    if (this.tools.isDrawing && tool === "look") {
      this.tools.giveUp();
      this.say("Given up.");
      return;
    }
    if (tool !== "look" && tool !== "draw" && this.store.state.glacier?.outline == null) {
      this.say("Pick a glacier first: on the map, in the list, or the next one with n.");
      return;
    }
    this.store.set({ tool, said: SAID[tool] });
  }

  /** Outlines of the map as the strokes leave them. */
  show(): void {
    const { preview, period, tool, drafts, overlays } = this.store.state;
    const glacier = this.store.state.glacier?.period === period ? this.store.state.glacier : null;
    if (!this.corrections.isSettled || this.tools.isBusy) return;
    const saved = [...(glacier?.outline ? [glacier.outline] : []), ...(glacier?.neighbours ?? [])];
    const { selected } = this;
    const changed = new Set([...(preview?.outlines.map((outline) => outline.glac_id) ?? []), ...(preview?.gone ?? [])]);
    const working = workingOutlines(saved, preview);
    const role = (glacId: string): Role =>
      glacId === selected ? "selected" : changed.has(glacId) ? "changed" : "neighbour";
    for (const glacId of working.keys()) {
      if (tool === "look" && role(glacId) === "neighbour") working.delete(glacId);
    }
    this.layer.show(tool === "move" ? this.sharing(working) : working, role);
    this.layer.showBefore(saved.filter((outline) => changed.has(outline.glac_id)));
    const drawn = drafts.flatMap((draft) => (draft.operation === "terminus" && draft.geometry ? [draft.geometry] : []));
    const kept = (glacier?.termini ?? []).flatMap(({ geometry }) => (isGeometry(geometry) ? [geometry] : []));
    this.layer.showLines([...kept, ...drawn]);
    const guides: (Outline | null | undefined)[] = overlays.automatic ? [glacier?.automatic] : [];
    if (overlays.periods.length > 0) guides.push(glacier?.previous, glacier?.next);
    this.layer.showGuides(guides.filter((outline) => outline != null));
    this.store.set({ live: null });
  }

  /** Outlines whose shared borders have the same vertices, so that they move together. */
  private sharing(working: ReadonlyMap<string, Outline>): Map<string, Outline> {
    const geometries = noded(new Map([...working].map(([glacId, { geometry }]) => [glacId, geometry])));
    return new Map(
      [...working].map(([glacId, outline]) => [glacId, { ...outline, geometry: geometries.get(glacId) ?? outline.geometry }]),
    );
  }

  /** Merge another glacier into the picked one. */
  merge(other: string): void {
    const { selected } = this;
    if (selected === null || other === selected) return;
    void this.corrections.draw(mergedStroke(selected, [other]));
  }

  /** Begin again with the review as it is now: it was mapped anew, or the server was started again. */
  async begin(): Promise<void> {
    const review = await this.api.review();
    this.corrections.outlinesChanged();
    const isMappedAnew = review.maps !== this.store.state.review.maps;
    this.store.set({ review });
    if (isMappedAnew) this.say("The outlines were mapped anew; the edits were replayed on them.");
    this.listing.reset();
    await this.picking.refresh();
  }

  private follow(): void {
    const { store, maps } = this;
    store.on(["tool"], ({ tool }) => {
      this.tools.use(tool);
      this.show();
    });
    store.on(["period", "looks", "views", "review"], (state) => {
      this.layer.showBeside = state.views === "linked" && periodBeside(state) === state.period;
    });
    store.on(["glacier", "overlays"], () => {
      this.show();
    });
    store.on(["period"], ({ period, tool, glacier, preview }) => {
      const { glacId } = this.picking;
      // A glacier that only the strokes of another period have is not known here.
      if (glacId !== null && preview?.base[glacId] === "") this.picking.leave();
      // What was drawn or picked in another period does not stay on the map of this one.
      if (this.tools.isBusy) this.tools.use(tool);
      if (glacier !== null && glacier.period !== period) store.set({ glacier: null, preview: null });
      this.listing.reset();
      this.layer.compare([]);
      void this.openPeriod();
      void this.picking.pick(this.picking.glacId);
    });
    maps.main.on("click", (event) => {
      const { tool } = store.state;
      if (tool !== "look" && tool !== "merge") return;
      // Unsaved outlines first: the tiles do not have them.
      const found = this.layer.glacierAt(event.coordinate) ?? maps.outlineAt(event.pixel);
      if (tool === "look") void this.picking.pick(found);
      else if (found === null) this.say("No glacier there.");
      else this.merge(found);
    });
  }

  private async openPeriod(): Promise<void> {
    let left = this.corrections.leftBehind();
    if (left.length > 0) {
      // A page that ended right after a save did not learn that its strokes are kept.
      const { edits } = await this.api.edits().catch(() => ({ edits: [] }));
      left = this.corrections.leftBehind(new Set(edits.map((edit) => edit.edit_id)));
    }
    if (left.length === 0) await this.corrections.periodChanged();
    else if (await this.onLeftBehind(left)) await this.corrections.takeUp(left);
    else await this.corrections.throwAway();
  }

  private moved(after: Map<string, GeoJson>): void {
    const stroke = movedStroke(this.layer.given, after);
    if (stroke === null) this.show();
    else void this.corrections.draw(stroke);
  }

  private drawn(tool: DrawingTool, geometry: GeoJson): void {
    const glacId = tool === "draw" ? newGlacierId(this.store.state.review.name, newEditId()) : this.selected;
    if (glacId === null) return;
    if (tool === "hole" && !this.isInside(glacId, geometry)) {
      this.show();
      const isResumed = this.resume(tool, geometry);
      this.say(`No hole: it must lie within the outline. To cut its edge, subtract (-).${isResumed ? ` ${GO_ON}` : ""}`);
      return;
    }
    const stroke = drawnStroke(tool, glacId, geometry, this.isTaking);
    this.lastDrawn = { strokeId: stroke.id, tool, geometry };
    void this.corrections.draw(stroke).then(() => {
      const isThere = this.store.state.preview?.outlines.some((outline) => outline.glac_id === glacId) ?? false;
      if (tool === "draw" && isThere) void this.picking.pick(glacId);
    });
  }

  /** Put a drawing that came to nothing back into the hand, if the tool is still the same. */
  private resume(tool: DrawingTool, geometry: GeoJson): boolean {
    return this.store.state.tool === tool && this.tools.resume(geometry);
  }

  private isInside(glacId: string, polygon: GeoJson): boolean {
    const outline = this.layer.given.get(glacId);
    if (outline === undefined) return false;
    const ground = asGeometry(outline);
    const corners: Position[] = polygonsOf(polygon).flat(2);
    return corners.every((corner) => ground.intersectsCoordinate(corner));
  }

  private moving(glacId: string, geometry: GeoJson): void {
    const area_km2 = this.liveAreaOf(geometry);
    if (area_km2 !== null) this.store.set({ live: { glacId, area_km2, sketch_km2: null } });
  }

  private sketched(geometry: GeoJson): void {
    if (geometry.type !== "Polygon") return;
    const { glacier, preview } = this.store.state;
    const sketch_km2 = this.liveAreaOf(geometry) ?? planarArea(geometry) / M2_PER_KM2;
    const area_km2 = measureOf(glacier, preview)?.area_km2 ?? 0;
    this.store.set({ live: { glacId: this.selected ?? "", area_km2, sketch_km2 } });
  }

  private liveAreaOf(geometry: GeoJson): number | null {
    const measure = measureOf(this.store.state.glacier, this.store.state.preview);
    const given = measure === null ? undefined : this.layer.given.get(measure.glac_id);
    if (measure === null || given === undefined) return null;
    return liveArea(geometry, { geometry: given, area_km2: measure.area_km2 });
  }

  private changedElsewhere(glacIds: string[], others: EditRow[]): void {
    const { preview, glacier, said } = this.store.state;
    const { glacId: picked } = this.picking;
    void this.listing.refresh(glacIds.filter((glacId) => glacId !== picked));
    const around = [picked, ...(glacier?.neighbours.map((outline) => outline.glac_id) ?? [])];
    if (glacIds.some((glacId) => around.includes(glacId))) void this.picking.refresh();
    if (others.length === 0) return;
    this.corrections.outlinesChanged();
    if (preview !== null && glacIds.some((glacId) => glacId in preview.base)) {
      this.say(`${said} You have unsaved strokes there: saving them shows both.`);
    }
  }

  private say(said: string): void {
    this.store.set({ said });
  }
}

const GO_ON = "Backspace takes corners back, Enter tries again.";

const SAID: Record<Tool, string> = {
  look: "Look: a click picks a glacier.",
  move: "Move vertices: drag one, or an edge to insert one; Alt+click or Delete takes one out.",
  draw: "Draw a new glacier: click its corners, Enter ends, Backspace takes the last one back.",
  add: "Draw the ground to be added.",
  subtract: "Draw the ground to be taken away.",
  hole: "Draw the hole, within the outline.",
  split: "Draw a line across the whole glacier; the part on its right gets a new name.",
  merge: "Click the glacier to be merged into the picked one.",
  terminus: "Draw the line of the terminus.",
};

function isGeometry(value: unknown): value is GeoJson {
  return typeof value === "object" && value !== null && "coordinates" in value;
}

export function createEditing(store: Store, api: Api, maps: Maps): Editing {
  return new Editing(store, api, maps);
}

