// The panel of pictures: which scene is seen in which bands and with which contrast, for each of two pictures.
import type { Api } from "../api";
import { Refused } from "../api";
import type { Picture } from "../contract";
import { combinationOf, combinationsOf } from "../map/combinations";
import { button, inPage } from "../map/elements";
import type { Maps } from "../map/maps";
import { picturesOf } from "../map/period_pictures";
import type { Look, State, Store } from "../state";
import { createContrast } from "./contrast";
import { labelled, section } from "./fields";

/** Milliseconds for which a scene is looked at before its copy is made: not each one that is passed by. */
const PREPARED_AFTER_MS = 1000;

export function createPictures(store: Store, api: Api, maps: Maps): void {
  const panel = inPage("pictures");
  const parts = ([0, 1] as const).map((which) => part(which, store, api, maps));
  panel.append(section("Picture", ...parts));
  store.on(["views"], ({ views }) => {
    panel.querySelector("h2")?.replaceChildren(views === "one" ? "Picture" : "Pictures");
    const [first, second] = parts;
    if (second) second.hidden = views === "one";
    const names = views === "one" ? [""] : views === "linked" ? ["Left map", "Right map"] : ["Left of the border", "Right of it"];
    [first, second].forEach((each, at) => {
      each?.querySelector("legend")?.replaceChildren(names[at] ?? "");
    });
  });
}

/** Change one of the two looks. */
export function setLook(store: Store, which: 0 | 1, change: Partial<Look>): void {
  const looks: [Look, Look] = [...store.state.looks];
  looks[which] = { ...looks[which], ...change };
  store.set({ looks });
}

function part(which: 0 | 1, store: Store, api: Api, maps: Maps): HTMLFieldSetElement {
  const set = document.createElement("fieldset");
  const scene = document.createElement("select");
  scene.addEventListener("change", () => {
    setLook(store, which, { picture: scene.value || null });
  });
  const bands = document.createElement("select");
  bands.addEventListener("change", () => {
    setLook(store, which, { combination: bands.value, stretch: null });
  });
  const preparing = document.createElement("div");
  preparing.className = "preparing";
  const contrast = createContrast(which, store, maps);
  set.append(document.createElement("legend"), labelled("Scene", scene), labelled("Bands", bands), preparing, contrast);
  let asked: string | null = null;
  store.on(["review", "period"], (state) => {
    fillScenes(scene, state);
  });
  store.on(["review", "period", "looks", "views"], (state) => {
    const look = state.looks[which];
    scene.value = look.picture ?? "";
    scene.title = scene.selectedOptions[0]?.text ?? "";
    const picture = state.review.pictures.find((each) => each.id === look.picture);
    fillBands(bands, picture, look);
    bands.disabled = contrast.disabled = picture?.state !== "ready";
    showPreparing(preparing, picture, prepare);
    if (isWaiting(state) && asked !== look.picture) {
      asked = look.picture;
      setTimeout(() => {
        if (isWaiting(store.state) && store.state.looks[which].picture === asked && picture) prepare(picture);
        else asked = null;
      }, PREPARED_AFTER_MS);
    }
  });
  return set;

  function isWaiting({ review, looks, views }: Readonly<State>): boolean {
    const picture = review.pictures.find((each) => each.id === looks[which].picture);
    return picture?.state === "to be prepared" && (which === 0 || views !== "one");
  }

  function prepare(picture: Picture): void {
    api.prepare(picture.id).then(
      (then) => {
        const { review } = store.state;
        const pictures = review.pictures.map((each) => (each.id === then.id ? then : each));
        store.set({ review: { ...review, pictures } });
      },
      (error: unknown) => {
        store.set({ said: error instanceof Refused ? error.message : "The server does not answer" });
      },
    );
  }
}

/** Scenes of the period first, then those of the others. */
function fillScenes(select: HTMLSelectElement, { review, period }: Readonly<State>): void {
  const here = picturesOf(review, period);
  const elsewhere = review.pictures.filter((picture) => !here.includes(picture));
  const content: HTMLElement[] = [new Option("no picture", "")];
  for (const [label, pictures] of [[`Period ${period}`, here], ["Other periods", elsewhere]] as const) {
    if (pictures.length === 0) continue;
    const group = document.createElement("optgroup");
    group.label = label;
    group.append(...pictures.map((picture) => new Option(nameOf(picture), picture.id)));
    content.push(group);
  }
  select.replaceChildren(...content);
}

function nameOf(picture: Picture): string {
  const parts = [picture.date?.slice(0, 10), picture.reference ? "reference" : "", picture.sensor].filter(Boolean);
  const cloud = picture.cloud_cover === null ? "" : `, ${picture.cloud_cover.toFixed(0)} % cloud`;
  return `${parts.length > 0 ? parts.join(", ") : picture.title}${cloud}`;
}

function fillBands(select: HTMLSelectElement, picture: Picture | undefined, look: Look): void {
  const offered = picture ? combinationsOf(picture) : [];
  select.replaceChildren(
    ...offered.map(({ name, title }) => {
      const option = new Option(name, name);
      option.title = title;
      return option;
    }),
  );
  const combination = picture ? combinationOf(picture, look.combination) : null;
  select.value = combination?.name ?? "";
  select.title = combination?.title ?? "";
}

/** What a scene needs before it is seen, or why it cannot be. */
function showPreparing(element: HTMLElement, picture: Picture | undefined, prepare: (picture: Picture) => void): void {
  element.replaceChildren();
  if (!picture || picture.state === "ready") return;
  const text = document.createElement("p");
  const why = picture.why ? ` (${picture.why})` : "";
  if (picture.state === "failed") text.textContent = `This scene cannot be shown${picture.why ? `: ${picture.why}` : ""}.`;
  else text.textContent = `A copy that the browser can read is made once${why}; it takes up to some minutes.`;
  element.append(text);
  if (picture.state === "preparing" || picture.state === "to be prepared") {
    const progress = document.createElement("progress");
    progress.setAttribute("aria-label", "The scene is being copied");
    element.append(progress);
  }
  if (picture.state === "failed") {
    element.append(button("Try again", "Try to copy the scene again", () => { prepare(picture); }));
  }
}
