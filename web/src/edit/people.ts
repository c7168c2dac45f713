// Who corrects, and the reasons given last: remembered by the browser.
const AUTHOR = "trimline:author";
const REASONS = "trimline:reasons";
const MOST_REASONS = 12;

type Memory = Pick<Storage, "getItem" | "setItem">;

export class People {
  private named: string;
  private given: string[];

  constructor(
    private readonly memory: Memory,
    fallback: string | null,
  ) {
    this.named = memory.getItem(AUTHOR) ?? fallback ?? "";
    this.given = readReasons(memory);
  }

  get author(): string {
    return this.named;
  }

  set author(name: string) {
    this.named = name;
    this.write(AUTHOR, name);
  }

  /** The last one first. */
  get reasons(): readonly string[] {
    return this.given;
  }

  addReason(reason: string): void {
    this.given = [reason, ...this.given.filter((other) => other !== reason)].slice(0, MOST_REASONS);
    this.write(REASONS, JSON.stringify(this.given));
  }

  /** What does not fit into the browser's storage is known until the page ends. */
  private write(key: string, text: string): void {
    try {
      this.memory.setItem(key, text);
    } catch (error) {
      if (!(error instanceof DOMException)) throw error;
    }
  }
}

function readReasons(memory: Memory): string[] {
  try {
    const reasons: unknown = JSON.parse(memory.getItem(REASONS) ?? "[]");
    return Array.isArray(reasons) ? reasons.filter((reason) => typeof reason === "string") : [];
  } catch {
    return [];
  }
}
