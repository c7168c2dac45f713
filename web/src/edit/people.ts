// Who corrects, and the reasons given last: remembered by the browser.
const AUTHOR = "trimline:author";
const REASONS = "trimline:reasons";
const MOST_REASONS = 12;

type Memory = Pick<Storage, "getItem" | "setItem">;

export class People {
  constructor(
    private readonly memory: Memory,
    private readonly fallback: string | null,
  ) {}

  get author(): string {
    return this.memory.getItem(AUTHOR) ?? this.fallback ?? "";
  }

  set author(name: string) {
    this.memory.setItem(AUTHOR, name);
  }

  /** The last one first. */
  get reasons(): string[] {
    try {
      const reasons: unknown = JSON.parse(this.memory.getItem(REASONS) ?? "[]");
      return Array.isArray(reasons) ? reasons.filter((reason) => typeof reason === "string") : [];
    } catch {
      return [];
    }
  }

  addReason(reason: string): void {
    const reasons = [reason, ...this.reasons.filter((other) => other !== reason)];
    this.memory.setItem(REASONS, JSON.stringify(reasons.slice(0, MOST_REASONS)));
  }
}
