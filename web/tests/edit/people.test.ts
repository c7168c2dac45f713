// The author and the reasons that the browser remembers.
import { expect, it } from "vitest";
import { People } from "../../src/edit/people";
import { Memory } from "./fakes";

it("the author is the last one here, else the one of the project", () => {
  const memory = new Memory();
  expect(new People(memory, "Ana").author).toBe("Ana");
  new People(memory, "Ana").author = "Bo";
  expect(new People(memory, "Ana").author).toBe("Bo");
});

it("reasons are offered once each, the last first", () => {
  const memory = new Memory();
  const people = new People(memory, null);
  for (const reason of ["rock", "cloud", "rock"]) people.addReason(reason);
  expect(new People(memory, null).reasons).toEqual(["rock", "cloud"]);
});

it("a full storage keeps nobody from correcting", () => {
  const memory = new Memory();
  memory.isFull = true;
  const people = new People(memory, null);
  people.author = "Ana";
  people.addReason("rock");
  expect([people.author, people.reasons]).toEqual(["Ana", ["rock"]]);
});
