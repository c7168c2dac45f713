// Numbers of the panels: areas with as many digits as their uncertainty leaves.
import { digitsOf } from "./measures";

const MINUS = "\u2212";

export function area(km2: number, uncertainty_km2: number | null): string {
  return km2.toFixed(digitsOf(uncertainty_km2));
}

/** As "± 0.012", or nothing where it is not known. */
export function plusMinus(uncertainty_km2: number | null): string {
  return uncertainty_km2 === null ? "" : `\u00b1 ${uncertainty_km2.toFixed(digitsOf(uncertainty_km2))}`;
}

/** With its sign, as "+0.012" or "−0.012"; a difference that rounds to nothing is "0". */
export function signed(value: number, digits: number): string {
  const text = Math.abs(value).toFixed(digits);
  if (Number(text) === 0) return (0).toFixed(digits);
  return (value < 0 ? MINUS : "+") + text;
}

/** A change in percent, without the sign of percent: its column has it. */
export function percent(value: number | null): string {
  return value === null ? "" : signed(value, 1);
}

/** A share from 0 to 1 in whole percent. */
export function share(value: number | null): string {
  return value === null ? "not known" : `${Math.round(100 * value)}\u00a0%`;
}

/** Day and minute of a time, in the reader's zone; as it is written where it is no time. */
export function moment(time: string | null): string {
  const date = new Date(time ?? "");
  if (Number.isNaN(date.getTime())) return time ?? "";
  const two = (part: number): string => String(part).padStart(2, "0");
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  return `${day} ${two(date.getHours())}:${two(date.getMinutes())}`;
}
