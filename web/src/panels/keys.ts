// The list of all keys.
import { element } from "../edit/elements";
import { EDIT_KEYS } from "../edit/shortcuts";
import { ask, choices } from "./dialogs";

/** Between keys that do the same; a comma at the beginning is a key. */
const SEPARATORS = / or |(?<!^), /;

type Keys = readonly (readonly [string, string])[];

export async function showKeys(mapKeys: Keys): Promise<void> {
  await ask<true>(
    "Keys",
    (done) => [
      element(
        "div",
        { class: "key-lists" },
        ...[...EDIT_KEYS, { title: "Map and periods", keys: mapKeys }].map(({ title, keys }) =>
          element(
            "section",
            {},
            element("h3", {}, title),
            element("dl", {}, ...keys.flatMap(([key, meaning]) => row(key, meaning))),
          ),
        ),
      ),
      choices({ label: "Close", onChoose: () => { done(true); } }),
    ],
    "wide",
  );
}

function row(key: string, meaning: string): HTMLElement[] {
  return [element("dt", {}, ...key.split(SEPARATORS).map((each) => element("kbd", {}, each))), element("dd", {}, meaning)];
}
