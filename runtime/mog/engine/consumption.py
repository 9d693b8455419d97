"""Deliveries on their way from the engine's loop to the loop of the worker, and credit the other way."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from itertools import chain
from typing import Any

from mog.engine.contracts import Consumer, Engine
from mog.engine.host import Host
from mog.engine.mailbox import Mailbox
from mog.engine.operations import RESULTS_REQUEUE
from mog.engine.records import Delivery, Requeue

DeliverHere = Callable[[Sequence[Delivery]], None]
"""Takes deliveries on the consuming loop, never awaited."""


class Consumption:
    """A running consumption of queues, as the consuming loop sees it."""

    def __init__(self, host: Host, run: Callable[[Callable[[Engine], Awaitable[Any]]], Awaitable[Any]]) -> None:
        self._host = host
        self._run = run
        self._granted: deque[int] = deque()
        self._consumer: Consumer | None = None
        self._deliveries: Mailbox[Sequence[Delivery]] | None = None

    def grant(self, slots: int) -> None:
        """Allow ``slots`` more deliveries, or with a negative number fewer; from any thread.

        What is granted in a burst reaches the engine as one grant, after the calls of the same burst.
        """
        self._granted.append(slots)
        self._host.inbox.ring()

    async def stop(self) -> None:
        """Have nothing more delivered: nothing comes after this has returned. What was delivered stays owned."""
        await self._run(self._stop)
        if self._deliveries is not None:
            self._deliveries.empty()

    async def begin(self, queues: Sequence[str], deliver: DeliverHere) -> None:
        """Begin; once. See :func:`consume`."""

        def take(batches: list[Sequence[Delivery]]) -> None:
            if deliveries := list(chain.from_iterable(batches)):
                deliver(deliveries)

        deliveries = Mailbox(asyncio.get_running_loop(), take, self._hand_back)

        async def begin(engine: Engine) -> None:
            self._consumer = await engine.broker.consume(queues, deliveries.put)
            self._host.after_taking.append(self._apply)
            self._apply()

        self._deliveries = deliveries
        await self._run(begin)

    async def _stop(self, _: Engine) -> None:
        consumer, self._consumer = self._consumer, None
        if consumer is not None:
            self._host.after_taking.remove(self._apply)
            await consumer.stop()

    def _apply(self) -> None:
        slots = 0
        while self._granted:
            slots += self._granted.popleft()
        if slots and self._consumer is not None:
            self._consumer.grant(slots)

    def _hand_back(self, batches: list[Sequence[Delivery]]) -> None:
        """Put back what came for a loop that is closed."""
        for delivery in chain.from_iterable(batches):
            requeue = Requeue(delivery.message.id, delivery.attempt, refund=True)
            self._host.inbox.put((RESULTS_REQUEUE, requeue, None, None))


async def consume(
    host: Host,
    run: Callable[[Callable[[Engine], Awaitable[Any]]], Awaitable[Any]],
    queues: Sequence[str],
    deliver: DeliverHere,
) -> Consumption:
    """Begin to consume on ``host``; ``deliver`` is called on the running loop."""
    consumption = Consumption(host, run)
    await consumption.begin(queues, deliver)
    return consumption
