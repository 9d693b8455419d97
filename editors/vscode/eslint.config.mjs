// What the compiler lets pass: promises that nobody waits for, values of type any, conditions that always hold.
import { defineConfig, globalIgnores } from "eslint/config";
import { configs } from "typescript-eslint";

const languageOptions = { parserOptions: { projectService: true } };
const test = { from: "package", package: "node:test", name: "test" };

export default defineConfig(
  globalIgnores(["dist/"]),
  { files: ["src/*.ts"], extends: [configs.strictTypeChecked], languageOptions },
  {
    files: ["test/*.ts"], // stand-ins are as loose as they need to be, but no assertion goes unawaited
    extends: [configs.base],
    languageOptions,
    rules: { "@typescript-eslint/no-floating-promises": ["error", { allowForKnownSafeCalls: [test] }] },
  },
);
