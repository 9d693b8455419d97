"""What a fleet under chaos stands on: an engine's store or servers, and what can be done to them."""

from __future__ import annotations

import random
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from tests.chaos.deeds import Deeds
from tests.chaos.ledger import Ledger
from tests.chaos.sqlite_ledger import SqliteLedger

from mog import App

Deed = Callable[[random.Random], Awaitable[None]]


class Ground(ABC):
    """One engine, and an ``app`` on it. ``settings`` are the workers' environment, ``deeds`` what befalls them all."""

    ledger: Ledger
    app: App
    settings: Mapping[str, str]
    recovery: float
    """Seconds from a kill to the new start of what it hit, at most."""

    def __init__(self) -> None:
        self.deeds = Deeds()

    @abstractmethod
    async def prepare(self) -> None:
        """Connect the app, with the ledger at work."""

    def disasters(self) -> Sequence[Deed]:
        """Return what can befall the servers and the wires to them; each ends well."""
        return ()

    @abstractmethod
    async def left(self) -> list[str]:
        """Tell what is left behind when all tasks are done and all workers have ended."""


class SqliteGround(Ground):
    """The embedded engine: a file ``mog.db`` in an empty directory."""

    recovery = 2.0

    def __init__(self, directory: Path) -> None:
        super().__init__()
        self._directory = directory
        self.ledger: SqliteLedger = SqliteLedger(directory / "mog.db")
        self.app = App("chaos", broker=f"sqlite:///{self.ledger.path}")
        self.settings = {"MOG_BROKER": self.app.config.broker}

    async def prepare(self) -> None:
        """See :meth:`Ground.prepare`."""
        await self.app.connect()
        await self.app.close()
        self.ledger.install()
        await self.app.connect()

    async def left(self) -> list[str]:
        """See :meth:`Ground.left`: the files by which processes find each other, locks of owners and doorbells."""
        return sorted(map(str, [*self._directory.glob("mog.db-owners/*"), *self._directory.glob("t/mog-*")]))


@asynccontextmanager
async def sqlite_ground(directory: Path) -> AsyncIterator[Ground]:
    """Lay the ground in an empty directory."""
    ground = SqliteGround(directory)
    try:
        yield ground
    finally:
        await ground.app.close()
        ground.ledger.close()
