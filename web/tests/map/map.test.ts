// @vitest-environment happy-dom
import { describe, expect, test } from "vitest";
import Feature from "ol/Feature";
import { isTyped, periodStep } from "../../src/map/map_keys";
import { MARKS, PICKED, markOf, outlineStyle, periodLine } from "../../src/map/outline_styles";
import { isWithin } from "../../src/map/picking";
import { mapProjection, pictureProjection, registerProjections } from "../../src/map/projections";
import { levelFor, type Level } from "../../src/map/raster_file";
import { placeText, resolutionText } from "../../src/map/readout";
import { createSwipe } from "../../src/map/swipe";
import { picture, review } from "./samples";

const SQUARE = [0, 0, 10, 0, 10, 10, 0, 10, 0, 0];
const HOLE = [4, 4, 4, 6, 6, 6, 6, 4, 4, 4];

describe("the outline under a point", () => {
  test("is that with the point inside, but not in its hole", () => {
    const rings = [...SQUARE, ...HOLE];
    const ends = [SQUARE.length, rings.length];
    expect(isWithin(rings, ends, 2, 2)).toBe(true);
    expect(isWithin(rings, ends, 5, 5)).toBe(false);
    expect(isWithin(rings, ends, 12, 5)).toBe(false);
  });

  test("is also that of which it lies in the second part", () => {
    const parts = [...SQUARE, ...SQUARE.map((value, at) => (at % 2 === 0 ? value + 20 : value))];
    expect(isWithin(parts, [SQUARE.length, parts.length], 25, 5)).toBe(true);
    expect(isWithin(parts, [SQUARE.length, parts.length], 15, 5)).toBe(false);
  });
});

describe("outlines", () => {
  test("are marked by their state, and by corrections where nobody has judged them", () => {
    const mark = (state: string, edits: number) => markOf(new Feature({ state, edits }));
    expect([mark("open", 0), mark("open", 2), mark("accepted", 2), mark("flagged", 0)]).toEqual([
      "open",
      "edited",
      "accepted",
      "flagged",
    ]);
  });

  test("are left out while they are drawn in their corrected form", () => {
    const style = outlineStyle(() => new Set(["G2"]));
    expect(style(new Feature({ glac_id: "G2", state: "open", edits: 0 }), 10)).toBeUndefined();
    expect(style(new Feature({ glac_id: "G1", state: "open", edits: 0 }), 10)).toHaveLength(2);
  });

  test("are white where a glacier is picked, unless it is drawn in its corrected form", () => {
    let picked: string | null = "G1";
    const style = outlineStyle(() => new Set(["G2"]), () => picked);
    const colours = (glac_id: string) => {
      const drawn = style(new Feature({ glac_id, state: "open", edits: 0 }), 10);
      return Array.isArray(drawn) ? drawn.map((each) => each.getStroke()?.getColor()) : drawn;
    };
    expect(colours("G1")).toContain(PICKED.colour);
    expect(colours("G3")).toContain(MARKS.open.colour);
    picked = "G2";
    expect(colours("G2")).toBeUndefined();
    expect(colours("G1")).toContain(MARKS.open.colour);
  });

  test("differ from the lines of other periods in every colour", () => {
    const colours = [0, 1, 2, 3].map((position) => periodLine(position, 4).colour);
    expect(new Set([...colours, ...Object.values(MARKS).map((mark) => mark.colour)]).size).toBe(8);
  });
});

