"""Repeats what the store must not miss, until it has taken it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

from mog.errors import EngineUnavailable

log = logging.getLogger("mog.engine")

FIRST_DELAY, LONGEST_DELAY = 0.1, 2.0
"""Seconds between tries: doubled from the first to the longest."""


class Repeater:
    """Keeps the items of one operation that the store could not take; lives on the engine's loop."""

    def __init__(
        self, operation: str, method: Callable[[list[Any]], Awaitable[Any]], opened: Callable[[], Awaitable[None]]
    ) -> None:
        self._operation = operation
        self._method = method
        self._opened = opened
        self._owed: list[Any] = []
        self._hurry = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def owe(self, item: Any) -> None:
        """Take over an item whose first try has failed."""
        self._owed.append(item)
        if self._task is None and not self._hurry.is_set():
            self._task = asyncio.get_running_loop().create_task(self._repeat())

    async def finish(self) -> None:
        """Try one last time, at once."""
        self._hurry.set()
        if self._task is not None:
            await asyncio.wait([self._task])

    def abort(self) -> None:
        """Give up what is still owed, and say so."""
        self._hurry.set()
        if self._task is not None:
            self._task.cancel()
        if self._owed:
            ids = ", ".join(str(item.id) for item in self._owed)
            log.error("closed before the store was back: %s is lost for %s; they will run again", self._operation, ids)
            self._owed.clear()

    async def _repeat(self) -> None:
        delay = FIRST_DELAY
        while self._owed:
            with suppress(TimeoutError):
                async with asyncio.timeout(delay):
                    await self._hurry.wait()
            delay = min(2 * delay, LONGEST_DELAY)
            last = self._hurry.is_set()
            await self._try()
            if last:
                break
        self._task = None

    async def _try(self) -> None:
        items = self._owed[:]
        try:
            await self._opened()
            await self._method(items)
        except EngineUnavailable as error:
            log.warning("%s of %d tasks waits for the store: %s", self._operation, len(items), error)
            return
        except Exception:
            ids = ", ".join(str(item.id) for item in items)
            log.exception("%s failed for good for %s", self._operation, ids)
        del self._owed[: len(items)]
