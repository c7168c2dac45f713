// Saves that reach the server once, however often they are sent.
import { type Api, InConflict, Refused } from "../api";
import type { Conflict, Saved, SaveRequest } from "../contract";

export type Outcome =
  | { kind: "saved"; saved: Saved }
  | { kind: "conflict"; conflict: Conflict }
  | { kind: "refused"; words: string }
  | { kind: "given up" };

const FIRST_WAIT_S = 1;
const LONGEST_WAIT_S = 30;

/** Whether the server did not answer, or not for a reason that lies in the request: the same may succeed later. */
export function isPassing(error: unknown): boolean {
  return !(error instanceof InConflict) && (!(error instanceof Refused) || error.status >= 500);
}

export class Saving {
  private wake: (() => void) | null = null;
  private isGivenUp = false;

  constructor(
    private readonly api: Pick<Api, "save">,
    /** Told before each wait [s], with the words of the failure. */
    private readonly onWait: (seconds: number, words: string) => void,
  ) {}

  /** Send a save until the server has answered it; the same identifiers each time, so that it is kept once. */
  async send(request: SaveRequest): Promise<Outcome> {
    this.isGivenUp = false;
    for (let wait = FIRST_WAIT_S; !this.gaveUp(); wait = Math.min(2 * wait, LONGEST_WAIT_S)) {
      try {
        return { kind: "saved", saved: await this.api.save(request) };
      } catch (error) {
        if (error instanceof InConflict) return { kind: "conflict", conflict: error.conflict };
        if (!isPassing(error)) return { kind: "refused", words: wordsOf(error) };
        this.onWait(wait, wordsOf(error));
        await this.pause(wait);
      }
    }
    return { kind: "given up" };
  }

  /** Send again without waiting longer. */
  tryNow(): void {
    this.wake?.();
  }

  /** Stop sending; the strokes stay unsaved. What was sent may have been kept: the next save tells. */
  giveUp(): void {
    this.isGivenUp = true;
    this.wake?.();
  }

  private gaveUp(): boolean {
    return this.isGivenUp;
  }

  private async pause(seconds: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, 1000 * seconds);
      this.wake = (): void => {
        clearTimeout(timer);
        resolve();
      };
    });
    this.wake = null;
  }
}

export function wordsOf(error: unknown): string {
  if (error instanceof Refused) return error.message;
  if (error instanceof TypeError) return "the server does not answer";
  return error instanceof Error ? error.message : String(error);
}
