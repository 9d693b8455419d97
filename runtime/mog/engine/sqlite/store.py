"""One engine's place at a store: database, writer, neighbours and the second's tick, shared by the three contracts."""

from __future__ import annotations

import asyncio
import logging
import os
import sqlite3
from collections.abc import Callable, Sequence
from typing import Any

from mog.engine.sqlite.database import Database, closed
from mog.engine.sqlite.failures import translate
from mog.engine.sqlite.lifecycle import sweep
from mog.engine.sqlite.neighbours import Neighbours
from mog.engine.sqlite.owners import DeadOwner
from mog.engine.sqlite.queries import QUERIES
from mog.engine.sqlite.timers import Clock
from mog.engine.sqlite.transaction import Transaction, Work
from mog.engine.sqlite.writer import Writer
from mog.errors import EngineError, EngineUnavailable

logger = logging.getLogger("mog.engine.sqlite")

TICK = 1.0
"""Seconds between looks at the store for what no doorbell brought, for dead owners, and for what has expired."""

SWEPT_AT_ONCE = 500

_open_stores: set[Store] = set()
"""Stores that a forked child must let go of."""


class Store:
    """What the three contracts of one engine share."""

    def __init__(
        self, database: Database, neighbours: Neighbours, *, clock: Clock, node_id: str, lock_timeout: float
    ) -> None:
        self.database = database
        self.neighbours = neighbours
        self.clock = clock
        self.node_id = node_id
        self.ready_listeners: list[Callable[[], None]] = []
        self.finished_listeners: list[Callable[[Sequence[bytes]], None]] = []
        self._lock_timeout = lock_timeout
        self._writer: Writer | None = None
        self._users = 0
        self._bells: tuple[str | None, str | None] = (None, None)
        self._tick_handle: asyncio.TimerHandle | None = None
        self._consumes = self._waits = False
        self._recovery: asyncio.Task[None] | None = None

    async def open(self) -> None:
        """Open for one more user."""
        if self._users == 0:
            await self.database.open()
            self.loop = asyncio.get_running_loop()
            self._writer = Writer(self.database, self.clock, self._lock_timeout, self._announce)
            self.neighbours.attach(self._hear_ready, self._hear_finished)
            _open_stores.add(self)
        self._users += 1

    async def close(self) -> None:
        """Close for one user; the last one lets go of all."""
        self._users -= 1
        if self._users:
            return
        if self._tick_handle is not None:
            self._tick_handle.cancel()
        if self._recovery is not None:
            await asyncio.wait([self._recovery])
        if self._bells != (None, None):
            try:
                await self.write(_drop_process, (self.neighbours.owner,))
            except EngineError as error:
                logger.warning("could not sign off: %s", error)
        writer, self._writer = self._writer, None
        assert writer is not None
        await writer.close()
        self.neighbours.leave()
        await self.database.close()
        self._forget()

    def abandon(self) -> None:
        """Let go without a word, as a process that dies, and as a forked child must."""
        if not self._users:
            return
        self._users = 0
        self._writer = None
        if self._tick_handle is not None:
            self._tick_handle.cancel()
        self.neighbours.abandon()
        self.database.abandon()
        self._forget()

    def _forget(self) -> None:
        _open_stores.discard(self)
        self._tick_handle = self._recovery = None
        self._bells = (None, None)
        self._consumes = self._waits = False

    @property
    def writer(self) -> Writer:
        """The writer; raises NotConnected while the store is not open."""
        if self._writer is None:
            raise closed(self.database.label)
        return self._writer

    async def write(self, work: Work, items: Sequence[Any], *, patient: bool = False) -> list[Any]:
        """Run an operation, see :meth:`Writer.write`."""
        return await self.writer.write(work, items, patient=patient)

    async def settled(self) -> None:
        """Wait until what was written before can be read."""
        await self.writer.settled()

    def read(self, query: str, parameters: Any) -> list[Any]:
        """Return the rows of a named query."""
        if self._writer is None:
            raise closed(self.database.label)
        try:
            self.database.check()
            return self.database.connection.execute(QUERIES[query], parameters).fetchall()
        except sqlite3.Error as error:
            failure = translate(error, self.database.label)
            raise failure or EngineError(f"{self.database.label} could not be read: {error}") from error

    async def join(self, *, consumes: bool = False, waits: bool = False) -> None:
        """Be known to the neighbours as one that consumes, or waits, before relying on being rung."""
        self._consumes, self._waits = self._consumes or consumes, self._waits or waits
        bells = self.neighbours.join(consumes=self._consumes, waits=self._waits)
        if bells != self._bells:
            row = (self.neighbours.owner, os.getpid(), self.node_id, *bells)
            await self.write(_add_process, [row])
            self._bells = bells
        if self._tick_handle is None:
            self._tick_handle = self.loop.call_later(TICK, self._tick)
        if consumes:
            self.recover()

    def _announce(self, transaction: Transaction) -> None:
        """Tell this engine and its neighbours what a commit has brought."""
        ready, finished = transaction.ready, transaction.finished
        if not ready and not finished:
            return
        if ready:
            self._hear_ready()
        if finished:
            self._hear_finished(finished)
        for row in self._processes():
            if not self.neighbours.ring(row, ready=ready, finished=finished):
                self.recover()

    def _processes(self) -> list[Any]:
        try:
            return self.read("processes", (self.neighbours.owner,))
        except EngineError:  # the next tick looks again, here and there
            return []

    def _hear_ready(self) -> None:
        for listener in self.ready_listeners:
            listener()

    def _hear_finished(self, ids: Sequence[bytes]) -> None:
        for listener in self.finished_listeners:
            listener(ids)

    def _tick(self) -> None:
        self._tick_handle = self.loop.call_later(TICK, self._tick)
        self._hear_ready()
        self._hear_finished(())
        if self._consumes:
            self.recover()

    def recover(self) -> None:
        """Look for dead owners, and for what has expired, unless that is under way."""
        if self._consumes and self._recovery is None and self._writer is not None:
            self._recovery = self.loop.create_task(self._recover())
            self._recovery.add_done_callback(self._recovered)

    def _recovered(self, _task: asyncio.Task[None]) -> None:
        self._recovery = None

    async def _recover(self) -> None:
        try:
            for owner, *_bells in self._processes():
                dead = self.neighbours.find_dead(owner)
                if dead is not None:
                    await self._free(owner, dead)
            while self.read("any_to_sweep", (self.clock(),)):
                if await self.write(_sweep, (SWEPT_AT_ONCE,)) < [SWEPT_AT_ONCE]:
                    break
        except EngineUnavailable as error:
            logger.debug("later again: %s", error)
        except EngineError as error:
            logger.warning("could not look for dead processes: %s", error)

    async def _free(self, owner: int, dead: DeadOwner) -> None:
        try:
            await self.write(_free_owned, (owner,))
            dead.bury()
        finally:
            dead.release()


def _add_process(transaction: Transaction, rows: Sequence[Any]) -> list[None]:
    transaction.connection.executemany(QUERIES["add_process"], rows)
    return [None] * len(rows)


def _drop_process(transaction: Transaction, owners: Sequence[int]) -> list[None]:
    transaction.connection.executemany(QUERIES["drop_process"], [(owner,) for owner in owners])
    return [None] * len(owners)


def _free_owned(transaction: Transaction, owners: Sequence[int]) -> list[None]:
    """Free what dead owners had claimed, and strike them off."""
    for owner in owners:
        transaction.connection.execute(QUERIES["free_owned"], (owner,))
    transaction.ready = True
    return _drop_process(transaction, owners)


def _sweep(transaction: Transaction, limits: Sequence[int]) -> list[int]:
    return [sweep(transaction, limit) for limit in limits]


def _abandon_all() -> None:
    for store in list(_open_stores):
        store.abandon()


os.register_at_fork(after_in_child=_abandon_all)
