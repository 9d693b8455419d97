"""One engine's place at a store: database, writer, neighbours and the second's tick, shared by the three contracts."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeVar

from mog.engine.sqlite.database import Database, closed
from mog.engine.sqlite.forks import forks
from mog.engine.sqlite.neighbours import NO_BELLS, Bells, Neighbours
from mog.engine.sqlite.queries import QUERIES
from mog.engine.sqlite.recovery import Recovery
from mog.engine.sqlite.timers import Clock
from mog.engine.sqlite.transaction import Transaction, Work
from mog.engine.sqlite.writer import Writer
from mog.errors import EngineError, EngineUnavailable, StoreUnusable

logger = logging.getLogger("mog.engine.sqlite")

T = TypeVar("T")

TICK = 1.0
"""Seconds between looks at the store for what no doorbell brought, for dead processes, and for what has expired."""

_PATIENCE = 1.0
"""Seconds that signing in and signing off wait to be stored; what is not said is found out a little later."""


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
        self.ended_listeners: list[Callable[[Sequence[bytes]], None]] = []
        self.unusable_listeners: list[Callable[[StoreUnusable], None]] = []
        self.loop: asyncio.AbstractEventLoop
        self._lock_timeout = lock_timeout
        self._writer: Writer | None = None
        self._recovery = Recovery(self)
        self._users = 0
        self._forget()

    def _forget(self) -> None:
        self._bells = NO_BELLS
        self._tick_handle: asyncio.TimerHandle | None = None
        self._consumes = self._waits = False

    async def open(self) -> None:
        """Open for one more user."""
        if self._users == 0:
            forks.watch(self.abandon, self.database.busy)
            try:
                await self.database.open()
            except BaseException:
                forks.forget(self.abandon)
                raise
            self.loop = asyncio.get_running_loop()
            self.neighbours.attach(self._hear_bell, self._hear_finished, self._hear_ended)
            self._writer = Writer(self.database, self.clock, self._lock_timeout, self._announce)
        self._users += 1

    async def close(self) -> None:
        """Close for one user; the last one lets go of all."""
        self._users -= 1
        if self._users:
            return
        if self._tick_handle is not None:
            self._tick_handle.cancel()
        await self._recovery.stop()
        if self._bells != NO_BELLS:
            await self.hand_back(sign_off=True)
        writer, self._writer = self.writer, None
        await writer.close()
        self.neighbours.leave()
        forks.forget(self.abandon)
        await self.database.close()
        self._forget()

    def abandon(self) -> None:
        """Let go at once, as a process that dies, and as a forked child must."""
        if self._writer is not None:
            self.neighbours.abandon()
        if self._tick_handle is not None:
            self._tick_handle.cancel()
        self._users = 0
        self._writer = None
        forks.forget(self.abandon)
        self.database.abandon()
        self._forget()

    @property
    def writer(self) -> Writer:
        """The writer; raises NotConnected while the store is not open."""
        if self._writer is None:
            raise closed(self.database.label)
        return self._writer

    def write(self, work: Work, items: Sequence[Any], *, patient: bool = False) -> asyncio.Future[list[Any]]:
        """Run an operation, see :meth:`Writer.write`; where the store is not open, the future says so."""
        try:
            return self.writer.write(work, items, patient=patient)
        except EngineError as error:
            refused: asyncio.Future[list[Any]] = asyncio.get_running_loop().create_future()
            refused.set_exception(error)
            return refused

    def hurry(self) -> None:
        """Commit what has gathered, see :meth:`Writer.hurry`."""
        if self._writer is not None:
            self._writer.hurry()

    async def settled(self) -> None:
        """Wait until what was written before can be read, see :meth:`Writer.settled`."""
        await self.writer.settled()

    def read_settled(self, read: Callable[[], T]) -> Awaitable[T]:
        """Call ``read``, which reads, once what was written before can be read; at once where nothing waits."""
        if self._writer is not None and self._writer.waits:
            return self._read_later(read)
        answer: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        try:
            self.writer.check()
            answer.set_result(read())
        except EngineError as error:
            answer.set_exception(error)
        return answer

    async def _read_later(self, read: Callable[[], T]) -> T:
        await self.settled()
        return read()

    def read(self, query: str, parameters: Any) -> list[Any]:
        """Return the rows of a named query."""
        if self._writer is None:
            raise closed(self.database.label)
        return self.database.fetch(QUERIES[query], parameters)

    async def join(self, *, consumes: bool = False, waits: bool = False) -> None:
        """Be known to the neighbours as one that consumes, or waits, before relying on being rung."""
        self.writer  # noqa: B018 - raises NotConnected
        known_as = (self._consumes or consumes, self._waits or waits)
        if known_as == (self._consumes, self._waits) and self._bells != NO_BELLS:
            return  # each tick sees to it that it stays so
        self._consumes, self._waits = known_as
        try:
            async with asyncio.timeout(_PATIENCE):
                await self.show()
        except (EngineUnavailable, TimeoutError) as error:  # the tick shows again, and looks until then
            logger.debug("not known to other processes yet: %s", error)
        if self._tick_handle is None:
            self._tick_handle = self.loop.call_later(TICK, self._tick)
        if consumes:
            self._recovery.look()

    async def show(self) -> None:
        """Put up owner file and bells, again if others have removed them, and sign in where they are new."""
        if not self._consumes and not self._waits:
            return
        bells = self.neighbours.join(consumes=self._consumes, waits=self._waits)
        if bells != self._bells:
            await self.write(self._sign_in, (bells,))
            self._bells = bells

    def _sign_in(self, transaction: Transaction, bells: Sequence[Bells]) -> list[None]:
        rows = [(self.neighbours.owner, os.getpid(), self.node_id, *pair) for pair in bells]
        transaction.connection.executemany(QUERIES["add_process"], rows)
        return [None] * len(rows)

    def sign_in(self, transaction: Transaction) -> None:
        """Sign in again, where others have struck this process off in error: only then do its claims hold."""
        self._sign_in(transaction, (self._bells,))

    async def hand_back(self, *, sign_off: bool = False) -> None:
        """Give back what is owned, as stopped, not crashed; on the way out strike this process off, too."""

        def work(transaction: Transaction, owners: Sequence[int]) -> list[None]:
            return _hand_back(transaction, owners, sign_off=sign_off)

        try:
            async with asyncio.timeout(_PATIENCE):
                await self.write(work, (self.neighbours.owner,))
        except (EngineError, TimeoutError) as error:
            reason = error or "the store is held by another"
            if sign_off:  # whoever consumed has handed back before, and others find out that this process is gone
                logger.debug("not struck off: %s", reason)
            else:
                logger.warning("tasks are handed back as after a crash: %s", reason)

    def _announce(self, transaction: Transaction) -> None:
        """Tell this engine and its neighbours what a commit has brought."""
        ready, finished, revoked = transaction.ready, transaction.finished, transaction.revoked
        own = self.neighbours.owner
        if ready:
            self._hear_ready()
        if finished:
            self._hear_finished(finished)
        if mine := [task for owner, task in revoked if owner == own]:
            self._hear_ended(mine)
        for row in transaction.processes:
            if row[0] != own:
                ended = [task for owner, task in revoked if owner == row[0]]
                if not self.neighbours.ring(row, ready=ready, finished=finished, ended=ended):
                    self._recovery.look()

    def _hear_bell(self) -> None:
        self._hear_ready()
        self.hurry()

    def _hear_ready(self) -> None:
        for listener in self.ready_listeners:
            listener()

    def _hear_finished(self, ids: Sequence[bytes]) -> None:
        for listener in self.finished_listeners:
            listener(ids)

    def _hear_ended(self, ids: Sequence[bytes]) -> None:
        for listener in self.ended_listeners:
            listener(ids)

    def _tick(self) -> None:
        self._tick_handle = self.loop.call_later(TICK, self._tick)
        try:
            self.database.check()
        except StoreUnusable as error:
            for listener in list(self.unusable_listeners):
                listener(error)
        self._hear_ready()
        self._hear_finished(())
        self._hear_ended(())
        self._recovery.look()


def _hand_back(transaction: Transaction, owners: Sequence[int], *, sign_off: bool) -> list[None]:
    for owner in owners:
        if transaction.connection.execute(QUERIES["hand_back_owned"], (transaction.position, owner)).rowcount:
            transaction.ready = True
        if sign_off:
            transaction.connection.execute(QUERIES["drop_process"], (owner,))
            transaction.connection.execute(QUERIES["drop_notices"], (owner,))
    return [None] * len(owners)
