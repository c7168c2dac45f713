// Unsaved strokes on the browser's disk: they outlive the page and the server.
import type { Review } from "../contract";
import type { Stroke } from "./strokes";

export class LeftStrokes {
  private readonly prefix: string;

  constructor(
    private readonly storage: Pick<Storage, "getItem" | "setItem" | "removeItem">,
    review: Pick<Review, "name" | "crs">,
  ) {
    this.prefix = prefixOf(review);
  }

  /** Strokes of a period that were not saved; none where they cannot be read. */
  read(period: string): Stroke[] {
    const text = this.storage.getItem(this.of(period));
    if (text === null) return [];
    try {
      const strokes: unknown = JSON.parse(text);
      return Array.isArray(strokes) ? strokes.filter(isStroke) : [];
    } catch {
      return [];
    }
  }

  /** @returns Whether there was room for them. */
  write(period: string, strokes: readonly Stroke[]): boolean {
    try {
      if (strokes.length === 0) this.storage.removeItem(this.of(period));
      else this.storage.setItem(this.of(period), JSON.stringify(strokes));
      return true;
    } catch {
      return false;
    }
  }

  private of(period: string): string {
    return `${this.prefix}:${period}`;
  }
}

/** Beginning of the names under which the browser keeps what belongs to a review. */
export function prefixOf({ name, crs }: Pick<Review, "name" | "crs">): string {
  return `trimline:${name}:${crs}`;
}

function isStroke(value: unknown): value is Stroke {
  if (typeof value !== "object" || value === null) return false;
  const stroke = value as Partial<Stroke>;
  return typeof stroke.id === "string" && typeof stroke.what === "string" && Array.isArray(stroke.drafts);
}
