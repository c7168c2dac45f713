// The page as it is served: one script, one style sheet, one page, into the Python package.
import { build } from "esbuild";
import { cp, mkdir, rm } from "node:fs/promises";
import { fileURLToPath } from "node:url";

const out = fileURLToPath(new URL("../src/trimline/review/static/", import.meta.url));
await rm(out, { recursive: true, force: true });
await mkdir(out, { recursive: true });
await build({
  entryPoints: { review: "src/main.ts" },
  outdir: out,
  bundle: true,
  format: "esm",
  splitting: true,
  minify: true,
  sourcemap: false,
  legalComments: "linked",
  target: ["es2022"],
});
for (const file of ["index.html", "icon.svg"]) await cp(file, out + file);
