"""Chooses an engine by the URLs of its broker, results and state."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple
from urllib.parse import unquote

from mog.engine.contracts import Engine
from mog.errors import ConfigError

if TYPE_CHECKING:
    from mog.engine.sqlite.memory import Room

SCHEMES = ("sqlite", "memory")
"""The schemes that are known."""

_rooms: dict[str, Room] = {}
"""What ``memory://name`` means in this process, for as long as the process lives."""


class EngineOptions(NamedTuple):
    """What an engine can be told besides its URLs.

    ``durability`` "full" makes each answer outlive a loss of power, "normal" the end of the process; ``node_id``
    names this process in records; ``lock_timeout`` is how many seconds an operation waits for other processes.
    """

    durability: Literal["normal", "full"] = "normal"
    node_id: str | None = None
    lock_timeout: float = 30.0


def open_engine(
    broker: str,
    results: str,
    state: str,
    *,
    clock: Callable[[], float] = time.time,
    options: EngineOptions | None = None,
) -> Callable[[], Engine]:
    """Return a function that makes engines, not yet open, on what the URLs name.

    ``sqlite:///relative/path.db``, ``sqlite:////absolute/path.db``, ``memory://`` (of its own), ``memory://name``
    (shared inside this process). Raises ConfigError for what it does not know.
    """
    schemes = {_scheme(url) for url in (broker, results, state)}
    if len({broker, results, state}) > 1:
        raise ConfigError(
            f"{' and '.join(sorted(schemes))}: broker, results and state must name one and the same store"
        )
    chosen = options or EngineOptions()
    if schemes == {"memory"}:
        return _memory(broker, clock, chosen)
    return _file(sqlite_path(broker).absolute(), clock, chosen)


def sqlite_path(url: str) -> Path:
    """Return the path that a ``sqlite:`` URL names."""
    rest = url.removeprefix("sqlite:")
    path = unquote(rest.removeprefix("///")) if rest.startswith("///") else ""
    if not path or path == ":memory:" or "?" in rest:
        raise ConfigError(
            "a sqlite URL is sqlite:///relative/path.db or sqlite:////absolute/path.db; for memory use memory://"
        )
    return Path(path)


def _scheme(url: str) -> str:
    scheme, colon, _ = url.partition(":")
    if not colon or scheme not in SCHEMES:
        named = f"{scheme}:" if colon else "a text without one"
        known = ", ".join(f"{known}:" for known in SCHEMES)
        raise ConfigError(f"no engine for {named}; a URL begins with one of {known}")
    return scheme


def _memory(url: str, clock: Callable[[], float], options: EngineOptions) -> Callable[[], Engine]:
    from mog.engine.sqlite.engine import memory_engine, memory_room  # noqa: PLC0415 - only the chosen engine is loaded

    if not url.startswith("memory://"):
        raise ConfigError("a memory URL is memory:// or memory://name")
    name = url.removeprefix("memory://")
    room = _rooms.setdefault(name, memory_room(url)) if name else memory_room(url)
    return lambda: memory_engine(room, clock=clock, node_id=options.node_id)


def _file(path: Path, clock: Callable[[], float], options: EngineOptions) -> Callable[[], Engine]:
    if sys.platform == "win32":
        raise ConfigError("sqlite: needs Linux or macOS; on Windows use WSL")
    from mog.engine.sqlite.engine import file_engine  # noqa: PLC0415 - only the chosen engine is loaded

    return lambda: file_engine(
        path, clock=clock, durability=options.durability, node_id=options.node_id, lock_timeout=options.lock_timeout
    )
