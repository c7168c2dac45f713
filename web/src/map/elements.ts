// Elements of the page that the maps consist of.

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

export function button(text: string, label: string, act: () => void): HTMLButtonElement {
  const element = document.createElement("button");
  element.type = "button";
  element.textContent = text;
  element.title = label;
  if (label !== text) element.setAttribute("aria-label", label);
  element.addEventListener("click", act);
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
