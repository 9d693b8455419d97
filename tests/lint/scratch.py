"""A scratch project to lint."""

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from mog_lint.config import ALL, LintConfig, load_config
from mog_lint.engine import lint_paths
from mog_lint.findings import Finding


class ScratchProject:
    """Files below a directory, and what the linter says of them, by the rules of family 0 and MOG101 unless said."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.select: tuple[str, ...] = ("MOG0", "MOG101")
        self.write("pyproject.toml", "")

    def write(self, name: str, content: str | bytes) -> Path:
        file = self.root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content.encode() if isinstance(content, str) else content)
        return file

    def config(self) -> LintConfig:
        config = load_config(self.root)
        return replace(config, select=self.select) if config.select == (ALL,) else config

    def lint(self, *names: str) -> list[Finding]:
        return list(lint_paths([self.root / name for name in names], self.config()))

    def codes(self, *names: str) -> list[str]:
        return [finding.code for finding in self.lint(*names)]


def places(findings: Iterable[Finding]) -> list[tuple[str, int]]:
    """Tell file names and rows."""
    return [(Path(finding.filename).name, finding.location.row) for finding in findings]
