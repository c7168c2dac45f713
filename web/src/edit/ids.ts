// Identifiers of edits: chosen by the page, so that a save that is sent twice is kept once.

/** @returns 12 hexadecimal digits at random. */
export function newEditId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(6));
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
