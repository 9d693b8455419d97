// The extension: the server of the selected interpreter, started when a Python file is opened.
import * as vscode from "vscode";
import { LanguageClient } from "vscode-languageclient/node";
import type { LanguageClientOptions } from "vscode-languageclient/node";
import { chooseInterpreter } from "./interpreter";
import type { PythonApi } from "./interpreter";
import { SERVER_ARGUMENTS, probe } from "./probe";
import { ServerLife } from "./server";

const NAME = "mog";
const PYTHON_EXTENSION = "ms-python.python";
const SELECT = "Select Interpreter";

/** The Python extension's API with the event that tells of another selected interpreter. */
interface PythonApiWithEvent extends PythonApi {
  readonly environments: PythonApi["environments"] & {
    readonly onDidChangeActiveEnvironmentPath: vscode.Event<unknown>;
  };
}

let life: ServerLife | undefined;

/** Start the server, and start it anew whenever another interpreter is to run it. */
export async function activate(context: vscode.ExtensionContext): Promise<void> {
  const output = vscode.window.createOutputChannel(NAME);
  const python = await pythonApi();
  const server = new ServerLife({
    interpreter: () => chooseInterpreter(setting("interpreter"), python, vscode.workspace.workspaceFolders?.[0]?.uri),
    probe,
    start: (interpreter) => startClient(interpreter, output),
    complain: (message) => void complain(message, python !== undefined),
  });
  life = server;
  context.subscriptions.push(
    output,
    vscode.commands.registerCommand("mog.restart", () => server.restart()),
    vscode.workspace.onDidChangeConfiguration((change) => {
      if (change.affectsConfiguration("mog.interpreter")) {
        void server.restart();
      }
    }),
  );
  if (python !== undefined) {
    context.subscriptions.push(python.environments.onDidChangeActiveEnvironmentPath(() => void server.restart()));
  }
  await server.restart();
}

/** Stop the server. */
export function deactivate(): Promise<void> | undefined {
  return life?.stop();
}

async function startClient(interpreter: string, output: vscode.OutputChannel): Promise<LanguageClient> {
  const options: LanguageClientOptions = {
    documentSelector: [
      { scheme: "file", language: "python" },
      { scheme: "file", pattern: "**/pyproject.toml" },
    ],
    outputChannel: output,
  };
  const client = new LanguageClient(NAME, NAME, { command: interpreter, args: [...SERVER_ARGUMENTS] }, options);
  await client.start();
  return client;
}

async function pythonApi(): Promise<PythonApiWithEvent | undefined> {
  const extension = vscode.extensions.getExtension<PythonApiWithEvent>(PYTHON_EXTENSION);
  return extension === undefined ? undefined : await extension.activate();
}

function setting(key: string): string {
  return vscode.workspace.getConfiguration(NAME).get<string>(key, "");
}

async function complain(message: string, canSelect: boolean): Promise<void> {
  const chosen = await vscode.window.showErrorMessage(message, ...(canSelect ? [SELECT] : []));
  if (chosen === SELECT) {
    await vscode.commands.executeCommand("python.setInterpreter");
  }
}
