"""Patience with a store that is away for a while: what a worker asks on its own behalf fails no task."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, TypeVar

from mog.engine.repeater import FIRST_DELAY, LONGEST_DELAY
from mog.errors import EngineUnavailable

log = logging.getLogger("mog.worker")

T = TypeVar("T")


def patiently(ask: Callable[[], Awaitable[T]], waiting: str) -> Coroutine[Any, Any, T]:
    """Ask at once, and return the answer; ask again until the store is in reach. The log says once what waits."""
    return _answered(ask(), ask, waiting)


async def _answered(answer: Awaitable[T], ask: Callable[[], Awaitable[T]], waiting: str) -> T:
    delay, level = FIRST_DELAY, logging.WARNING
    while True:
        try:
            return await answer
        except EngineUnavailable as error:
            log.log(level, "%s, trying again: %s", waiting, error)
        level = logging.DEBUG
        await asyncio.sleep(delay)
        delay = min(delay * 2, LONGEST_DELAY)
        answer = ask()