describe("keys", () => {
  const press = (target: string, key: string, shiftKey = false) => {
    document.body.innerHTML = target;
    let typed = false;
    document.body.addEventListener("keydown", (event) => (typed = isTyped(event)), { once: true });
    document.body.firstElementChild?.dispatchEvent(new KeyboardEvent("keydown", { key, shiftKey, bubbles: true }));
    return typed;
  };

  test("step through the periods, also with the focus on a slider", () => {
    expect([",", "."].map((key) => periodStep({ key, shiftKey: false }))).toEqual([-1, 1]);
    expect(periodStep({ key: "ArrowLeft", shiftKey: true })).toBe(-1);
    expect(periodStep({ key: "ArrowLeft", shiftKey: false })).toBe(0);
    expect(press('<input type="range">', ",")).toBe(false);
    expect(press('<input type="range">', "ArrowLeft")).toBe(true);
    expect(press('<input type="range">', "ArrowLeft", true)).toBe(false);
  });

  test("step through the periods also with the focus in the list of glaciers, which keeps its own keys", () => {
    const list = '<div role="listbox" tabindex="0"></div>';
    expect([",", ".", "h"].map((key) => press(list, key))).toEqual([false, false, false]);
    expect(press(list, "ArrowLeft", true)).toBe(false);
    expect(["ArrowDown", "PageUp", "Home", "End"].map((key) => press(list, key))).toEqual([true, true, true, true]);
  });

  test("step through the periods after a choice was made, which keeps its arrows and letters", () => {
    const choice = "<select><option>by area</option></select>";
    expect([press(choice, ","), press(choice, ".")]).toEqual([false, false]);
    expect([press(choice, "h"), press(choice, "ArrowLeft", true), press(choice, "Home")]).toEqual([true, true, true]);
  });

  test("are left to fields that take text", () => {
    expect(press('<input type="text">', ",")).toBe(true);
    expect(press("<textarea></textarea>", "h")).toBe(true);
    expect([press('<input type="search">', "."), press('<input type="number">', ",")]).toEqual([true, true]);
    expect(press("<button>Save</button>", ",")).toBe(false);
  });
});

describe("projections", () => {
  test("a picture without its own is drawn in that of the review, one of another CRS by its definition", () => {
    expect(mapProjection(review())).toBe("EPSG:32646");
    expect(mapProjection(review({ crs: 'PROJCRS["a"]' }))).toBe("review");
    expect(pictureProjection(picture("b"), review())).toBe("EPSG:32646");
    const other = picture("b", { crs: "EPSG:32645", proj4: "+proj=utm +zone=45 +datum=WGS84 +units=m" });
    expect(pictureProjection(other, review())).toBe("EPSG:32645");
    expect(pictureProjection({ ...other, proj4: null }, review())).toBeNull();
  });

  test("a place is told in metres and in degrees", () => {
    registerProjections(review());
    expect(placeText([500000, 3794240], review())).toBe("500\u2009000 E 3\u2009794\u2009240 N   34.2894°\u2009N 93.0000°\u2009E");
    expect([resolutionText(123.4), resolutionText(12.34), resolutionText(0.26)]).toEqual([
      "123 m per pixel",
      "12.3 m per pixel",
      "0.26 m per pixel",
    ]);
  });
});

describe("levels of a file", () => {
  const levels = [30, 60, 120].map((side) => ({ resolution: [side, side] }) as unknown as Level);
  test("the coarsest that is as fine as wanted is read", () => {
    expect([10, 30, 59, 60, 119.5, 500].map((wanted) => levelFor(levels, wanted).resolution[0])).toEqual([
      30, 30, 60, 60, 120, 120,
    ]);
  });
});

describe("the border between two pictures", () => {
  test("is moved by keys and stays within the map", () => {
    const maps = document.createElement("section");
    const handle = createSwipe(maps);
    const place = () => maps.style.getPropertyValue("--swipe");
    handle.dispatchEvent(new KeyboardEvent("keydown", { key: "ArrowRight" }));
    expect(place()).toBe("52%");
    handle.dispatchEvent(new KeyboardEvent("keydown", { key: "Home" }));
    handle.dispatchEvent(new KeyboardEvent("keydown", { key: "ArrowLeft" }));
    expect([place(), handle.getAttribute("aria-valuenow")]).toEqual(["0%", "0"]);
  });
});
