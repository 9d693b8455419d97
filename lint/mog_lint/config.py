"""`[tool.mog.lint]` of pyproject.toml, and `[tool.mog] src`.

What is not understood is an error: a misspelt key that is silently ignored is a check that silently does not happen.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from mog_lint.errors import ConfigError, did_you_mean

PYPROJECT = "pyproject.toml"
ALL = "ALL"
CALL_LISTS = {
    "blocking-calls": "shop.legacy.Client.fetch -> shop.client.fetch",
    "non-blocking-calls": "redis.Redis.ping",
    "offload-functions": "shop.threads.in_thread",
}
DEEPEST = 20  # calls; the ways multiply with each
_CALLS = re.compile(r"[\w.*{},]+\.[\w.*{},]+(\(\))?(\s*->\s*\S.*)?")
_DOTTED = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)+")


@dataclass(frozen=True)
class LintConfig:
    """What a project asks of the linter. A list of rules holds codes, names, prefixes of codes, or ALL.

    `root` is the directory of pyproject.toml, if there is one (`has_project`); paths and patterns are relative to it.
    `external_tasks` are patterns of names of tasks that other projects declare; `max_sleep` is in seconds.
    `call_depth` is over how many calls of helpers a coroutine is followed.
    `src` are the directories from which the project's modules are imported, empty where none is named.
    `pyproject` is the whole file, for what other tools' tables tell about the layout.
    """

    root: Path
    select: tuple[str, ...] = (ALL,)
    extend_select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    per_file_ignores: tuple[tuple[str, tuple[str, ...]], ...] = ()
    exclude: tuple[str, ...] = ()
    task_decorators: tuple[str, ...] = ()
    blocking_calls: tuple[str, ...] = ()
    non_blocking_calls: tuple[str, ...] = ()
    offload_functions: tuple[str, ...] = ()
    external_tasks: tuple[str, ...] = ()
    max_sleep: float = 15.0
    call_depth: int = 4
    src: tuple[str, ...] = ()
    has_project: bool = False
    pyproject: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)


KEYS = frozenset(item.name.replace("_", "-") for item in fields(LintConfig)) - {
    "root",
    "src",
    "has_project",
    "pyproject",
}


def load_config(start: Path) -> LintConfig:
    """Read the nearest pyproject.toml at or above `start`; without one, the defaults hold and `start` is the root.

    Raises ConfigError for TOML that does not parse, an unknown key and a value of a wrong type.
    """
    here = start.resolve()
    directory = here if here.is_dir() else here.parent
    file = find_pyproject(directory)
    return LintConfig(root=directory) if file is None else read_config(file)


def find_pyproject(directory: Path) -> Path | None:
    """Return the nearest pyproject.toml in a directory or above it, or None."""
    candidates = (candidate / PYPROJECT for candidate in (directory, *directory.parents))
    return next((file for file in candidates if file.is_file()), None)


def read_config(file: Path) -> LintConfig:
    """Read one pyproject.toml. Raises ConfigError as `load_config`, also where the file cannot be read."""
    try:
        content = tomllib.loads(file.read_text("utf-8"))
    except OSError as error:
        raise ConfigError(f"{file} cannot be read: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{file} is not valid TOML: {error}") from error
    mog = _table(file, "tool.mog", _table(file, "tool", content.get("tool", {})).get("mog", {}))
    lint = _table(file, "tool.mog.lint", mog.get("lint", {}))
    for key in lint:
        if key not in KEYS:
            raise ConfigError(f"{file}: [tool.mog.lint] has no key {key}{did_you_mean(key, KEYS)}")
    options: dict[str, Any] = {"src": _texts(file, "tool.mog", "src", mog.get("src", []))}
    for key, value in lint.items():
        read = _READERS.get(key, _texts)
        options[key.replace("-", "_")] = read(file, "tool.mog.lint", key, value)
    for decorator in options.get("task_decorators", ()):
        if not _DOTTED.fullmatch(decorator):
            raise ConfigError(f"{file}: task-decorators takes full names such as celery.shared_task, not {decorator!r}")
    for key, example in CALL_LISTS.items():
        for line in options.get(key.replace("-", "_"), ()):
            if not _CALLS.fullmatch(line):
                raise ConfigError(f"{file}: {key} takes full names such as {example!r}, not {line!r}")
    return LintConfig(root=file.parent, has_project=True, pyproject=content, **options)


def _table(file: Path, name: str, value: object) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise ConfigError(f"{file}: [{name}] is a table, not {_kind(value)}")
    return value


def _texts(file: Path, table: str, key: str, value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise ConfigError(f'{file}: {key} in [{table}] is a list of texts such as ["…"], not {_kind(value)}')
    return tuple(value)


def _ignores_per_file(file: Path, table: str, key: str, value: object) -> tuple[tuple[str, tuple[str, ...]], ...]:
    patterns = _table(file, f"{table}.{key}", value)
    return tuple((pattern, _texts(file, f"{table}.{key}", repr(pattern), rules)) for pattern, rules in patterns.items())


def _seconds(file: Path, table: str, key: str, value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ConfigError(f"{file}: {key} in [{table}] is a number of seconds, not {_kind(value)}")
    if not 0 <= value < float("inf"):
        raise ConfigError(f"{file}: {key} in [{table}] is a number of seconds from 0 up, not {value}")
    return float(value)


def _calls(file: Path, table: str, key: str, value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise ConfigError(f"{file}: {key} in [{table}] is a number of calls, not {_kind(value)}")
    if not 1 <= value <= DEEPEST:
        raise ConfigError(f"{file}: {key} in [{table}] is a number of calls from 1 to {DEEPEST}, not {value}")
    return value


_READERS: Mapping[str, Callable[[Path, str, str, object], object]] = {
    "per-file-ignores": _ignores_per_file,
    "max-sleep": _seconds,
    "call-depth": _calls,
}


def _kind(value: object) -> str:
    if isinstance(value, list):
        return "a list that holds something else"
    kinds: dict[type, str] = {str: "a text", bool: "a boolean", int: "a number", float: "a number", dict: "a table"}
    return kinds.get(type(value), type(value).__name__)
