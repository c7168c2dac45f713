// A server in the memory of a test: what it is asked is kept, what it answers is set.
import { Refused } from "../../src/api";
import type * as contract from "../../src/contract";
import { Store, type State } from "../../src/state";

export function square(west: number, south: number, side: number): Record<string, unknown> {
  const [east, north] = [west + side, south + side];
  const ring = [[west, south], [east, south], [east, north], [west, north], [west, south]];
  return { type: "Polygon", coordinates: [ring] };
}

export function outline(glac_id: string, version = "v1", geometry = square(0, 0, 1000)): contract.Outline {
  return { glac_id, glac_name: null, version, geometry };
}

export function row(glac_id: string, change: Partial<contract.GlacierRow> = {}): contract.GlacierRow {
  const doubts = { doubt: null, margin: null, disagreement: null, jump: null };
  return { glac_id, glac_name: null, area_km2: 1, state: "open", edits: 0, bounds: [0, 0, 1, 1], ...doubts, ...change };
}

export function edit(edit_id: string, change: Partial<contract.EditRow> = {}): contract.EditRow {
  const who = { author: "Ana", time: "2026-01-02T03:04:05Z", reason: "rock", image: null, reverts: null };
  return { edit_id, operation: "add", period: "2018", glac_id: "G1", state: "applied", text: "", ...who, ...change };
}

export function preview(drafts: contract.Draft[], change: Partial<contract.Preview> = {}): contract.Preview {
  return {
    outlines: [outline("G1", `after ${drafts.length}`)],
    gone: [],
    measures: [],
    base: { G1: "v1" },
    notes: drafts.map(() => ""),
    is_applied: drafts.map(() => true),
    ...change,
  };
}

/** Answers as they are set; by default every draft does something and every save is kept. */
export class FakeServer {
  readonly previewed: contract.Draft[][] = [];
  readonly saved: contract.SaveRequest[] = [];
  readonly reverted: contract.RevertRequest[] = [];
  onPreview: (drafts: contract.Draft[]) => contract.Preview | Promise<contract.Preview> = (drafts) => preview(drafts);
  onSave: (request: contract.SaveRequest) => contract.Saved = (request) => ({
    sequence: 2,
    edits: request.drafts.map((draft) => edit(draft.edit_id)),
    outlines: [],
    gone: [],
  });
  onRevert: (request: contract.RevertRequest) => contract.Saved = (request) => ({
    sequence: 3,
    edits: [edit(request.new_edit_id), ...request.edit_ids.map((_, i) => edit(`${request.new_edit_id}-${i + 2}`))],
    outlines: [],
    gone: [],
  });

  async preview(_period: string, drafts: contract.Draft[]): Promise<contract.Preview> {
    this.previewed.push(drafts);
    await Promise.resolve();
    return this.onPreview(drafts);
  }

  async save(request: contract.SaveRequest): Promise<contract.Saved> {
    this.saved.push(request);
    await Promise.resolve();
    return this.onSave(request);
  }

  async revert(request: contract.RevertRequest): Promise<contract.Saved> {
    this.reverted.push(request);
    await Promise.resolve();
    return this.onRevert(request);
  }

  glacier(): Promise<contract.Glacier> {
    return Promise.reject(new Refused(404, { what: "no glacier" }));
  }
}

export class Memory {
  private readonly kept = new Map<string, string>();
  isFull = false;

  getItem(key: string): string | null {
    return this.kept.get(key) ?? null;
  }

  setItem(key: string, value: string): void {
    if (this.isFull) throw new DOMException("full", "QuotaExceededError");
    this.kept.set(key, value);
  }

  removeItem(key: string): void {
    this.kept.delete(key);
  }
}

export function storeOf(change: Partial<State> = {}): Store {
  const period = (name: string): contract.Period => ({
    name,
    first: Number(name),
    last: Number(name),
    glaciers: 1,
    area_km2: 1,
  });
  const review: contract.Review = {
    name: "small",
    title: "",
    kind: "project",
    crs: "EPSG:32646",
    proj4: "",
    extent: [0, 0, 1, 1],
    grid: { origin: [0, 0], tile_size: 512, resolutions: [1] },
    periods: [period("1988"), period("2018")],
    layers: [],
    pictures: [],
    overlays: [],
    author: "Ana",
    sequence: 1,
    maps: "",
    problems: [],
  };
  const look = { picture: null, combination: "natural", stretch: null, gamma: 1 };
  const none = { probability: 0, uncertain: 0, classes: 0, hillshade: 0 };
  return new Store({
    review,
    period: "2018",
    glacier: null,
    drafts: [],
    preview: null,
    tool: "look",
    looks: [look, look],
    views: "one",
    overlays: { ...none, unseen: true, automatic: false, inventory: false, periods: [] },
    said: "",
    ...change,
  });
}
