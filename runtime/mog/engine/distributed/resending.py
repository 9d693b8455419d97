"""Brings back what waited in a queue that is gone: somebody has deleted it, or RabbitMQ has lost its disk.

A message is a wake-up alone, and the store has the tasks. They go through the outbox, from which the workers publish;
a message that has come to be there twice does no harm.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable

from mog.engine.distributed.names import Names
from mog.engine.redis.submissions import Submissions
from mog.engine.repeater import FIRST_DELAY, LONGEST_DELAY
from mog.errors import EngineError, EngineUnavailable

logger = logging.getLogger("mog.engine.distributed")


class Resending:
    """Walks through the store for one queue after the other, and keeps trying while it is out of reach."""

    def __init__(self, submissions: Submissions, names: Names) -> None:
        self._submissions, self._names = submissions, names
        self._gone: dict[str, None] = {}
        self._work: asyncio.Task[None] | None = None
        self._is_closing = False

    def bring_back(self, queues: Iterable[str]) -> None:
        """Begin with what waits in queues (short names) that were found not to be there."""
        self._gone |= dict.fromkeys(queue for queue in queues if not self._names.is_dead(queue))
        if self._gone and self._work is None:
            self._work = asyncio.get_running_loop().create_task(self._bring_back())

    async def close(self) -> None:
        """Wait for what is under way, unless the store is out of reach. Never raises."""
        self._is_closing = True
        if self._work is not None:
            await asyncio.wait([self._work])
        self._is_closing = False

    async def _bring_back(self) -> None:
        delay = FIRST_DELAY
        while self._gone:
            queue = next(iter(self._gone))
            try:
                count = await self._submissions.resend(self._names.in_contracts(queue))
            except EngineUnavailable as error:
                if self._is_closing:
                    self._give_up(queue, error)
                else:
                    await asyncio.sleep(delay)
                    delay = min(2 * delay, LONGEST_DELAY)
                continue
            except EngineError as error:
                self._give_up(queue, error)
                continue
            self._gone.pop(queue, None)
            if count:
                logger.warning("queue %s was gone; %d tasks that waited in it are published anew", queue, count)
        self._work = None

    def _give_up(self, queue: str, error: EngineError) -> None:
        self._gone.pop(queue, None)
        logger.error("queue %s was gone, and what waited in it is not brought back: %s", queue, error)
