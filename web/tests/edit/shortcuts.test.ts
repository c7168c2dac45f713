// Keys and what they ask for.
import { describe, expect, it } from "vitest";
import { actionOf, type Press } from "../../src/edit/shortcuts";

const still = { isDrawing: false, isMoving: false, isTyping: false };

function press(key: string, held: Partial<Press> = {}): Press {
  return { key, ctrlKey: false, metaKey: false, altKey: false, shiftKey: false, ...held };
}

describe("keys", () => {
  it("take tools and act on glaciers", () => {
    expect(["v", "+", "-", "n", "a", "Escape", "?"].map((key) => actionOf(press(key), still))).toEqual([
      "move",
      "add",
      "subtract",
      "next",
      "accept",
      "look",
      "keys",
    ]);
  });

  it("are left to a field that is typed into, but for saving", () => {
    const typing = { ...still, isTyping: true };
    expect(actionOf(press("a"), typing)).toBeNull();
    expect(actionOf(press("z", { ctrlKey: true }), typing)).toBeNull();
    expect(actionOf(press("s", { ctrlKey: true }), typing)).toBe("save");
  });

  it("undo and redo as everywhere, also on a Mac", () => {
    expect(actionOf(press("z", { ctrlKey: true }), still)).toBe("undo");
    expect(actionOf(press("Z", { ctrlKey: true, shiftKey: true }), still)).toBe("redo");
    expect(actionOf(press("y", { ctrlKey: true }), still)).toBe("redo");
    expect(actionOf(press("z", { metaKey: true }), still)).toBe("undo");
  });

  it("end a line or take its last vertex back only while one is drawn", () => {
    expect(actionOf(press("Enter"), still)).toBeNull();
    expect(actionOf(press("Enter"), { ...still, isDrawing: true })).toBe("finish");
    expect(actionOf(press("Backspace"), { ...still, isDrawing: true })).toBe("last vertex");
    expect(actionOf(press("Delete"), { ...still, isMoving: true })).toBe("remove vertex");
  });

  it("of the browser and of the map stay with them", () => {
    expect(actionOf(press("r", { ctrlKey: true }), still)).toBeNull();
    expect(actionOf(press("ArrowLeft", { altKey: true }), still)).toBeNull();
    expect(actionOf(press(","), still)).toBeNull();
  });
});
