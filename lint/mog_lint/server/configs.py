"""Where a project's configuration is, and where in it something is wrong."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from mog_lint.errors import ConfigError

_TABLE = re.compile(r"^\s*\[tool\.mog(?:\.lint)?\b", re.MULTILINE)
_TOML_PLACE = re.compile(r"\(at line (\d+), column (\d+)\)")
_QUOTED = re.compile(r"'([^']+)'")
_KEY = re.compile(r"has no key (\S+)|^([\w-]+) (?:in \[|takes )")


@dataclass(frozen=True)
class ConfigProblem:
    """A pyproject.toml that the linter does not understand: its text, why, and the characters that it is about."""

    file: Path
    text: str
    message: str
    start: int
    end: int


def problem_of(file: Path, error: ConfigError) -> ConfigProblem:
    """Return where in a pyproject.toml an error is, as far as its words tell."""
    message = str(error).removeprefix(f"{file}: ").removeprefix(f"{file} ")
    try:
        text = file.read_bytes().decode("utf-8", errors="replace")
    except OSError:
        text = ""
    start, end = _place(text, message)
    return ConfigProblem(file, text, message, start, end)


def _place(text: str, message: str) -> tuple[int, int]:
    """Return the characters that a message is about: where TOML ends to parse, what it names, or the table's head."""
    broken = _TOML_PLACE.search(message)
    if broken is not None:
        lines = text.splitlines(keepends=True)
        start = sum(map(len, lines[: int(broken[1]) - 1])) + int(broken[2]) - 1
        return start, start + 1
    table = _TABLE.search(text)
    if table is None:
        return 0, 0
    for word in _named(message):
        found = re.compile(rf"(?<![\w-]){re.escape(word)}(?![\w-])").search(text, table.end())
        if found is not None:
            return found.span()
    end = text.find("\n", table.start())
    return table.start(), len(text) if end < 0 else end


def _named(message: str) -> Iterator[str]:
    """Yield what a message names, what is quoted before keys."""
    yield from _QUOTED.findall(message)
    for found in _KEY.finditer(message):
        yield from filter(None, found.groups())
