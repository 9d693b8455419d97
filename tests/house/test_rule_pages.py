"""The linter's pages are built from its rules, and the hooks call the command."""

from pathlib import Path

from mog_lint.explain import pages

ROOT = Path(__file__).parents[2]


def test_pages_are_those_of_the_rules() -> None:
    written = {file.name: file.read_text("utf-8") for file in (ROOT / "docs/rules").glob("*.md")}
    assert written == pages(), "write them anew: python -m mog_lint.explain docs/rules"


def test_hooks_lint_python_files_in_one_process() -> None:
    hooks = (ROOT / ".pre-commit-hooks.yaml").read_text("utf-8").split("\n\n")
    assert [hook.splitlines()[0] for hook in hooks] == ["- id: mog-lint", "- id: mog-lint-fix"]
    for hook, entry in zip(hooks, ("mog lint", "mog lint --fix"), strict=True):
        assert {f"  entry: {entry}", "  language: python", "  types: [python]", "  require_serial: true"} <= set(
            hook.splitlines()
        )
