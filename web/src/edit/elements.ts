// Elements of the page, made by script: the page has no inline markup to be run.
import { readable } from "./readable";

type Child = Node | string | null | false;
type Attributes = Record<string, string | number | boolean | null | ((event: Event) => void)>;

/** An element with attributes (`on...` are listeners, false and null leave one out) and children. */
export function element<Name extends keyof HTMLElementTagNameMap>(
  name: Name,
  attributes: Attributes = {},
  ...children: Child[]
): HTMLElementTagNameMap[Name] {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (typeof value === "function") made.addEventListener(key.slice(2), value);
    else if (value !== null && value !== false) made.setAttribute(key, value === true ? "" : attribute(key, value));
  }
  made.append(...shown(children));
  return made;
}

/** An attribute as it is read; the value of a field or an option stays what it is. */
function attribute(key: string, value: string | number): string {
  return key === "value" ? String(value) : readable(String(value));
}

/** Children without those that are left out; texts as they are read. */
function shown(children: readonly Child[]): (Node | string)[] {
  return children
    .filter((child) => child !== null && child !== false)
    .map((child) => (typeof child === "string" ? readable(child) : child));
}

/** The element of the page with some id; the page is broken without it. */
export function place(id: string): HTMLElement {
  const found = document.getElementById(id);
  if (found === null) throw new Error(`the page has no element '${id}'`);
  return found;
}

/** Put other children into an element; the one with the focus is found again by its `data-focus`. */
export function fill(parent: Element, ...children: Child[]): void {
  const active = document.activeElement;
  const name = active instanceof HTMLElement && parent.contains(active) ? active.dataset.focus : undefined;
  parent.replaceChildren(...shown(children));
  if (name === undefined) return;
  for (const candidate of parent.querySelectorAll<HTMLElement>("[data-focus]")) {
    if (candidate.dataset.focus === name) candidate.focus({ preventScroll: true });
  }
}

const SVG = "http://www.w3.org/2000/svg";

/** A drawing of 24 x 24 units in the colour of the text, hidden from screen readers. */
export function icon(path: string): SVGSVGElement {
  const drawing = document.createElementNS(SVG, "svg");
  drawing.setAttribute("viewBox", "0 0 24 24");
  drawing.setAttribute("aria-hidden", "true");
  drawing.setAttribute("class", "icon");
  const line = document.createElementNS(SVG, "path");
  line.setAttribute("d", path);
  drawing.append(line);
  return drawing;
}
