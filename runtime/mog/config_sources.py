"""Where settings come from besides arguments: the environment and pyproject.toml."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple, cast

from pydantic_core import from_json

from mog.errors import ConfigError
from mog.validation import nearest

DEFAULT_BROKER = "sqlite:///.mog/mog.db"

PREFIX = "MOG_"

FOREIGN_KEYS = frozenset({"app", "src", "lint", "template"})
"""Keys of ``[tool.mog]`` that the command, the linter and the scaffolds read."""

URLS = ("broker", "results", "state")

MISSPELT = 0.85
"""How alike (1: the same) a variable must be to a known one to be taken for a misspelling, and not another's."""


class Setting(NamedTuple):
    """A value, and where it was given."""

    value: Any
    origin: str


def variable_of(name: str) -> str:
    """Return the environment variable of a setting."""
    return PREFIX + name.upper().replace(".", "_")


def from_environment(names: Iterable[str]) -> dict[str, Setting]:
    """Read ``MOG_<NAME>`` for each setting, ``MOG_<NAME>_<PART>`` for ``name.part``; lists and tables as JSON.

    An empty variable counts as not given. Raises ConfigError for what is no JSON, and for a variable whose name is
    almost that of a setting.
    """
    variables = {variable_of(name): name for name in names}
    found = {}
    for variable, text in os.environ.items():
        if variable in variables and text:
            found[variables[variable]] = Setting(_parse(variable, text), f"environment variable {variable}")
        elif variable.startswith(PREFIX) and variable not in variables:
            _refuse_misspelt(variable, variables)
    return found


def assemble(settings: Mapping[str, Setting]) -> dict[str, Any]:
    """Return the values by the names of fields, each ``name.part`` put into the value of its field."""
    values: dict[str, Any] = {name: setting.value for name, setting in settings.items() if "." not in name}
    for name, setting in settings.items():
        field, _, part = name.partition(".")
        whole = values.get(field, {})
        if part and isinstance(whole, Mapping):
            values[field] = {**whole, part: setting.value}
    return values


def from_project() -> dict[str, Setting]:
    """Read ``[tool.mog]`` of the nearest pyproject.toml, from the working directory up, that has one.

    Its directory is the root of relative paths to a SQLite file, that of the default among them: the store is the same
    one wherever in the project a command is given. Raises ConfigError.
    """
    for directory in (cwd := Path.cwd(), *cwd.parents):
        file = directory / "pyproject.toml"
        if file.is_file() and (table := read_table(file)) is not None:
            table = {"broker": DEFAULT_BROKER} | {key: value for key, value in table.items() if key not in FOREIGN_KEYS}
            if directory != cwd:
                table |= {key: _anchor(table[key], directory) for key in URLS if key in table}
            return {key: Setting(value, f"[tool.mog] of {file}") for key, value in table.items()}
    return {}


def read_table(file: Path) -> dict[str, Any] | None:
    """Return ``[tool.mog]``, None where the file has none. Raises ConfigError."""
    import tomllib  # noqa: PLC0415 - takes some milliseconds to import, which a program without the file need not pay

    try:
        content = tomllib.loads(file.read_text("utf-8"))
    except OSError as error:
        raise ConfigError(f"{file} cannot be read: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{file} is not valid TOML: {error}") from None
    table: Any = content
    for key in ("tool", "mog"):
        table = table.get(key)
        if table is not None and not isinstance(table, dict):
            raise ConfigError(f"{file}: {key} must be a table, as in [tool.mog], and is {type(table).__name__}")
        if table is None:
            return None
    return cast("dict[str, Any]", table)


def _parse(variable: str, text: str) -> Any:
    if not text.startswith(("[", "{")):
        return text
    try:
        return from_json(text)
    except ValueError as error:
        raise ConfigError(f"environment variable {variable} is not valid JSON: {error}") from None


def _refuse_misspelt(variable: str, known: Iterable[str]) -> None:
    found = nearest(variable, known, MISSPELT)
    if found is not None:
        raise ConfigError(f"environment variable {variable} is unknown; did you mean {found}?")


def _anchor(url: Any, directory: Path) -> Any:
    path = url.removeprefix("sqlite:///") if isinstance(url, str) else url
    if path == url or path.startswith(("/", ":")):
        return url
    return f"sqlite:///{directory / path}"
