// Which Python's `mog lsp` is started.

/** The part of the Python extension's API that is used; it is found at run time, where it is installed. */
export interface PythonApi {
  readonly environments: {
    getActiveEnvironmentPath(resource?: unknown): { readonly path: string };
    resolveEnvironment(
      environment: { readonly path: string },
    ): Promise<{ readonly executable: { readonly uri?: { readonly fsPath: string } | undefined } } | undefined>;
  };
}

const FALLBACK = process.platform === "win32" ? "python" : "python3";

/**
 * Return the interpreter: the setting, else what is selected in the Python extension, else the one of PATH.
 *
 * An environment that cannot be resolved any more, because it was deleted, counts as none.
 */
export async function chooseInterpreter(
  setting: string,
  python: PythonApi | undefined,
  resource?: unknown,
): Promise<string> {
  if (setting.trim() !== "") {
    return setting.trim();
  }
  if (python !== undefined) {
    const selected = python.environments.getActiveEnvironmentPath(resource);
    const resolved = await python.environments.resolveEnvironment(selected);
    const executable = resolved?.executable.uri?.fsPath;
    if (executable !== undefined) {
      return executable;
    }
  }
  return FALLBACK;
}
