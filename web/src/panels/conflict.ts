// A conflict: somebody else changed outlines that unsaved strokes were drawn on. Both are shown; nothing is overwritten.
import type { Conflict } from "../contract";
import type { Editing } from "../edit/editing";
import { element } from "../edit/elements";
import { boundsOf } from "../edit/geometry";
import { moment } from "../edit/numbers";
import { ask, choices } from "./dialogs";

type Choice = "drop" | "on top";

export async function showConflict(editing: Editing, conflict: Conflict): Promise<void> {
  const { store, corrections, layer, picking } = editing;
  if (corrections.strokes.all.length === 0) {
    store.set({ said: `Not kept: ${conflict.what}. Look at the outline as it is now, then decide again.` });
    await picking.refresh();
    return;
  }
  const theirs = conflict.outlines.map((outline) => outline.geometry);
  const names = new Set(conflict.outlines.map((outline) => outline.glac_id));
  const mine = (store.state.preview?.outlines ?? [])
    .filter((outline) => names.has(outline.glac_id))
    .map((outline) => outline.geometry);
  layer.compare([
    ...theirs.map((geometry) => ({ role: "theirs" as const, geometry })),
    ...mine.map((geometry) => ({ role: "mine" as const, geometry })),
  ]);
  const bounds = boundsOf([...theirs, ...mine]);
  if (bounds !== null) editing.maps.fitTo(bounds);
  const choice = await ask<Choice>("Conflict: nothing was kept", (done) => content(conflict, done), "beside");
  layer.compare([]);
  if (choice === "drop") {
    await corrections.throwAway();
    store.set({ said: "Your strokes are dropped; the outlines are those of the others." });
  } else if (choice === "on top") {
    await corrections.putOnTop();
    if (corrections.strokes.all.length > 0) {
      store.set({ said: "Your strokes now lie on the outlines as the others left them. Look, then save again (Ctrl+S)." });
    }
  } else {
    store.set({ said: "Nothing was kept; your strokes are still here, and so is the conflict." });
  }
  await picking.refresh();
}

function content(conflict: Conflict, done: (choice: Choice) => void): HTMLElement[] {
  const edits = conflict.edits.map((edit) =>
    element(
      "li",
      {},
      element("strong", {}, edit.author ?? "somebody"),
      ` ${moment(edit.time)}: ${edit.operation} of ${edit.glac_id ?? "outlines"}`,
      edit.reason !== null && element("q", {}, edit.reason),
    ),
  );
  return [
    element("p", {}, `${conflict.what}.`),
    conflict.gone.length > 0 ? element("p", {}, `No longer there: ${conflict.gone.join(", ")}.`) : element("p", { hidden: true }),
    element("ul", { class: "edits" }, ...edits),
    element(
      "p",
      { class: "legend" },
      element("span", { class: "line theirs" }),
      "theirs, as it is now ",
      element("span", { class: "line mine" }),
      "yours, not saved",
    ),
    choices(
      { label: "Put mine on top of theirs", onChoose: () => { done("on top"); } },
      { label: "Drop mine", isPlain: true, onChoose: () => { done("drop"); } },
    ),
  ];
}
