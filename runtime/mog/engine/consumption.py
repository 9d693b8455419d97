"""Deliveries on their way from the engine's loop to the loop of the worker, and credit the other way."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from itertools import chain
from uuid import UUID

from mog.engine.caller import Caller
from mog.engine.contracts import Consumer, Engine
from mog.engine.hand_over import HandOver
from mog.engine.host import RUN
from mog.engine.mailbox import Mailbox
from mog.engine.operations import RESULTS_REQUEUE
from mog.engine.records import Delivery, Requeue
from mog.engine.running_loop import running_loop

log = logging.getLogger("mog.engine")

DeliverHere = Callable[[Sequence[Delivery]], None]
"""Takes deliveries on the consuming loop, never awaited."""

EndedHere = Callable[[Sequence[UUID]], None]
"""Takes ids of delivered tasks that others have ended, on the consuming loop."""


class Consumption:
    """A running consumption of queues, as the loop that consumes sees it."""

    def __init__(self, loop: asyncio.AbstractEventLoop, caller: Caller, deliver: DeliverHere, ended: EndedHere) -> None:
        def take(batches: list[Sequence[Delivery]]) -> None:
            if deliveries := list(chain.from_iterable(batches)):
                deliver(deliveries)

        def tell(batches: list[Sequence[UUID]]) -> None:
            self._hand_over.empty()  # a task that was revoked as soon as it was claimed must be there to be ended
            ended(list(chain.from_iterable(batches)))

        self._loop = loop
        self._caller = caller
        self._hand_over = HandOver(loop, take, self._take_back, self._hand_back)
        self._ended = Mailbox[Sequence[UUID]](loop, tell)
        self._granted: deque[int] = deque()
        self._credit = 0
        self._consumer: Consumer | None = None

    def grant(self, slots: int) -> None:
        """Allow ``slots`` more deliveries, or with a negative number fewer; from any thread.

        What is granted in a burst reaches the engine as one grant, after the calls of the same burst.
        """
        self._granted.append(slots)
        if running_loop() is self._loop:
            self._caller.ring_soon()
        else:
            self._caller.host.inbox.ring()

    async def stop(self) -> None:
        """Have nothing more delivered: nothing comes after this has returned. What was delivered stays owned."""
        stopped = self._loop.create_future()
        self._caller.post(RUN, self._stop, stopped)
        await stopped
        self._hand_over.empty()

    async def stopped(self) -> None:
        """Wait until this is stopped. Raises StoreUnusable once the store is found to be unusable for good."""
        stopped: asyncio.Future[None] = self._loop.create_future()
        self._caller.post(RUN, self._until_stopped, stopped)
        await stopped

    async def begin(self, engine: Engine, queues: Sequence[str]) -> None:
        """Begin; once, on the engine's loop."""
        self._consumer = await engine.broker.consume(queues, self._deliver, self._ended.put)
        self._caller.host.follow(self._apply)
        self._apply()

    async def _stop(self, _: Engine) -> None:
        consumer, self._consumer = self._consumer, None
        if consumer is not None:
            self._caller.host.unfollow(self._apply)
            await consumer.stop()

    async def _until_stopped(self, _: Engine) -> None:
        if self._consumer is not None:
            await self._consumer.stopped()

    def _apply(self) -> None:
        slots = 0
        while self._granted:
            slots += self._granted.popleft()
        if slots and self._consumer is not None:
            self._credit += slots
            self._consumer.grant(slots)

    def _deliver(self, deliveries: Sequence[Delivery]) -> None:
        self._credit -= len(deliveries)
        self._hand_over.put(deliveries)

    def _take_back(self, batches: list[Sequence[Delivery]]) -> None:
        """Put back what came for a loop that is blocked, and have nothing more delivered until it is not."""
        self._hand_back(batches)
        count = sum(map(len, batches))
        log.warning("the event loop is blocked; what has not begun goes back to the queue; tasks: %d", count)
        spare = max(0, self._credit)
        if self._consumer is not None:
            self._credit -= spare
            self._consumer.grant(-spare)
        with suppress(RuntimeError):  # the loop was closed meanwhile
            self._loop.call_soon_threadsafe(self.grant, count + spare)

    def _hand_back(self, batches: list[Sequence[Delivery]]) -> None:
        """Put back what came for a loop that is closed."""
        for delivery in chain.from_iterable(batches):
            requeue = Requeue(delivery.message.id, delivery.attempt, refund=True)
            self._caller.host.inbox.put((RESULTS_REQUEUE, requeue, None, None))
