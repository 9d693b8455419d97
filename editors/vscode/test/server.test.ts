import assert from "node:assert/strict";
import { test } from "node:test";
import type { Found } from "../src/probe";
import { ServerLife } from "../src/server";
import type { Surroundings } from "../src/server";

const complete: Found = { version: [3, 12], mog: true, pygls: true };

/** An editor that notes what happens; `change` overrides parts of it. */
function editor(change: Partial<Surroundings> = {}): { log: string[]; life: ServerLife } {
  const log: string[] = [];
  let number = 0;
  const life = new ServerLife({
    interpreter: async () => `python${++number}`,
    probe: async () => complete,
    start: async (interpreter) => {
      log.push(`start ${interpreter}`);
      return { stop: async () => void log.push(`stop ${interpreter}`) };
    },
    complain: (message) => void log.push(message),
    ...change,
  });
  return { log, life };
}

test("a restart ends the old server before the new one begins", async () => {
  const { log, life } = editor();
  await Promise.all([life.restart(), life.restart()]);
  await life.stop();
  assert.deepEqual(log, ["start python1", "stop python1", "start python2", "stop python2"]);
});

test("what is missing is told, and nothing is started", async () => {
  const { log, life } = editor({ probe: async () => ({ ...complete, mog: false }) });
  await life.restart();
  assert.equal(log.length, 1);
  assert.match(log[0] ?? "", /^mog is not installed for python1/);
});

test("an interpreter that cannot be run is told with its reason", async () => {
  const { log, life } = editor({ probe: () => Promise.reject(new Error("spawn ENOENT")) });
  await life.restart();
  assert.deepEqual(log, ["mog could not be started with python1: spawn ENOENT"]);
});

test("a selection that fails is told, too", async () => {
  const { log, life } = editor({ interpreter: () => Promise.reject("no environment") });
  await life.restart();
  assert.deepEqual(log, ["mog could not be started with the selected interpreter: no environment"]);
});

test("a server that has died does not keep the next from starting", async () => {
  const { log, life } = editor({
    start: async (interpreter) => {
      log.push(`start ${interpreter}`);
      return { stop: () => Promise.reject(new Error("connection is closed")) };
    },
  });
  await life.restart();
  await life.restart();
  assert.deepEqual(log, ["start python1", "start python2"]);
});

test("to stop where nothing runs is no fault", async () => {
  const { log, life } = editor();
  await life.stop();
  assert.deepEqual(log, []);
});
