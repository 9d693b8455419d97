// The bundle, in an editor that has next to nothing.
import assert from "node:assert/strict";
import Module from "node:module";
import { resolve } from "node:path";
import { test } from "node:test";

interface Extension {
  activate(context: { subscriptions: { dispose(): void }[] }): Promise<void>;
  deactivate(): Promise<void> | undefined;
}

interface Seen {
  readonly errors: unknown[][];
  readonly executed: string[];
  readonly commands: Map<string, () => Promise<void>>;
}

const nothing = { dispose: () => undefined };

/** Return an editor whose setting names an interpreter; whatever else is asked for is a class without members. */
function editor(interpreter: string, answer: string | undefined, seen: Seen): object {
  const known: Record<string, unknown> = {
    window: {
      createOutputChannel: () => nothing,
      showErrorMessage: async (...words: unknown[]) => {
        seen.errors.push(words);
        return answer;
      },
    },
    workspace: {
      workspaceFolders: undefined,
      getConfiguration: () => ({ get: () => interpreter }),
      onDidChangeConfiguration: () => nothing,
    },
    commands: {
      registerCommand: (name: string, run: () => Promise<void>) => {
        seen.commands.set(name, run);
        return nothing;
      },
      executeCommand: async (name: string) => void seen.executed.push(name),
    },
    extensions: {
      getExtension: () => ({
        activate: async () => ({ environments: { onDidChangeActiveEnvironmentPath: () => nothing } }),
      }),
    },
  };
  return new Proxy(known, { get: (target, name) => target[String(name)] ?? class {} });
}

/** Load the bundle with this editor as the module `vscode`. */
function load(vscode: object): Extension {
  const loader = Module as unknown as { _load(request: string, ...rest: unknown[]): unknown };
  const original = loader._load;
  loader._load = (request, ...rest) => (request === "vscode" ? vscode : original.call(Module, request, ...rest));
  try {
    const file = resolve(__dirname, "../extension.js");
    delete require.cache[file];
    return require(file) as Extension;
  } finally {
    loader._load = original;
  }
}

test("an interpreter that is not there is told, and another can be selected", async () => {
  const seen: Seen = { errors: [], executed: [], commands: new Map() };
  const extension = load(editor("/nowhere/python", "Select Interpreter", seen));
  const context = { subscriptions: [] as { dispose(): void }[] };
  await extension.activate(context);
  assert.equal(seen.errors.length, 1);
  assert.match(String(seen.errors[0]?.[0]), /^mog could not be started with \/nowhere\/python: .*ENOENT/);
  assert.equal(seen.errors[0]?.[1], "Select Interpreter");
  assert.equal(context.subscriptions.length, 4);
  await seen.commands.get("mog.restart")?.();
  assert.equal(seen.errors.length, 2);
  await new Promise((done) => setImmediate(done));
  assert.deepEqual(seen.executed, ["python.setInterpreter", "python.setInterpreter"]);
  await extension.deactivate();
});
