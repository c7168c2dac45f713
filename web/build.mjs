// The page as it is served: its scripts, one style sheet, one page, into the Python package.
import { build } from "esbuild";
import { cp, mkdir, rm, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { licencesOf } from "./licences.mjs";

const out = fileURLToPath(new URL("../src/trimline/review/static/", import.meta.url));
const workers = fileURLToPath(new URL("src/map/decoder_worker.ts", import.meta.url));

/** Workers of the reader of GeoTIFFs come from a file of ours, not from a blob, which the security policy refuses. */
const ownWorkers = {
  name: "own workers",
  setup(building) {
    building.onResolve({ filter: /\/worker\/create\.js$/ }, () => ({ path: workers }));
  },
};

await rm(out, { recursive: true, force: true });
await mkdir(out, { recursive: true });
const { metafile } = await build({
  entryPoints: { review: "src/main.ts", decoder: "src/map/decoder.ts" },
  outdir: out,
  bundle: true,
  format: "esm",
  splitting: true,
  minify: true,
  sourcemap: false,
  legalComments: "linked",
  target: ["es2022"],
  plugins: [ownWorkers],
  metafile: true,
});
await writeFile(`${out}licences.txt`, await licencesOf(Object.keys(metafile.inputs)));
for (const file of ["index.html", "icon.svg"]) await cp(file, out + file);
