"""What a process that consumes does beside: it shows that it lives, and brings on what would stay where it is.

Each worker does it for the whole app; what two of them do at once is done once.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING
from uuid import UUID

from mog.engine.distributed.promotion import LOOK
from mog.engine.records import Requeue
from mog.engine.redis.answers import Lease
from mog.errors import EngineError, EngineUnavailable, NotConnected, StoreTooNew, StoreUnusable

if TYPE_CHECKING:
    from mog.engine.distributed.core import Core

logger = logging.getLogger("mog.engine.distributed")

LONGEST_HOLD = 600.0
"""Seconds for which the message of a running task is held at most."""

RENEW = 0.3
"""Part of a lease after which it is renewed."""

AT_ONCE = 100
"""Tasks that are woken up in one go."""

Work = Callable[[], Awaitable[float | None]]
"""Does what is to be done now; may return in how many seconds there is more to do."""

Sleep = Callable[[float], Awaitable[None]]


class Upkeep:
    """The rounds of one process, from start() to stop()."""

    def __init__(self, core: Core) -> None:
        self._core, self._options = core, core.options
        self._rounds: list[asyncio.Task[None]] = []
        self._strays: set[UUID] = set()
        self._is_cut_off = False

    async def start(self) -> None:
        """Take the lease, then go on by itself. Raises EngineError."""
        await self._renew()
        tick, promotion = self._options.tick, self._core.promotion
        rounds = (
            self._repeat(self._renew, RENEW * self._options.lease),
            self._repeat(self._wake_orphans, tick),
            self._repeat(self._look_after_own, tick),
            self._repeat(promotion.promote, min(tick, LOOK), promotion.sleep),
        )
        self._rounds = [self._core.loop.create_task(one) for one in rounds]
        promotion.works = True

    async def stop(self) -> None:
        """Go no further round."""
        self._core.promotion.works = False
        for one in self._rounds:
            one.cancel()
        if self._rounds:
            await asyncio.wait(self._rounds)
        self._rounds = []

    async def _repeat(self, work: Work, interval: float, sleep: Sleep = asyncio.sleep) -> None:
        """Work at whole multiples of ``interval``, so that rounds fall together and share a round trip."""
        while True:
            pause = None
            try:
                pause = await work()
            except (NotConnected, StoreTooNew):  # the engine was abandoned, or the store is no longer ours to touch
                return
            except EngineUnavailable as error:
                logger.debug("later again: %s", error)
            except EngineError as error:
                logger.warning("cannot look after the store: %s", error)
            if pause is None or pause > interval:
                pause = interval - self._core.loop.time() % interval
            await sleep(pause)

    async def _renew(self) -> None:
        """Renew the lease; if it had run out, find out what is lost with it."""
        lease = await self._renewed()
        runs = self._core.running.all()
        if not lease.held:
            ours = await self._core.store.attempts.reclaim([(run.id, run.attempt) for run in runs])
            self._core.settling.lose(run for run, still in zip(runs, ours, strict=True) if still is False)
        elif lease.running > len(runs):
            await self._put_strays_back()

    async def _renewed(self) -> Lease:
        """Renew the lease, and say once when that is not possible, and when it is again."""
        try:
            lease = await self._core.store.leases.renew()
        except EngineUnavailable as error:
            if self._rounds and not self._is_cut_off:
                logger.warning("no task begins, and those that run may go to others, until this is over: %s", error)
                self._is_cut_off = True
            raise
        except StoreUnusable as error:
            if self._core.consumer is not None:
                self._core.consumer.fail(error)
            raise
        if self._is_cut_off:
            logger.info("%s is back", self._core.store.settings)
            self._is_cut_off = False
        return lease

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

    async def _wake_orphans(self) -> float | None:
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
        return 0.0 if len(found) >= AT_ONCE else None

    async def _look_after_own(self) -> None:
        """Find out which tasks were revoked though nobody told, and let go of messages that are held for long."""
        core = self._core
        if core.consumer is not None:
            core.consumer.wake()
        await core.settling.look(core.running.all())
        longest = min(self._options.consumer_timeout / 2, LONGEST_HOLD)
        since = core.loop.time() - longest
        await core.settling.hand_over(run for run in core.running.all() if run.waits or run.is_older(since))
