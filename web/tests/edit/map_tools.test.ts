// @vitest-environment happy-dom
// Drawings that come to nothing are put back into the hand.
import OlMap from "ol/Map";
import View from "ol/View";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { EditLayer } from "../../src/edit/edit_layer";
import { MapTools } from "../../src/edit/map_tools";
import { square } from "./fakes";

const line = { type: "LineString", coordinates: [[0, 0], [5, 5], [10, 0]] };

describe("a drawing that had ended", () => {
  const onDrawn = vi.fn();
  let tools: MapTools;

  beforeEach(() => {
    onDrawn.mockClear();
    const maps = [0, 1].map(() => new OlMap({ view: new View({ center: [0, 0], resolution: 1 }) }));
    const [main, second] = maps as [OlMap, OlMap];
    vi.spyOn(main, "getPixelFromCoordinate").mockImplementation(([x = 0, y = 0]) => [x, -y]); // nothing is rendered here
    const none = (): void => undefined;
    tools = new MapTools(main, new EditLayer(main, second), {
      onMoved: none,
      onDrawn,
      onMoving: none,
      onSketch: none,
      onGivenUp: none,
    });
  });

  it("is drawn again as it was", () => {
    tools.use("add");
    expect(tools.resume(square(0, 0, 10))).toBe(true);
    expect(tools.isDrawing).toBe(true);
    tools.finish();
    expect(onDrawn).toHaveBeenCalledWith("add", square(0, 0, 10));
    expect(tools.isDrawing).toBe(false);
  });

  it("loses its last corners one by one", () => {
    tools.use("add");
    tools.resume(square(0, 0, 10));
    tools.takeLastVertexBack();
    tools.finish();
    const triangle = [[0, 0], [10, 0], [10, 10], [0, 0]];
    expect(onDrawn).toHaveBeenCalledWith("add", { type: "Polygon", coordinates: [triangle] });
  });

  it("may be a line", () => {
    tools.use("split");
    expect(tools.resume(line)).toBe(true);
    tools.finish();
    expect(onDrawn).toHaveBeenCalledWith("split", line);
  });

  it("stays away while another one is drawn, and from tools that do not draw", () => {
    tools.use("look");
    expect(tools.resume(line)).toBe(false);
    tools.use("add");
    tools.resume(square(0, 0, 10));
    expect(tools.resume(square(50, 0, 10))).toBe(false);
    tools.finish();
    expect(onDrawn).toHaveBeenCalledExactlyOnceWith("add", square(0, 0, 10));
  });
});
