"""What a system provides in order to be measured: one file of ``systems/``, which defines ``ADAPTER``.

That file is imported by the process that measures, which submits, and by the system's own worker. Both run in the
system's environment, so this module needs the standard library alone.
"""

from __future__ import annotations

import asyncio
import os
import struct
import time
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

CHUNK = 100
"""Submissions that are on their way at once where they are gathered."""


@dataclass(frozen=True)
class Setting:
    """What a measurement is about; the worker finds it in its environment."""

    directory: Path
    """Empty at the start of each measurement; whatever the system stores lies here."""
    variant: frozenset[str]
    """The words behind the colon of ``mog_sqlite:full+command``."""
    concurrency: int = 1
    """How many tasks a worker runs at a time; of a worker alone."""

    @classmethod
    def from_environment(cls) -> Self:
        """Read what :meth:`to_environment` wrote."""
        words, concurrency = os.environ.get("BENCH_VARIANT", ""), int(os.environ.get("BENCH_CONCURRENCY", "1"))
        return cls(Path(os.environ.get("BENCH_DIRECTORY", ".")), frozenset(words.split("+")) - {""}, concurrency)

    def to_environment(self) -> Mapping[str, str]:
        """Return the variables that tell a process of this setting."""
        return {
            "BENCH_VARIANT": "+".join(sorted(self.variant)),
            "BENCH_DIRECTORY": str(self.directory),
            "BENCH_CONCURRENCY": str(self.concurrency),
        }

    @property
    def stamps(self) -> Path:
        """The file in which tasks leave the times at which they ran."""
        return self.directory / "stamps"


SETTING = Setting.from_environment()


class Stamps:
    """Times at which tasks ran, 8 bytes each, appended to a file: some 2 µs a task, safe in threads and processes."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: int | None = None

    def add(self) -> None:
        """Tell that a task runs now."""
        if self._file is None:
            self._file = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        os.write(self._file, struct.pack("<d", time.time()))

    def count(self) -> int:
        """Return how many there are."""
        try:
            return self._path.stat().st_size // 8
        except FileNotFoundError:
            return 0

    def read(self) -> list[float]:
        """Return all, sorted; POSIX seconds."""
        data = self._path.read_bytes()
        return sorted(struct.unpack(f"<{len(data) // 8}d", data))


STAMPS = Stamps(SETTING.stamps)


class NotMeasured(Exception):
    """This is not measured of that system."""


class Adapter(ABC):
    """A system under measurement. Its task calls ``STAMPS.add()`` and returns 1.

    A system that needs packages names them, pinned, in the head of its file (PEP 723); one that names none runs in an
    environment that holds the project. Handles are whatever ``submit`` returns. A method that raises NotMeasured
    leaves out the measurements that need it.
    """

    durability: str
    """In words: what is stored when, and what it survives."""
    servers: frozenset[str] = frozenset()
    """Names of the server processes that the system works with: what they do disturbs no measurement of it."""
    server_versions: str = ""
    """What those servers are, in words, where the system knows it once it is open."""

    async def open(self) -> None:  # noqa: B027 - not every system has something to open
        """Connect, and see that queues and results are empty. The default does nothing."""

    async def close(self) -> None:  # noqa: B027 - not every system has something to close
        """Disconnect. The default does nothing."""

    async def submit(self) -> Any:
        """Submit one task; return once it is stored."""
        raise NotMeasured

    async def submit_gathered(self, count: int) -> list[Any]:
        """Submit as a program does that has much to submit and knows nothing of batches."""
        handles: list[Any] = []
        while len(handles) < count:
            some = min(CHUNK, count - len(handles))
            handles += await asyncio.gather(*[self.submit() for _ in range(some)])
        return handles

    async def submit_many(self, count: int) -> list[Any]:
        """Submit by the fastest way that the system offers. The default has none."""
        return await self.submit_gathered(count)

    async def result(self, _handle: Any, /) -> Any:
        """Wait for a task's end and return its value."""
        raise NotMeasured

    async def count_stored(self, _handles: Sequence[Any], /) -> int:
        """Return how many of these have their result stored; they are all that were submitted."""
        raise NotMeasured

    async def all_stored(self, handles: Sequence[Any], /) -> bool:
        """Tell whether all have; asked again and again once all tasks have run."""
        return await self.count_stored(handles) >= len(handles)

    async def fan_out(self, _count: int, /) -> float:
        """Run a task that submits so many others and awaits their values; return the seconds that this took it."""
        raise NotMeasured

    @abstractmethod
    def worker_command(self, concurrency: int) -> Sequence[str]:
        """Return the command that starts a worker; its working directory is this one."""
