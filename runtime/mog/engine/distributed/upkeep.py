"""What a process that consumes does beside: it shows that it lives, and brings on what would stay where it is.

Each worker does it for the whole app; what two of them do at once is done once.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import TYPE_CHECKING
from uuid import UUID

from mog.engine.records import Requeue
from mog.errors import EngineError, EngineUnavailable, NotConnected

if TYPE_CHECKING:
    from mog.engine.distributed.core import Core

logger = logging.getLogger("mog.engine.distributed")

LONGEST_HOLD = 600.0
"""Seconds for which the message of a running task is held at most."""

LOOK_FOR_DUE = 0.5
"""Seconds between two looks for what is due. What other processes delay for less than that may be late by so much."""

LOOK_AHEAD = 0.25
"""Seconds between two looks for what waits ahead of busy slots; costs no round trip."""

AT_ONCE = 100
"""Tasks that are woken up in one go."""

Work = Callable[[], Awaitable[float]]
"""Does what is to be done now, and returns in how many seconds it is to be done again."""


class Upkeep:
    """The rounds of one process, from start() to stop()."""

    def __init__(self, core: Core) -> None:
        self._core, self._options = core, core.options
        self._rounds: list[asyncio.Task[None]] = []
        self._strays: set[UUID] = set()

    async def start(self) -> None:
        """Take the lease, then go on by itself. Raises EngineError."""
        await self._renew()
        works = (self._renew, self._promote, self._wake_orphans, self._look_after_own, self._look_ahead)
        self._rounds = [self._core.loop.create_task(self._repeat(work)) for work in works]

    async def stop(self) -> None:
        """Go no further round."""
        for one in self._rounds:
            one.cancel()
        if self._rounds:
            await asyncio.wait(self._rounds)
        self._rounds = []

    async def _repeat(self, work: Work) -> None:
        pause = self._options.tick
        while True:
            try:
                pause = await work()
            except NotConnected:  # the engine was abandoned
                return
            except EngineUnavailable as error:
                logger.debug("later again: %s", error)
            except EngineError as error:
                logger.warning("cannot look after the store: %s", error)
            if work == self._promote:
                await self._until_delayed(pause)
            else:
                await asyncio.sleep(pause)

    async def _until_delayed(self, pause: float) -> None:
        """Wait, but not longer than until this process delays something, for that may be due before."""
        with suppress(TimeoutError):
            async with asyncio.timeout(pause):
                await self._core.delayed.wait()
        self._core.delayed.clear()

    async def _renew(self) -> float:
        """Renew the lease; if it had run out, find out what is lost with it."""
        lease = await self._core.store.leases.renew()
        runs = self._core.running.all()
        if not lease.held:
            ours = await self._core.store.attempts.reclaim([(run.id, run.attempt) for run in runs])
            self._core.settling.lose(run for run, still in zip(runs, ours, strict=True) if still is False)
        elif lease.running > len(runs):
            await self._put_strays_back()
        return 0.3 * self._options.lease

    async def _put_strays_back(self) -> None:
        """Put back what the store started for this process, which never heard of it.

        What runs here only since a moment ago looks the same, so it takes two rounds to be sure.
        """
        counted = await self._core.store.leases.running()
        strays = {id_ for id_ in counted if id_ not in self._core.running}
        sure, self._strays = list(strays & self._strays), strays
        records = await self._core.store.records.get(sure)
        requeues = [
            Requeue(record.id, record.number_of_starts, refund=True) for record in records if record is not None
        ]
        await self._core.settling.requeue(requeues)

    async def _promote(self) -> float:
        """Publish what has fallen due."""
        self._core.dispatch.check()
        found, wait = await self._core.store.schedule.promote(AT_ONCE)
        await self._core.dispatch.send(found)
        if len(found) == AT_ONCE:
            return 0.0
        return LOOK_FOR_DUE if wait is None else min(wait, LOOK_FOR_DUE)

    async def _wake_orphans(self) -> float:
        """Publish what dead processes ran, and what somebody could not publish; clear up."""
        self._core.dispatch.check()
        store = self._core.store
        orphaned, unsent, _ = await asyncio.gather(
            store.leases.void(AT_ONCE),
            store.submissions.unsent(self._options.outbox_age, AT_ONCE),
            store.schedule.sweep(),
        )
        found = [*orphaned, *unsent]
        await self._core.dispatch.send(found)
        return 0.0 if len(found) >= AT_ONCE else self._options.tick

    async def _look_after_own(self) -> float:
        """Find out which tasks were revoked though nobody told, and let go of messages that are held for long."""
        core = self._core
        await core.settling.look(core.running.all())
        longest = min(self._options.consumer_timeout / 2, LONGEST_HOLD)
        since = core.loop.time() - longest
        await core.settling.hand_over(run for run in core.running.all() if run.waits or run.is_older(since))
        return self._options.tick

    async def _look_ahead(self) -> float:
        if self._core.consumer is not None:
            self._core.consumer.look()
        return LOOK_AHEAD
