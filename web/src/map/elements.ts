// Elements of the page that the maps consist of.

const SVG = "http://www.w3.org/2000/svg";

/** An element of the page that must be there. */
export function inPage(id: string): HTMLElement {
  const element = document.getElementById(id);
  if (element === null) throw new Error(`the page has no element #${id}`);
  return element;
}

/** The place of a map; it takes the focus, so that arrow keys move it. */
export function pane(id: string, label: string): HTMLElement {
  const element = document.createElement("div");
  element.id = id;
  element.tabIndex = 0;
  element.setAttribute("role", "application");
  element.setAttribute("aria-label", label);
  return element;
}

/** A button; what its text does not say, its title does. */
export function button(text: string, label: string, act: () => void): HTMLButtonElement {
  const element = document.createElement("button");
  element.type = "button";
  element.textContent = text;
  element.title = label;
  if (!/\p{Letter}/u.test(text)) element.setAttribute("aria-label", label);
  element.addEventListener("click", act);
  return element;
}

/** A button that shows a drawing instead of words. */
export function iconButton(path: string, label: string, act: () => void): HTMLButtonElement {
  const element = button("", label, act);
  const svg = document.createElementNS(SVG, "svg");
  const lines = document.createElementNS(SVG, "path");
  for (const [key, value] of Object.entries({ viewBox: "0 0 16 16", width: "16", height: "16", "aria-hidden": "true" })) {
    svg.setAttribute(key, value);
  }
  for (const [key, value] of Object.entries({ d: path, fill: "none", stroke: "currentColor", "stroke-width": "1.6" })) {
    lines.setAttribute(key, value);
  }
  svg.append(lines);
  element.append(svg);
  return element;
}

/** A message over the map. */
export function note(text: string): HTMLElement {
  const element = document.createElement("p");
  element.className = "map-note";
  element.setAttribute("role", "note");
  element.textContent = text;
  return element;
}
