// Samples of lines and colours, drawn as in the map, for legends.
import { casingWidth, type Line } from "../map/outline_styles";
import type { Colour, Entry } from "../map/overlay_style";

const SVG = "http://www.w3.org/2000/svg";
const [WIDTH, HEIGHT] = [28, 14];

/** A line over ice and rock, with its casing. */
export function lineSwatch(line: Line): SVGElement {
  const swatch = drawing();
  swatch.append(ground("#b9d9e8", 0), ground("#6b5340", WIDTH / 2));
  const path = { d: `M1 ${HEIGHT / 2}H${WIDTH - 1}`, fill: "none" };
  swatch.append(shape("path", { ...path, stroke: line.casing, "stroke-width": String(casingWidth(line)) }));
  const dash = line.dash?.join(" ") ?? "none";
  swatch.append(
    shape("path", { ...path, stroke: line.colour, "stroke-width": String(line.width), "stroke-dasharray": dash }),
  );
  return swatch;
}

export function colourSwatch(colour: Colour): SVGElement {
  const swatch = drawing();
  swatch.append(
    shape("rect", { width: String(WIDTH), height: String(HEIGHT), fill: `rgb(${colour.join(", ")})`, stroke: "#555" }),
  );
  return swatch;
}

export function hatchSwatch(): SVGElement {
  const swatch = drawing();
  swatch.append(ground("#b9d9e8", 0), ground("#6b5340", WIDTH / 2));
  for (let x = -HEIGHT; x < WIDTH; x += 7) {
    const d = `M${x} ${HEIGHT}L${x + HEIGHT} 0`;
    swatch.append(shape("path", { d, stroke: "#fff", "stroke-width": "3" }), shape("path", { d, stroke: "#222", "stroke-width": "1.5" }));
  }
  return swatch;
}

/** A continuous scale with its ends, and where ice begins. */
export function scaleSwatch(entries: readonly Entry[], threshold: number | null): HTMLLIElement {
  const item = document.createElement("li");
  const swatch = drawing(160);
  entries.slice(1).forEach((upper, at) => {
    const lower = entries[at];
    if (!lower) return;
    const parts = 10;
    for (let part = 0; part < parts; part++) {
      const share = part / parts;
      const colour = lower.colour.map((value, channel) => Math.round(value + ((upper.colour[channel] ?? 0) - value) * share));
      const [x, width] = [160 * (lower.value + (upper.value - lower.value) * share), (160 * (upper.value - lower.value)) / parts];
      swatch.append(shape("rect", { x: String(x), width: String(width + 0.5), height: String(HEIGHT), fill: `rgb(${colour.join(", ")})` }));
    }
  });
  if (threshold !== null) {
    const d = `M${160 * threshold} 0V${HEIGHT}`;
    swatch.append(shape("path", { d, stroke: "#fff", "stroke-width": "4" }), shape("path", { d, stroke: "#000", "stroke-width": "2" }));
  }
  const text = threshold === null ? "0 to 1" : `0 to 1; ice from ${threshold.toFixed(2)}`;
  item.append(swatch, text);
  return item;
}

function ground(colour: string, x: number): SVGElement {
  return shape("rect", { x: String(x), width: String(WIDTH / 2), height: String(HEIGHT), fill: colour });
}

function drawing(width = WIDTH): SVGElement {
  const svg = shape("svg", { width: String(width), height: String(HEIGHT), viewBox: `0 0 ${width} ${HEIGHT}` });
  svg.setAttribute("aria-hidden", "true");
  svg.classList.add("swatch");
  return svg;
}

function shape(name: string, attributes: Readonly<Record<string, string>>): SVGElement {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  return element;
}
