// Hatching of ground that no scene shows: dark diagonals with a white edge, seen on ice and on rock.

/** Side of the repeated square [pixels]; tiles of 256 pixels join without a seam. */
const SIDE = 16;

export function hatching(): CanvasPattern | string {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = SIDE;
  const context = canvas.getContext("2d");
  if (context === null) return "rgba(120, 120, 120, 0.5)";
  diagonal(context, "rgba(255, 255, 255, 0.75)", 3.5);
  diagonal(context, "rgba(40, 40, 40, 0.9)", 1.5);
  return context.createPattern(canvas, "repeat") ?? "rgba(120, 120, 120, 0.5)";
}

/** One diagonal, with its ends in the corners, so that squares side by side join. */
function diagonal(context: CanvasRenderingContext2D, colour: string, width: number): void {
  context.strokeStyle = colour;
  context.lineWidth = width;
  context.beginPath();
  for (const shift of [-SIDE, 0, SIDE]) {
    context.moveTo(shift - SIDE / 2, SIDE * 1.5);
    context.lineTo(shift + SIDE * 1.5, -SIDE / 2);
  }
  context.stroke();
}
