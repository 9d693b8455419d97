import assert from "node:assert/strict";
import { chmodSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { probe, whatIsMissing } from "../src/probe";

function program(body: string): string {
  const file = join(mkdtempSync(join(tmpdir(), "mog-")), "python");
  writeFileSync(file, `#!/bin/sh\n${body}\n`);
  chmodSync(file, 0o755);
  return file;
}

const complete = { version: [3, 12], mog: true, pygls: true } as const;

test("an environment that has all lacks nothing", () => {
  assert.equal(whatIsMissing("python", complete), undefined);
});

test("each lack is told with what to do", () => {
  assert.match(whatIsMissing("py", { ...complete, version: [3, 9] }) ?? "", /3\.11 or newer, and py is 3\.9: select/);
  assert.match(whatIsMissing("py", { ...complete, version: [2, 14] }) ?? "", /py is 2\.14/);
  assert.match(whatIsMissing("py", { ...complete, mog: false, pygls: false }) ?? "", /not installed for py: install mogkit\[lsp\]/);
  assert.match(whatIsMissing("py", { ...complete, pygls: false }) ?? "", /lacks its language server: install mogkit\[lsp\]/);
});

test("an interpreter tells what it has", async () => {
  const found = await probe("python3");
  assert.equal(found.version.length, 2);
  assert.equal(typeof found.mog, "boolean");
  assert.equal(typeof found.pygls, "boolean");
});

test("what is no interpreter is refused", async () => {
  await assert.rejects(probe("/nowhere/python"), /ENOENT/);
  await assert.rejects(probe(program("exit 3")), /Command failed/);
  await assert.rejects(probe(program("echo Python 2.7")), /JSON/);
});
