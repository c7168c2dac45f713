// Texts of others on the page.
// @vitest-environment happy-dom
import { expect, it } from "vitest";
import { element, fill } from "../../src/edit/elements";
import { called } from "../../src/edit/readable";

const REVERSED = "snow \u202egnihton\u202c, \u2067x\u2069";

it("nothing in a text turns the order of what stands on the page", () => {
  const made = element("q", { title: REVERSED }, REVERSED, element("b", {}, "\u202e"));
  expect(made.textContent).toBe("snow \ufffdgnihton\ufffd, \ufffdx\ufffd\ufffd");
  expect(made.title).not.toMatch(/\u202e/u);
  fill(made, REVERSED);
  expect(made.textContent).not.toMatch(/[\u202a-\u202e\u2066-\u2069]/u);
});

it("marks of direction, which Arabic and Hebrew need, are left as they are", () => {
  expect(element("q", {}, "\u062c\u0628\u0644\u200f 1").textContent).toBe("\u062c\u0628\u0644\u200f 1");
});

it("parts that share a name are told from each other by their identifiers", () => {
  expect(called({ glac_id: "a-2", glac_name: "Upper" })).toBe("Upper (a-2)");
  expect(called({ glac_id: "a-2", glac_name: null })).toBe("a-2");
});
