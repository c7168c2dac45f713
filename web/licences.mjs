// Licences of the packages that went into the page, as one text that is served beside it.
import { readdir, readFile } from "node:fs/promises";
import { join, resolve } from "node:path";

const PACKAGE = /^.*node_modules\/(?:@[^/]+\/)?[^/]+/;

/** Name, version and licence of every package that files were taken from; a package without any licence is an error. */
export async function licencesOf(files) {
  const folders = new Set(files.map((file) => resolve(file).match(PACKAGE)?.[0]).filter(Boolean));
  return (await Promise.all([...folders].sort().map(licenceOf))).join("\n\n");
}

async function licenceOf(folder) {
  const { name, version, license } = JSON.parse(await readFile(join(folder, "package.json"), "utf8"));
  const file = (await readdir(folder)).find((each) => /^licen[cs]e/i.test(each));
  if (file === undefined && license === undefined) throw new Error(`${name} has no licence`);
  const text = file === undefined ? "" : await readFile(join(folder, file), "utf8");
  return `${name} ${version} (${license})\n\n${text.trim()}`;
}
