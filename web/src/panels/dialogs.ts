// The dialog of the page: one question at a time; Esc answers none.
import { element, place } from "../edit/elements";

type Child = Node | string | null | false;

/** What a dialog is made of; `done` closes it with an answer. */
export type Content<Answer> = (done: (answer: Answer) => void) => Child[];

let last: Promise<unknown> = Promise.resolve();

/**
 * Ask something; questions wait for one another.
 *
 * @param name - Class of the dialog, for its style.
 * @returns The answer, or null where the dialog was left.
 */
export function ask<Answer>(title: string, content: Content<Answer>, name = ""): Promise<Answer | null> {
  const asked = last.then(() => show(title, content, name));
  last = asked;
  return asked;
}

export function isAsking(): boolean {
  return dialog().open;
}

function dialog(): HTMLDialogElement {
  const found = place("dialog");
  if (!(found instanceof HTMLDialogElement)) throw new Error("the element 'dialog' is no dialog");
  return found;
}

function show<Answer>(title: string, content: Content<Answer>, name: string): Promise<Answer | null> {
  return new Promise((resolve) => {
    const asked = dialog();
    let answer: Answer | null = null;
    const done = (given: Answer): void => {
      answer = given;
      asked.close();
    };
    const heading = element("h2", { id: "dialog-title" }, title);
    const form = element("form", { method: "dialog" }, heading, ...content(done));
    form.addEventListener("submit", (event) => {
      event.preventDefault();
    });
    asked.className = name;
    asked.setAttribute("aria-labelledby", "dialog-title");
    asked.replaceChildren(form);
    asked.addEventListener(
      "close",
      () => {
        asked.replaceChildren();
        resolve(answer);
      },
      { once: true },
    );
    asked.showModal();
  });
}

/** The buttons at the end of a dialog; the first is the one that Enter presses. */
export function choices(...buttons: { label: string; onChoose: () => void; isPlain?: boolean }[]): HTMLElement {
  return element(
    "div",
    { class: "choices" },
    ...buttons.map(({ label, onChoose, isPlain }, position) =>
      element(
        "button",
        { type: position === 0 ? "submit" : "button", class: isPlain ? "plain" : null, onclick: onChoose },
        label,
      ),
    ),
  );
}

/** A field with its label. */
export function field(label: string, input: HTMLElement): HTMLElement {
  return element("label", { class: "field" }, element("span", {}, label), input);
}
