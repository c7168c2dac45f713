// The handle between two pictures of which one lies over the other: dragged by the pointer or moved by keys.

/** Part of the width by which one press of an arrow key moves the handle [%]. */
const STEP = 2;

/**
 * Make the handle; it sets `--swipe` on the element of the maps, the share of the width left of it [%].
 * The style sheet cuts the upper picture there.
 */
export function createSwipe(maps: HTMLElement): HTMLElement {
  const handle = document.createElement("div");
  handle.id = "swipe";
  handle.tabIndex = 0;
  for (const [name, value] of Object.entries({
    role: "slider",
    "aria-label": "Border between the two pictures",
    "aria-orientation": "horizontal",
    "aria-valuemin": "0",
    "aria-valuemax": "100",
  })) {
    handle.setAttribute(name, value);
  }
  let place = 50;
  const moveTo = (percent: number) => {
    place = Math.min(Math.max(percent, 0), 100);
    maps.style.setProperty("--swipe", `${place}%`);
    handle.setAttribute("aria-valuenow", place.toFixed(0));
    handle.setAttribute("aria-valuetext", `${place.toFixed(0)} % of the width show the first picture`);
  };
  moveTo(place);
  handle.addEventListener("pointerdown", (event) => {
    handle.setPointerCapture(event.pointerId);
    event.preventDefault();
    handle.focus();
  });
  handle.addEventListener("pointermove", (event) => {
    if (!handle.hasPointerCapture(event.pointerId)) return;
    const box = maps.getBoundingClientRect();
    moveTo((100 * (event.clientX - box.left)) / box.width);
  });
  handle.addEventListener("keydown", (event) => {
    const steps: Record<string, number> = { ArrowLeft: -STEP, ArrowRight: STEP, PageDown: -5 * STEP, PageUp: 5 * STEP };
    const step = steps[event.key];
    if (event.key === "Home") moveTo(0);
    else if (event.key === "End") moveTo(100);
    else if (step !== undefined && !event.shiftKey) moveTo(place + step);
    else return;
    event.preventDefault();
    event.stopPropagation();
  });
  return handle;
}
