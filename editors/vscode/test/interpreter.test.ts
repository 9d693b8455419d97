import assert from "node:assert/strict";
import { test } from "node:test";
import { chooseInterpreter } from "../src/interpreter";
import type { PythonApi } from "../src/interpreter";

function python(executable: string | undefined): PythonApi & { asked: unknown[] } {
  const asked: unknown[] = [];
  return {
    asked,
    environments: {
      getActiveEnvironmentPath: (resource) => {
        asked.push(resource);
        return { path: "/envs/selected" };
      },
      resolveEnvironment: async (environment) => {
        assert.equal(environment.path, "/envs/selected");
        return executable === "gone" ? undefined : { executable: { uri: executable ? { fsPath: executable } : undefined } };
      },
    },
  };
}

test("the setting comes first", async () => {
  assert.equal(await chooseInterpreter(" /own/python ", python("/envs/selected/bin/python")), "/own/python");
});

test("the selected interpreter of the folder is taken", async () => {
  const api = python("/envs/selected/bin/python");
  assert.equal(await chooseInterpreter("", api, "folder"), "/envs/selected/bin/python");
  assert.deepEqual(api.asked, ["folder"]);
});

for (const environment of ["gone", undefined]) {
  test(`an environment that is ${environment ?? "without an executable"} counts as none`, async () => {
    assert.match(await chooseInterpreter("", python(environment)), /^python3?$/);
  });
}

test("without the Python extension it is the one of PATH", async () => {
  assert.match(await chooseInterpreter("  ", undefined), /^python3?$/);
});
