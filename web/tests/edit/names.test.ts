// @vitest-environment happy-dom
// Names where there is little room.
import { expect, it } from "vitest";
import { inParts, shortenedName } from "../../src/edit/names";

it("an identifier keeps the end by which it differs from others", () => {
  expect(inParts("RGI2000-v7.0-G-11-02596")).toEqual(["RGI2000-v7.0-", "G-11-02596"]);
  expect(inParts("RGI60-11.02596")).toEqual(["RGI60-", "11.02596"]);
  expect(inParts("G007012E46123N")).toEqual(["G0", "07012E46123N"]);
});

it("a part that was split off keeps the name that it was given", () => {
  expect(inParts("RGI2000-v7.0-G-11-02596-1a2b3c4d")[1]).toBe("1a2b3c4d");
});

it("a short name is not shortened, and nothing is lost of any", () => {
  expect(inParts("demo-0001")).toEqual(["", "demo-0001"]);
  for (const name of ["Grosser Aletschgletscher", "a-b", "RGI2000-v7.0-G-11-02596", "-----------------"]) {
    expect(inParts(name).join("")).toBe(name);
  }
});

it("what is heard is the whole name, once", () => {
  const made = shortenedName("NW-12cec11ae1a8");
  const heard = [...made.children].filter((part) => part.getAttribute("aria-hidden") !== "true");
  expect(heard.map((part) => part.textContent)).toEqual(["NW-12cec11ae1a8"]);
});
