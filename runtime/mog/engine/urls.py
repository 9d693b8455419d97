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
from mog.ids import default_node_id

if TYPE_CHECKING:
    from mog.engine.sqlite.memory import Room

EMBEDDED = ("sqlite", "memory")
"""Schemes of an engine that is broker and store in one."""

BROKERS, STORES = ("amqp", "amqps"), ("redis", "rediss")
"""Schemes of the distributed engine: of its broker, and of its results and state."""

SCHEMES = (*EMBEDDED, *BROKERS, *STORES)
"""The schemes that are known."""

Factory = Callable[[], Engine]
Clock = Callable[[], float]

_rooms: dict[str, Room] = {}
"""What ``memory://name`` means in this process, for as long as the process lives."""


class EngineOptions(NamedTuple):
    """What an engine can be told besides its URLs. Times are in seconds.

    ``node_id`` names this process in records. The embedded engine: ``durability`` "full" makes each answer outlive a
    loss of power, "normal" the end of the process; ``lock_timeout`` is how long an operation waits for other processes.
    The distributed one: ``app`` is the first part of all names on its servers; ``queue_type``, ``consumer_timeout``,
    ``look_ahead`` and ``mognet_interop`` are the settings of these names, see AppConfig.
    """

    durability: Literal["normal", "full"] = "normal"
    node_id: str | None = None
    lock_timeout: float = 30.0
    app: str = "app"
    queue_type: Literal["classic", "quorum"] = "classic"
    consumer_timeout: float = 1800.0
    look_ahead: int = 16
    mognet_interop: bool = False


def open_engine(
    broker: str,
    results: str,
    state: str,
    *,
    clock: Clock = time.time,
    options: EngineOptions | None = None,
) -> Factory:
    """Return a function that makes engines, not yet open, on what the URLs name.

    ``sqlite:///relative/path.db``, ``sqlite:////absolute/path.db``, ``memory://`` (of its own), ``memory://name``
    (shared inside this process), all three alike; or ``amqp[s]://`` for the broker and ``redis[s]://`` for results and
    state. Raises ConfigError for what it does not know.
    """
    chosen = options or EngineOptions()
    schemes = [_scheme(url) for url in (broker, results, state)]
    if any(scheme in (*BROKERS, *STORES) for scheme in schemes):
        _check_distributed(*schemes)
        return _distributed(broker, results, state, clock, chosen)
    if len({broker, results, state}) > 1:
        raise ConfigError(
            f"{' and '.join(sorted({*schemes}))}: broker, results and state must name one and the same store"
        )
    if schemes[0] == "memory":
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


def _check_distributed(broker: str, results: str, state: str) -> None:
    if broker not in BROKERS:
        raise ConfigError(f"{results}: for results and state needs an amqp: URL as broker, which {broker}: is not")
    if results not in STORES or state not in STORES:
        strange = results if results not in STORES else state
        raise ConfigError(
            f"an {broker}: broker needs a redis: URL as results, as in MOG_RESULTS=redis://localhost:6379/0, "
            f"and the same as state; {strange}: is none"
        )


def _distributed(broker: str, results: str, state: str, clock: Clock, options: EngineOptions) -> Factory:
    from mog.engine.distributed.engine import distributed_engine  # noqa: PLC0415 - only the chosen engine is loaded
    from mog.engine.distributed.options import DistributedOptions  # noqa: PLC0415 - only the chosen engine is loaded
    from mog.engine.rabbitmq.settings import RabbitSettings  # noqa: PLC0415 - only the chosen engine is loaded
    from mog.engine.redis.settings import RedisSettings  # noqa: PLC0415 - only the chosen engine is loaded

    rabbit, redis = RabbitSettings.from_url(broker), RedisSettings.from_url(results)
    if str(redis) != (other := str(RedisSettings.from_url(state))):
        raise ConfigError(f"results and state must be in one and the same Redis, not in {redis} and {other}")
    told = DistributedOptions(
        app=options.app,
        node_id=options.node_id or default_node_id(),
        queue_type=options.queue_type,
        consumer_timeout=options.consumer_timeout,
        look_ahead=options.look_ahead,
        mognet_interop=options.mognet_interop,
    )
    its_own_clock = None if clock is time.time else clock  # else Redis's, which is the same for all machines
    return lambda: distributed_engine(rabbit, redis, told, clock=its_own_clock)


def _memory(url: str, clock: Clock, options: EngineOptions) -> Factory:
    from mog.engine.sqlite.engine import memory_engine, memory_room  # noqa: PLC0415 - only the chosen engine is loaded

    if not url.startswith("memory://"):
        raise ConfigError("a memory URL is memory:// or memory://name")
    name = url.removeprefix("memory://")
    room = _rooms.setdefault(name, memory_room(url)) if name else memory_room(url)
    return lambda: memory_engine(room, clock=clock, node_id=options.node_id)


def _file(path: Path, clock: Clock, options: EngineOptions) -> Factory:
    if sys.platform == "win32":
        raise ConfigError("sqlite: needs Linux or macOS; on Windows use WSL")
    from mog.engine.sqlite.engine import file_engine  # noqa: PLC0415 - only the chosen engine is loaded

    return lambda: file_engine(
        path, clock=clock, durability=options.durability, node_id=options.node_id, lock_timeout=options.lock_timeout
    )
