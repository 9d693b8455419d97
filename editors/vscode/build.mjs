// Bundles the extension into dist/extension.js; with --tests also each file of test/ into dist/test.
import { copyFileSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { build } from "esbuild";

const shared = { bundle: true, platform: "node", target: "node20", format: "cjs", external: ["vscode"], logLevel: "warning" };
const PACKAGE = /^node_modules\/((?:@[^/]+\/)?[^/]+)\//;
const LICENSE = /^licen[cs]e/i;

/** Return the licences of the packages whose files went into a bundle, as they ask for. */
function notices(metafile) {
  const names = Object.keys(metafile.inputs).map((file) => PACKAGE.exec(file)?.[1]);
  return [...new Set(names)].filter(Boolean).sort().map((name) => {
    const file = readdirSync(`node_modules/${name}`).find((entry) => LICENSE.test(entry));
    if (file === undefined) {
      throw new Error(`${name} is bundled and has no licence file`);
    }
    return `${name}\n\n${readFileSync(`node_modules/${name}/${file}`, "utf-8").trim()}\n`;
  });
}

rmSync("dist", { recursive: true, force: true });
mkdirSync("dist");
copyFileSync("../../LICENSE", "LICENSE"); // the package carries it, the repository holds it once
const bundle = { ...shared, entryPoints: ["src/extension.ts"], outfile: "dist/extension.js", minify: true, metafile: true };
const { metafile } = await build(bundle);
writeFileSync("dist/NOTICES.txt", notices(metafile).join(`\n${"-".repeat(80)}\n\n`));
if (process.argv.includes("--tests")) {
  const entryPoints = readdirSync("test").filter((name) => name.endsWith(".test.ts")).map((name) => `test/${name}`);
  await build({ ...shared, entryPoints, outdir: "dist/test", sourcemap: "inline" });
}
