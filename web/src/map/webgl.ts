// Whether the browser draws pictures: they need WebGL; outlines do not.

let found: string | null | undefined;

/** Why pictures cannot be drawn, in words for the reader; null where they can. */
export function withoutPictures(): string | null {
  found ??= lookFor();
  return found;
}

function lookFor(): string | null {
  const context = document.createElement("canvas").getContext("webgl");
  if (context === null) return "This browser has WebGL switched off or missing: pictures are not drawn, outlines are.";
  context.getExtension("WEBGL_lose_context")?.loseContext();
  return null;
}
