"""Publishes what waits in the store and has fallen due.

Workers look for it, each second, and at its time for what they know of. What a process that does not work delays for
less than that it publishes itself, if it still lives then: workers may hear of it too late.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterable
from contextlib import suppress
from typing import Any

from mog.engine.distributed.dispatch import Dispatch
from mog.engine.redis.schedule import Schedule

AT_ONCE = 100
"""Tasks that are published in one go."""

LOOK = 1.0
"""Seconds between two looks, where nothing is known to be due before."""


class Promotion:
    """``clock`` is that of due times, and ``begin`` has something done in the background."""

    def __init__(
        self,
        schedule: Schedule,
        dispatch: Dispatch,
        clock: Callable[[], float],
        begin: Callable[[Coroutine[Any, Any, Any]], None],
    ) -> None:
        self._schedule, self._dispatch, self._clock, self._begin = schedule, dispatch, clock, begin
        self._delayed = asyncio.Event()
        self.works = False
        """Whether somebody calls promote() again and again."""

    async def promote(self) -> float | None:
        """Publish what is due; return in how many seconds there is more to do, None if nothing waits."""
        self._dispatch.check()
        found, wait = await self._schedule.promote(AT_ONCE)
        await self._dispatch.send(found)
        return 0.0 if len(found) == AT_ONCE else wait

    async def sleep(self, seconds: float) -> None:
        """Wait so long, or until this process delays something."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._delayed.wait()
        self._delayed.clear()

    def expect(self, dues: Iterable[float | None]) -> None:
        """See to it that what was just put into the store is published in time."""
        later = [due for due in dues if due is not None]
        if later and self.works:
            self._delayed.set()
        elif later and (wait := min(later) - self._clock()) < LOOK:
            asyncio.get_running_loop().call_later(max(0.0, wait), lambda: self._begin(self.promote()))
