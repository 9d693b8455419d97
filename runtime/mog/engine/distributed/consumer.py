"""Takes messages in, lets those start for which there are slots, and hands out what has.

One decision of the store is under way at a time; what arrives meanwhile goes into the next, so the busier the process,
the larger the batches.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Container, Sequence
from typing import TYPE_CHECKING

from mog.engine.contracts import Consumer, Deliver, Ended
from mog.engine.distributed.dead_letters import UNREADABLE, name_unreadable
from mog.engine.distributed.envelope import PRIORITY, MalformedMessage, read_envelope
from mog.engine.distributed.held import Held
from mog.engine.distributed.start_queue import StartQueue
from mog.engine.distributed.window import Window
from mog.engine.rabbitmq.messages import Incoming
from mog.engine.records import Delivery, Requeue
from mog.engine.redis.answers import Arrival
from mog.errors import EngineError, StoreUnusable

if TYPE_CHECKING:
    from mog.engine.distributed.core import Core

logger = logging.getLogger("mog.engine.distributed")

PATIENCE = 0.25
"""Seconds for which messages lie ahead of busy slots before they go back, for processes that are idle."""


class DistributedConsumer(Consumer):
    """See :class:`Consumer`."""

    def __init__(self, core: Core, queues: Sequence[str], deliver: Deliver, ended: Ended) -> None:
        self._core = core
        self._deliver = deliver
        self._full_names = {core.names.short(queue): queue for queue in queues}
        self._ahead = StartQueue()
        self._window = Window(
            core.transport, list(self._full_names), self._take, self._changed, look_ahead=core.options.look_ahead
        )
        self._credit = 0
        self._deciding = 0
        self._decision: asyncio.Task[None] | None = None
        self._started = 0
        self._look: asyncio.TimerHandle | None = None
        self._stopped = False
        self._end: asyncio.Future[StoreUnusable | None] = core.loop.create_future()
        core.settling.ended = ended

    # -- the contract

    def grant(self, slots: int) -> None:
        """See :meth:`Consumer.grant`."""
        self._credit += slots  # below zero while more runs than there are slots
        self.wake()

    async def stop(self) -> None:
        """See :meth:`Consumer.stop`."""
        self._stopped = True
        self.fail(None)
        await self._window.close()
        self._core.messages.hand_back(self._ahead.take_all())
        if self._decision is not None:
            await asyncio.wait([self._decision])

    async def stopped(self) -> None:
        """See :meth:`Consumer.stopped`."""
        error = await asyncio.shield(self._end)
        if error is not None:
            raise error

    # -- what the engine tells

    def fail(self, error: StoreUnusable | None) -> None:
        """Let whoever waits for the end know of it."""
        if not self._end.done():
            self._end.set_result(error)

    def lost(self) -> None:
        """Forget what has not begun: RabbitMQ has taken it back with the connection."""
        self._ahead.take_all()
        self._window.lost()

    def wake(self) -> None:
        """Begin what can be begun, and have more delivered where slots are left."""
        if self._stopped or self._credit <= 0:
            return
        if self._ahead:
            self._decide_soon()
        if not self._ahead and self._window.is_narrow:
            self._window.open_for(self._credit, self._credit + self._deciding + self._core.running.slots())

    def count_ahead(self, queue: str) -> int:
        """Count what has come of a queue (its full name) and has not begun."""
        return self._ahead.count_of(queue)

    def drop(self, queues: Container[str]) -> None:
        """Acknowledge what has come of queues and has not begun: its tasks are revoked."""
        self._core.messages.acknowledge(self._ahead.take_of(queues))

    # -- messages in

    def _take(self, incoming: Sequence[Incoming]) -> None:
        now, malformed = self._core.loop.time(), []
        batch = []
        for message in incoming:
            source, queue = self._window.source(message.queue), self._full_names[message.queue]
            source.unacked += 1
            try:
                batch.append(Held(read_envelope(message.body, queue), message.receipt, source, now))
            except MalformedMessage as error:
                logger.warning("a message of queue %s becomes a dead letter: %s", queue, error)
                arrival = Arrival(name_unreadable(message.body), None, queue, PRIORITY, message.body)
                malformed.append((Held(arrival, message.receipt, source, now), UNREADABLE))
        self._core.admissions.bury(malformed)
        if self._stopped:
            self._core.messages.hand_back(batch)
        else:
            self._ahead.put(batch)
            self.wake()
            self._look_later()

    def _look_later(self) -> None:
        """See in a while whether something has lain ahead for too long, or whether it is time to look ahead again."""
        if self._look is None and not self._stopped and (self._ahead or not self._window.looks_ahead):
            self._look = self._core.loop.call_later(PATIENCE, self._look_now)

    def _look_now(self) -> None:
        self._look = None
        started, self._started = self._started, 0
        late = self._ahead.take_older(self._core.loop.time() - PATIENCE) if self._decision is None else []
        if late:
            self._core.messages.hand_back([*late, *self._ahead.take_all()])
            self._window.shut()
        elif not self._window.looks_ahead and started > 2 * self._core.running.slots():
            self._window.look_ahead()
        self.wake()
        self._look_later()

    def _changed(self, error: EngineError | None) -> None:
        if isinstance(error, StoreUnusable):
            self.fail(error)
        elif error is None:
            self.wake()

    # -- deliveries out

    def _decide_soon(self) -> None:
        if self._decision is None:
            batch = self._ahead.take(self._credit)
            self._deciding = len(batch)
            self._credit -= len(batch)
            self._decision = self._core.loop.create_task(self._decide(batch))
            self._decision.add_done_callback(self._decided)

    async def _decide(self, batch: Sequence[Held]) -> None:
        started: list[Delivery] = []
        try:
            started = await self._core.admissions.decide(batch, self._end)
        except EngineError as error:
            self.fail(error if isinstance(error, StoreUnusable) else None)
        self._credit += len(batch) - len(started)
        self._started += len(started)
        if self._stopped and started:
            await self._core.settling.requeue([Requeue(one.message.id, one.attempt, refund=True) for one in started])
        elif started:
            self._hand_out(started)

    def _hand_out(self, started: Sequence[Delivery]) -> None:
        try:
            self._deliver(started)
        except Exception as error:  # noqa: BLE001 - later deliveries must still come
            self._core.loop.call_exception_handler({"message": "deliveries could not be taken", "exception": error})

    def _decided(self, decision: asyncio.Task[None]) -> None:
        self._decision, self._deciding = None, 0
        if not decision.cancelled() and decision.exception() is None:
            self.wake()
