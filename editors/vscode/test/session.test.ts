// The real server, started as the extension starts it. MOG_PYTHON names a Python that has one; else that of the repository.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { test } from "node:test";
import { pathToFileURL } from "node:url";
import {
  CodeActionRequest,
  DidOpenTextDocumentNotification,
  DocumentDiagnosticRequest,
  ExitNotification,
  InitializeRequest,
  InitializedNotification,
  ShutdownRequest,
  StreamMessageReader,
  StreamMessageWriter,
  createProtocolConnection,
} from "vscode-languageserver-protocol/node";
import { SERVER_ARGUMENTS, probe, whatIsMissing } from "../src/probe";

const TEXT = "import time\n\n\nasync def load():\n    time.sleep(1)\n";
const python = process.env["MOG_PYTHON"] ?? resolve(__dirname, "../../../../.venv/bin/python");

async function reasonToSkip(): Promise<string | false> {
  if (!existsSync(python)) {
    return "no Python with mog: set MOG_PYTHON";
  }
  return whatIsMissing(python, await probe(python)) ?? false;
}

test("a finding is shown and can be mended", async (context) => {
  const reason = await reasonToSkip();
  if (reason !== false) {
    context.skip(reason);
    return;
  }
  const folder = mkdtempSync(join(tmpdir(), "mog-"));
  writeFileSync(join(folder, "pyproject.toml"), "");
  const uri = pathToFileURL(join(folder, "tasks.py")).href;
  const server = spawn(python, SERVER_ARGUMENTS, { cwd: folder, stdio: ["pipe", "pipe", "inherit"] });
  const ended = new Promise((done) => server.once("exit", done));
  const connection = createProtocolConnection(new StreamMessageReader(server.stdout), new StreamMessageWriter(server.stdin));
  connection.listen();
  try {
    const capabilities = { textDocument: { diagnostic: {} } };
    const folders = [{ uri: pathToFileURL(folder).href, name: "shop" }];
    await connection.sendRequest(InitializeRequest.type, { processId: process.pid, rootUri: null, capabilities, workspaceFolders: folders });
    await connection.sendNotification(InitializedNotification.type, {});
    const textDocument = { uri, languageId: "python", version: 1, text: TEXT };
    await connection.sendNotification(DidOpenTextDocumentNotification.type, { textDocument });
    const report = await connection.sendRequest(DocumentDiagnosticRequest.type, { textDocument: { uri } });
    assert.equal(report.kind, "full");
    assert.deepEqual(report.items.map((item) => [item.code, item.range.start.line]), [["MOG201", 4]]);
    const range = report.items[0]?.range;
    assert.ok(range);
    const found = await connection.sendRequest(CodeActionRequest.type, { textDocument: { uri }, range, context: { diagnostics: [] } });
    assert.deepEqual(found?.map((action) => action.title), [
      "MOG201: await `asyncio.sleep`",
      "MOG201: ignore it on this line, with a reason",
      "Mend all that can be mended safely (mog)",
    ]);
    await connection.sendRequest(ShutdownRequest.type);
    await connection.sendNotification(ExitNotification.type);
    assert.equal(await ended, 0);
  } finally {
    connection.dispose();
    server.kill();
    rmSync(folder, { recursive: true });
  }
});
