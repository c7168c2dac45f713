// Labelled fields that the panels about pictures and layers are made of.

let fields = 0;

/** A field with its label before it. */
export function labelled(text: string, field: HTMLElement, ...rest: HTMLElement[]): HTMLElement {
  const label = document.createElement("label");
  field.id ||= `field-${++fields}`;
  label.htmlFor = field.id;
  label.textContent = text;
  const row = document.createElement("div");
  row.className = "field";
  row.append(label, field, ...rest);
  return row;
}

export interface Slider {
  row: HTMLElement;
  input: HTMLInputElement;
  /** Show a value without telling that it changed. */
  show(value: number): void;
}

/** A slider with its value beside it. */
export function slider(
  text: string,
  range: { least: number; most: number; step: number; unit?: (value: number) => string },
  changed: (value: number) => void,
): Slider {
  const input = document.createElement("input");
  input.type = "range";
  [input.min, input.max, input.step] = [range.least, range.most, range.step].map(String) as [string, string, string];
  const value = document.createElement("output");
  const tell = (number: number) => {
    value.value = range.unit?.(number) ?? number.toFixed(2);
    input.setAttribute("aria-valuetext", value.value);
  };
  input.addEventListener("input", () => {
    tell(input.valueAsNumber);
    changed(input.valueAsNumber);
  });
  return {
    row: labelled(text, input, value),
    input,
    show(number) {
      input.value = String(number);
      tell(number);
    },
  };
}

/** A box to tick, its label after it. */
export function tick(text: string, changed: (on: boolean) => void): { row: HTMLElement; input: HTMLInputElement } {
  const input = document.createElement("input");
  input.type = "checkbox";
  input.addEventListener("change", () => {
    changed(input.checked);
  });
  const row = document.createElement("label");
  row.className = "tick";
  row.append(input, text);
  return { row, input };
}

/** A number that is typed. */
export function number(label: string, step: number, changed: (value: number) => void): HTMLInputElement {
  const input = document.createElement("input");
  input.type = "number";
  input.step = String(step);
  input.setAttribute("aria-label", label);
  input.addEventListener("change", () => {
    if (Number.isFinite(input.valueAsNumber)) changed(input.valueAsNumber);
  });
  return input;
}

/** A section of a panel that is open at first and can be closed. */
export function section(title: string, ...content: HTMLElement[]): HTMLDetailsElement {
  const details = document.createElement("details");
  details.open = true;
  const summary = document.createElement("summary");
  const heading = document.createElement("h2");
  heading.textContent = title;
  summary.append(heading);
  details.append(summary, ...content);
  return details;
}

/** A part that is opened by a click on its title. */
export function fold(title: string, ...content: HTMLElement[]): HTMLDetailsElement {
  const details = document.createElement("details");
  const summary = document.createElement("summary");
  summary.textContent = title;
  details.append(summary, ...content);
  return details;
}
