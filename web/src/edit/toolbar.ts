// Buttons of the tools, of undo and redo, and of saving, in the bar of the page.
import type { State, Tool } from "../state";
import type { Editing } from "./editing";
import { element, icon, place } from "./elements";
import { KEYS_ICON, REDO_ICON, SAVE_ICON, TOOL_ICONS, UNDO_ICON } from "./icons";
import type { Action } from "./shortcuts";

const TOOLS: readonly { tool: Tool; label: string; key: string }[] = [
  { tool: "look", label: "Look and pick", key: "Esc" },
  { tool: "move", label: "Move vertices", key: "v" },
  { tool: "draw", label: "Draw a new glacier", key: "d" },
  { tool: "add", label: "Add ground", key: "+" },
  { tool: "subtract", label: "Subtract ground", key: "-" },
  { tool: "hole", label: "Cut a hole", key: "o" },
  { tool: "split", label: "Split along a line", key: "s" },
  { tool: "merge", label: "Merge with a neighbour", key: "m" },
  { tool: "terminus", label: "Draw the terminus", key: "t" },
];

export function createToolbar(editing: Editing, act: (action: Action) => void): void {
  const { store } = editing;
  const tools = TOOLS.map(({ tool, label, key }) => ({
    tool,
    button: button(`${label} (${key})`, TOOL_ICONS[tool], () => {
      act(tool);
    }),
  }));
  const undo = button("Undo (Ctrl+Z)", UNDO_ICON, () => {
    act("undo");
  });
  const redo = button("Redo (Ctrl+Shift+Z)", REDO_ICON, () => {
    act("redo");
  });
  const save = button("Save (Ctrl+S)", SAVE_ICON, () => {
    act("save");
  });
  const count = element("span", { class: "count" });
  save.append(count);
  const keys = button("All keys (?)", KEYS_ICON, () => {
    act("keys");
  });
  const taking = element("input", { type: "checkbox", onchange: () => (editing.isTaking = taking.checked) });
  const options = element("label", { class: "tool-option" }, taking, "take ground of neighbours");
  const group = (label: string, ...buttons: HTMLElement[]): HTMLElement =>
    element("div", { role: "group", "aria-label": label }, ...buttons);
  const toolbar = element(
    "div",
    { class: "toolbar", role: "toolbar", "aria-label": "Corrections" },
    group("Tools", ...tools.map(({ button: each }) => each)),
    group("Strokes", undo, redo, save),
    keys,
  );
  place("maps").append(options);
  place("tools").append(toolbar);
  moveByArrows(toolbar);

  store.on(["tool"], ({ tool: taken }) => {
    for (const { tool, button: each } of tools) each.setAttribute("aria-pressed", String(tool === taken));
    options.hidden = taken !== "draw" && taken !== "add";
  });
  store.on(["unsaved", "steps", "saving", "period"], (state) => {
    const { steps, saving = "idle", period } = state;
    const here = countIn(state, (each) => each === period);
    const elsewhere = countIn(state, (each) => each !== period);
    tell(undo, "Undo", "Ctrl+Z", steps?.undo ?? null);
    tell(redo, "Redo", "Ctrl+Shift+Z", steps?.redo ?? null);
    count.textContent = here + elsewhere === 0 ? "" : elsewhere === 0 ? String(here) : `${here}+${elsewhere}`;
    save.dataset.saving = saving;
    tell(save, "Save", "Ctrl+S", savable(state));
  });
}

function countIn({ unsaved = [] }: Readonly<State>, isWanted: (period: string) => boolean): number {
  return unsaved.reduce((sum, each) => sum + (isWanted(each.period) ? each.strokes.length : 0), 0);
}

function savable({ unsaved = [], period, saving }: Readonly<State>): string | null {
  if (saving === "waiting") return "waiting for the server; press to try now";
  if (unsaved.length === 0) return null;
  const parts = unsaved.map((each) => {
    const strokes = each.strokes.length === 1 ? "1 unsaved stroke" : `${each.strokes.length} unsaved strokes`;
    return each.period === period ? `${strokes} here` : `${strokes} in ${each.period}`;
  });
  return parts.join(", ");
}

/** A button that cannot be used keeps its place in the order of focus. */
function tell(button: HTMLButtonElement, label: string, key: string, what: string | null): void {
  const text = what === null ? `${label} (${key})` : `${label}: ${what} (${key})`;
  button.title = text;
  button.setAttribute("aria-label", text);
  button.setAttribute("aria-disabled", String(what === null));
}

function button(label: string, path: string, onClick: () => void): HTMLButtonElement {
  const attributes = { type: "button", title: label, "aria-label": label, onclick: onClick };
  return element("button", attributes, icon(path));
}

/** Left and Right go along a toolbar; Tab passes it as one. */
function moveByArrows(toolbar: HTMLElement): void {
  const buttons = [...toolbar.querySelectorAll("button")];
  for (const [position, each] of buttons.entries()) each.tabIndex = position === 0 ? 0 : -1;
  toolbar.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    const at = buttons.findIndex((each) => each === document.activeElement);
    if (step === undefined || at < 0 || event.shiftKey) return;
    event.preventDefault();
    buttons[(at + step + buttons.length) % buttons.length]?.focus();
  });
  toolbar.addEventListener("focusin", (event) => {
    if (!buttons.some((each) => each === event.target)) return;
    for (const each of buttons) each.tabIndex = each === event.target ? 0 : -1;
  });
}
