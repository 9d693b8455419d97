"""What is done for the others once a second: dead processes' tasks are freed, and what has expired is cleared away."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from mog.engine.sqlite.lifecycle import sweep
from mog.engine.sqlite.owners import DeadOwner
from mog.engine.sqlite.queries import QUERIES
from mog.engine.sqlite.transaction import Transaction
from mog.errors import EngineError, EngineUnavailable

if TYPE_CHECKING:
    from mog.engine.sqlite.store import Store

logger = logging.getLogger("mog.engine.sqlite")

SWEPT_AT_ONCE = 500
"""Results and values that are cleared away in one transaction."""

_PAUSE = 0.2
"""Seconds between two looks for dead processes, however often a bell is not answered."""


class Recovery:
    """Looks for dead owners, at each tick and when a bell is not answered. One look at a time."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._task: asyncio.Task[None] | None = None
        self._last = -_PAUSE

    def look(self) -> None:
        """Look soon."""
        loop = self._store.loop
        if self._task is None and loop.time() >= self._last + _PAUSE:
            self._last = loop.time()
            self._task = loop.create_task(self._look())

    async def stop(self) -> None:
        """Break off a look that is under way."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])

    async def _look(self) -> None:
        try:
            await self._store.show()
            await self._free_dead()
            await self._sweep()
        except EngineUnavailable as error:
            logger.debug("later again: %s", error)
        except (EngineError, OSError) as error:
            logger.warning("cannot look after the store: %s", error)
        finally:
            self._task = None

    async def _free_dead(self) -> None:
        own = self._store.neighbours.owner
        known = {own}
        for row in self._store.read("processes", ()):
            known.add(row[0])
            dead = None if row[0] == own else self._store.neighbours.find_dead(row[0])
            if dead is not None:
                await self._free(row, dead)
        self._store.neighbours.clear_up_strays(known)
        if self._store.read("any_orphan", ()):
            await self._store.write(_free_orphans, (None,))

    async def _free(self, row: Sequence[Any], dead: DeadOwner) -> None:
        try:
            await self._store.write(_free_owned, (row[0],))
            dead.bury()
            self._store.neighbours.clear_up(row)
        finally:
            dead.release()

    async def _sweep(self) -> None:
        """Clear away what has expired; between two transactions others have their turn."""
        while self._store.read("any_to_sweep", (self._store.clock(),)):
            if await self._store.write(_sweep, (SWEPT_AT_ONCE,)) < [SWEPT_AT_ONCE]:
                return


def _free_owned(transaction: Transaction, owners: Sequence[int]) -> list[None]:
    for owner in owners:
        transaction.connection.execute(QUERIES["free_owned"], (owner,))
        transaction.connection.execute(QUERIES["drop_process"], (owner,))
        transaction.connection.execute(QUERIES["drop_notices"], (owner,))
    transaction.ready = True
    return [None] * len(owners)


def _free_orphans(transaction: Transaction, items: Sequence[None]) -> list[None]:
    """Free the claims of those that are struck off, which cannot be unless someone else has been at the tables."""
    transaction.connection.execute(QUERIES["free_orphans"])
    transaction.ready = True
    return list(items)


def _sweep(transaction: Transaction, limits: Sequence[int]) -> list[int]:
    return [sweep(transaction, limit) for limit in limits]
