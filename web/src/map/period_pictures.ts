// Which picture belongs to a period, and the state of the page after a step to another period.
import type { Picture, Review } from "../contract";
import type { Look, State } from "../state";

/** Pictures of a period, its reference scene first. */
export function picturesOf(review: Review, period: string): Picture[] {
  const those = review.pictures.filter((picture) => picture.periods.includes(period));
  return those.sort((first, second) => Number(second.reference) - Number(first.reference));
}

/**
 * What changes when another period is looked at: where the first picture is not one of it, its reference scene takes
 * the place, in the same band combination; with the same stretch, as all are reflectance.
 */
export function atPeriod(state: Readonly<State>, period: string): Partial<State> {
  const [look, second] = state.looks;
  const picture = pictureAt(state.review, period, look);
  return picture === look.picture ? { period } : { period, looks: [{ ...look, picture }, second] };
}

/** The picture that a map shows, if any. */
export function pictureOf(review: Review, look: Look): Picture | undefined {
  return review.pictures.find((picture) => picture.id === look.picture);
}

/** The period whose outlines the second map shows: that of its picture, where the picture is of another one. */
export function periodBeside({ review, period, looks }: Readonly<Pick<State, "review" | "period" | "looks">>): string {
  const periods = pictureOf(review, looks[1])?.periods ?? [];
  if (periods.includes(period)) return period;
  return periods.find((name) => review.periods.some((each) => each.name === name)) ?? period;
}

/** The period that lies some steps after another, or the last or first one. */
export function periodAfter(review: Review, period: string, steps: number): string {
  const at = review.periods.findIndex((each) => each.name === period);
  const then = Math.min(Math.max(at + steps, 0), review.periods.length - 1);
  return review.periods[then]?.name ?? period;
}

function pictureAt(review: Review, period: string, look: Look): string | null {
  const those = picturesOf(review, period);
  if (those.some((picture) => picture.id === look.picture)) return look.picture;
  return those[0]?.id ?? look.picture;
}
