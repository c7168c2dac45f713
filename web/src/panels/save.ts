// The dialogs before a save: a reason, an author, the image, and the periods that it holds for.
import type { Corrections, SaveDetails } from "../edit/corrections";
import { element } from "../edit/elements";
import type { Period, Picture } from "../contract";
import type { Store, Unsaved } from "../state";
import { ask, choices, field } from "./dialogs";

const LONGEST_REASON = 2000;
const LONGEST_AUTHOR = 200;

/** The years of a period in words; null where the date of a map is not known. */
export function yearsOf({ first, last }: Period): string | null {
  if (first === null || last === null) return null;
  return first === last ? `${first}` : `${first} to ${last}`;
}

/** Periods that an edit may hold for, as the layer of edits writes them, with their meaning; of a single period only itself. */
export function holdings(period: Period, count: number): { holds: string | null; label: string }[] {
  const one = { holds: null, label: `this period (${yearsOf(period) ?? "its date is not known"})` };
  if (count === 1 || period.first === null || period.last === null) return [one];
  return [
    one,
    { holds: "*", label: "all periods" },
    { holds: `${period.first}-01-01/..`, label: `from ${period.first} on` },
    { holds: `../${period.last}-12-31`, label: `until ${period.last}` },
  ];
}

/** Ask for what a save needs; null where nothing is to be saved after all. */
export function askToSave(store: Store, corrections: Corrections): Promise<SaveDetails | null> {
  const { review, period, preview, looks, unsaved = [] } = store.state;
  const elsewhere = unsaved.filter((each) => each.period !== period).map((each) => each.period);
  const strokes = corrections.strokes.all;
  const notes = preview?.notes ?? [];
  return ask<SaveDetails>("Save corrections", (done) => {
    const { list, input: reason } = reasonField(corrections.people.reasons);
    const author = authorField(corrections.people.author);
    const image = imageField(review.pictures, looks[0].picture);
    const shown = review.periods.find((each) => each.name === period);
    const holds = element(
      "select",
      {},
      ...(shown === undefined ? [] : holdings(shown, review.periods.length)).map((each) =>
        element("option", { value: each.holds ?? "" }, each.label),
      ),
    );
    const submit = (): void => {
      if (!isFilled(reason) || !isFilled(author)) return;
      done({
        reason: reason.value.trim(),
        author: author.value.trim(),
        image: image.value || null,
        holds: holds.value || null,
      });
    };
    let position = 0;
    const items = strokes.map((stroke) => {
      const said = notes.slice(position, (position += stroke.drafts.length)).filter((note) => note !== "");
      return element("li", {}, stroke.what, said.length > 0 && element("small", {}, ` ${said.join("; ")}`));
    });
    return [
      element("ol", { class: "strokes", tabindex: "0", "aria-label": "Strokes to be saved" }, ...items),
      elsewhere.length > 0 && element("p", { class: "hint" }, `Not saved with these: strokes in ${elsewhere.join(", ")}.`),
      field("Reason", reason),
      list,
      field("Author", author),
      field("Image consulted", image),
      field("Holds for", holds),
      choices(
        { label: "Save", onChoose: submit },
        { label: "Not yet", isPlain: true, onChoose: () => { leave(reason); } },
      ),
    ];
  });
}

/** Show the unsaved strokes of other periods; the answer is the period to go to, if any. */
export function askWhereToSave(unsaved: readonly Unsaved[]): Promise<string | null> {
  return ask<string>("Unsaved strokes of other periods", (done) => [
    element("p", {}, "Nothing is unsaved in the period shown. The strokes of each period are saved there, with a reason."),
    ...unsaved.flatMap(({ period, strokes }) => [
      element("h3", {}, period),
      element("ul", { class: "strokes" }, ...strokes.map((what) => element("li", {}, what))),
    ]),
    choices(...unsaved.map(({ period }) => ({ label: `Go to ${period}`, onChoose: () => { done(period); } }))),
  ]);
}

/** Ask why; of an edit that is kept at once. */
export function askWhy(
  title: string,
  button: string,
  corrections: Corrections,
  proposal = "",
): Promise<{ reason: string; author: string } | null> {
  return ask<{ reason: string; author: string }>(title, (done) => {
    const { list, input: reason } = reasonField(corrections.people.reasons);
    reason.value = proposal;
    const author = authorField(corrections.people.author);
    const submit = (): void => {
      if (!isFilled(reason) || !isFilled(author)) return;
      corrections.people.author = author.value.trim();
      corrections.people.addReason(reason.value.trim());
      done({ reason: reason.value.trim(), author: author.value.trim() });
    };
    return [
      field("Reason", reason),
      list,
      field("Author", author),
      choices(
        { label: button, onChoose: submit },
        { label: "Not now", isPlain: true, onChoose: () => { leave(reason); } },
      ),
    ];
  });
}

/** Of a save that the server has not answered: try again now, go on waiting, or stop. */
export async function askToWait(corrections: Corrections): Promise<void> {
  const choice = await ask<"now" | "stop">("Not saved yet", (done) => [
    element("p", {}, "The server does not answer. The save is tried again by itself; sent twice, it is kept once."),
    choices(
      { label: "Try now", onChoose: () => { done("now"); } },
      { label: "Stop trying", isPlain: true, onChoose: () => { done("stop"); } },
    ),
  ]);
  if (choice === "now") corrections.saving.tryNow();
  else if (choice === "stop") corrections.saving.giveUp();
}

/** The author, asked for once; remembered by the browser. */
export async function askAuthor(corrections: Corrections): Promise<boolean> {
  if (corrections.people.author !== "") return true;
  const name = await ask<string>("Who corrects?", (done) => {
    const author = authorField("");
    const submit = (): void => {
      if (isFilled(author)) done(author.value.trim());
    };
    const why = element("p", {}, "Every edit names its author. The browser remembers the name.");
    return [why, field("Author", author), choices({ label: "Go on", onChoose: submit })];
  });
  if (name === null) return false;
  corrections.people.author = name;
  return true;
}

function reasonField(reasons: readonly string[]): { list: HTMLElement; input: HTMLInputElement } {
  const list = element("datalist", { id: "reasons" }, ...reasons.map((reason) => element("option", { value: reason })));
  const input = element("input", {
    required: true,
    list: "reasons",
    maxlength: LONGEST_REASON,
    autocomplete: "off",
    autofocus: true,
    name: "reason",
  });
  return { list, input };
}

function authorField(author: string): HTMLInputElement {
  return element("input", { required: true, maxlength: LONGEST_AUTHOR, value: author, name: "author" });
}

function imageField(pictures: readonly Picture[], shown: string | null): HTMLSelectElement {
  const options = pictures.map((picture) =>
    element("option", { value: picture.id, selected: picture.id === shown }, picture.title),
  );
  return element("select", {}, element("option", { value: "" }, "none"), ...options);
}

/** Whether a required field has more than blanks; if not, the browser says so beside it. */
function isFilled(input: HTMLInputElement): boolean {
  input.value = input.value.trim();
  return input.reportValidity();
}

function leave(within: HTMLElement): void {
  within.closest("dialog")?.close();
}
