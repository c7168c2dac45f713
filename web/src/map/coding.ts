// Values of up to three channels in the four bytes of a pixel: ten bits each, so that a tile is small and the graphics
// card needs no floating-point textures.
//
// Reflectance is kept as its square root: 1024 steps between 0 and 1.6 are finer than 0.001 below 0.1, in shadow, and
// than 0.004 on snow. The last byte holds the two low bits of each channel and two bits that tell data from none.

type Expression = unknown[];

/** How the values of a channel are kept. */
export interface Coding {
  least: number;
  most: number;
  /** Steps are even in the square root of the value above the least one, not in the value. */
  isSquared: boolean;
}

const STEPS = 1023;

/** Of whole numbers up to 1023, as they are. */
export const WHOLE: Coding = { least: 0, most: STEPS, isSquared: false };

/** Step, 0 to 1023, at which a value is kept. */
export function stepOf({ least, most, isSquared }: Coding, value: number): number {
  const share = Math.min(Math.max((value - least) / (most - least), 0), 1);
  return Math.round(STEPS * (isSquared ? Math.sqrt(share) : share));
}

/** Steps of all whole numbers of 16 bits, made once: looking them up is several times as fast as a root. */
export function stepTable(coding: Coding, scale: number, offset: number): Uint16Array {
  return Uint16Array.from({ length: 0x10000 }, (_, number) => stepOf(coding, number * scale + offset));
}

/** Value of a step. */
export function valueOf({ least, most, isSquared }: Coding, step: number): number {
  const share = step / STEPS;
  return least + (most - least) * (isSquared ? share * share : share);
}

/** Steps of the three channels in the bytes of a pixel; null where it has no data. */
export function stepsAt(bytes: ArrayLike<number>, at: number): [number, number, number] | null {
  const low = bytes[at + 3] ?? 0;
  if (low === 0) return null;
  const step = (channel: number) => ((bytes[at + channel] ?? 0) << 2) | ((low >> (2 * channel)) & 3);
  return [step(0), step(1), step(2)];
}

/** Put the steps of three channels into the bytes of a pixel. */
export function putSteps(bytes: Uint8Array, at: number, steps: Uint16Array): void {
  const first = steps[0] ?? 0;
  const second = steps[1] ?? 0;
  const third = steps[2] ?? 0;
  bytes[at] = first >> 2;
  bytes[at + 1] = second >> 2;
  bytes[at + 2] = third >> 2;
  bytes[at + 3] = 0xc0 | (first & 3) | ((second & 3) << 2) | ((third & 3) << 4);
}

/** Value of a channel on the graphics card, where bytes are bands between 0 and 1. */
export function valueExpression({ least, most, isSquared }: Coding, channel: number): Expression {
  const low: Expression = ["%", ["floor", ["/", byte(4), 4 ** channel]], 4];
  const share: Expression = ["/", ["+", ["*", byte(channel + 1), 4], low], STEPS];
  return ["+", ["*", isSquared ? ["*", share, share] : share, most - least], least];
}

/** Colour of a pixel: that given where it has data, and clear elsewhere. */
export function whereData(colour: Expression): Expression {
  return ["case", ["<", ["band", 4], 0.5], [0, 0, 0, 0], colour];
}

function byte(band: number): Expression {
  return ["floor", ["+", ["*", ["band", band], 255], 0.5]];
}
