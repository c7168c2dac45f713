// The server, as typed calls. A call that is refused throws `Refused` with the server's words.
import type * as contract from "./contract";

/** An answer other than success. */
export class Refused extends Error {
  constructor(
    readonly status: number,
    readonly failure: contract.Failure,
  ) {
    super([failure.what, failure.remedy].filter(Boolean).join(": "));
  }
}

/** The drafts were made on outlines that somebody else has changed since. */
export class InConflict extends Error {
  constructor(readonly conflict: contract.Conflict) {
    super(conflict.what);
  }
}

export class Api {
  constructor(private readonly base = "api/") {}

  review(): Promise<contract.Review> {
    return this.get("review");
  }

  glaciers(period: string, order: "doubt" | "area" | "name", limit: number, offset = 0): Promise<contract.GlacierList> {
    return this.get("glaciers", { period, order, limit, offset });
  }

  glacier(period: string, glacId: string): Promise<contract.Glacier> {
    return this.get("glacier", { period, glac_id: glacId });
  }

  edits(of: { period?: string; glac_id?: string } = {}): Promise<contract.EditList> {
    return this.get("edits", of);
  }

  history(editId: string, period: string): Promise<contract.EditHistory> {
    return this.get("edit", { edit_id: editId, period });
  }

  preview(period: string, drafts: contract.Draft[]): Promise<contract.Preview> {
    return this.post("preview", { period, drafts });
  }

  /** @throws InConflict */
  save(request: contract.SaveRequest): Promise<contract.Saved> {
    return this.post("edits", request);
  }

  revert(request: contract.RevertRequest): Promise<contract.Saved> {
    return this.post("revert", request);
  }

  prepare(pictureId: string): Promise<contract.Picture> {
    return this.post(`pictures/prepare?id=${encodeURIComponent(pictureId)}`, null);
  }

  changes(after: number, waitS: number, signal?: AbortSignal): Promise<contract.Changes> {
    return this.get("changes", { after, wait_s: waitS }, signal);
  }

  /** Address of a tile of a vector layer. */
  tile(layer: contract.Layer, z: number, x: number, y: number): string {
    return `${this.base}tiles/${encodeURIComponent(layer.id)}/${z}/${x}/${y}?version=${layer.version}`;
  }

  private async get<T>(
    path: string,
    query: Record<string, string | number | undefined> = {},
    signal?: AbortSignal,
  ): Promise<T> {
    const pairs = Object.entries(query).filter(([, value]) => value !== undefined);
    const search = new URLSearchParams(pairs.map(([key, value]) => [key, String(value)]));
    return this.answer(await fetch(`${this.base}${path}?${search}`, signal === undefined ? {} : { signal }));
  }

  private async post<T>(path: string, body: unknown): Promise<T> {
    const headers = { "Content-Type": "application/json" };
    return this.answer(await fetch(`${this.base}${path}`, { method: "POST", headers, body: JSON.stringify(body) }));
  }

  private async answer<T>(response: Response): Promise<T> {
    if (response.ok) return (await response.json()) as T;
    const said: unknown = await response.json().catch(() => null);
    if (response.status === 409 && isConflict(said)) throw new InConflict(said);
    throw new Refused(response.status, isFailure(said) ? said : { what: `the server answered ${response.status}` });
  }
}

function isFailure(said: unknown): said is contract.Failure {
  return typeof said === "object" && said !== null && "what" in said;
}

function isConflict(said: unknown): said is contract.Conflict {
  return isFailure(said) && "outlines" in said;
}
