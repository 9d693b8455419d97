"""Where settings come from besides arguments: the environment and pyproject.toml."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mog.errors import ConfigError

PREFIX = "MOG_"

FOREIGN_KEYS = frozenset({"app", "src", "lint", "template"})
"""Keys of ``[tool.mog]`` that the command, the linter and the scaffolds read."""


@dataclass(frozen=True, slots=True)
class Setting:
    """A value, and where it was given."""

    value: Any
    origin: str


def from_environment(fields: Collection[str]) -> dict[str, Setting]:
    """Read ``MOG_<NAME>`` for each field."""
    found = {}
    for name in fields:
        variable = PREFIX + name.upper()
        if variable in os.environ:
            found[name] = Setting(os.environ[variable], f"environment variable {variable}")
    return found


def from_project() -> dict[str, Setting]:
    """Read ``[tool.mog]`` of the nearest pyproject.toml, from the working directory up, that has one."""
    for directory in (cwd := Path.cwd(), *cwd.parents):
        file = directory / "pyproject.toml"
        if file.is_file() and (table := read_table(file)) is not None:
            return {key: Setting(value, str(file)) for key, value in table.items() if key not in FOREIGN_KEYS}
    return {}


def read_table(file: Path) -> dict[str, Any] | None:
    """Return ``[tool.mog]``, None where the file has none. Raises ConfigError."""
    try:
        table = tomllib.loads(file.read_text("utf-8")).get("tool", {}).get("mog")
    except OSError as error:
        raise ConfigError(f"{file} cannot be read: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{file} is not valid TOML: {error}") from None
    if table is not None and not isinstance(table, dict):
        raise ConfigError(f"{file}: tool.mog is a table, [tool.mog], not {type(table).__name__}")
    return table
