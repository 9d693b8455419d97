// Whether an interpreter can run the server, asked before it is started: a server that dies at once says nothing.
import { execFile } from "node:child_process";
import { tmpdir } from "node:os";
import { promisify } from "node:util";

/** What an interpreter says of itself. */
export interface Found {
  readonly version: readonly [number, number];
  readonly mog: boolean;
  readonly pygls: boolean;
}

/** The arguments with which an interpreter runs the server; -P keeps the workspace's files off its module path. */
export const SERVER_ARGUMENTS: readonly string[] = ["-P", "-m", "mog_cli", "lsp"];

const OLDEST: readonly [number, number] = [3, 11];
const PATIENCE_MS = 20_000;
const QUESTION = [
  "import importlib.util as u, json, sys",
  "has = lambda name: u.find_spec(name) is not None",
  "print(json.dumps({'version': sys.version_info[:2], 'mog': has('mog_cli'), 'pygls': has('pygls')}))",
].join("; ");

/** Ask an interpreter what it has. Rejects where it cannot be run. */
export async function probe(interpreter: string): Promise<Found> {
  // In a directory of nobody's: with -c, Python imports from where it is started.
  const options = { cwd: tmpdir(), timeout: PATIENCE_MS };
  const { stdout } = await promisify(execFile)(interpreter, ["-c", QUESTION], options);
  return JSON.parse(stdout) as Found;
}

/** Return what is to be done before the server can run, or undefined where nothing is missing. */
export function whatIsMissing(interpreter: string, found: Found): string | undefined {
  const [major, minor] = found.version;
  if (major < OLDEST[0] || (major === OLDEST[0] && minor < OLDEST[1])) {
    return `mog needs Python ${OLDEST.join(".")} or newer, and ${interpreter} is ${found.version.join(".")}: select another interpreter.`;
  }
  if (!found.mog) {
    return `mog is not installed for ${interpreter}: install mogkit[lsp] there, or select another interpreter.`;
  }
  if (!found.pygls) {
    return `mog of ${interpreter} lacks its language server: install mogkit[lsp] there.`;
  }
  return undefined;
}
