"""The broker: queues are the rows of ``message``, seen by queue."""

from __future__ import annotations

from collections.abc import Sequence

from mog.engine.contracts import Broker, Consumer, Deliver
from mog.engine.records import Delivery, Message, QueueDepth
from mog.engine.sqlite.consumer import SqliteConsumer
from mog.engine.sqlite.lifecycle import purge
from mog.engine.sqlite.part import Part
from mog.engine.sqlite.transaction import Transaction
from mog.errors import MogError

_PURGED_AT_ONCE = 1000


class SqliteBroker(Part, Broker):
    """See :class:`Broker`. Queues and results are one store."""

    shares_store = True
    _consumer: Consumer | None = None

    async def close(self) -> None:
        """Hand back what is still owned: it counts as stopped, not as a crash."""
        if self._is_open and self._consumer is not None:
            await self._consumer.stop()
            self._consumer = None
            await self.store.hand_back()
        await super().close()

    async def declare(self, queues: Sequence[str]) -> None:
        """Do nothing: a queue is there as soon as it is named."""

    async def publish(self, messages: Sequence[Message]) -> list[MogError | None]:
        """See :meth:`Broker.publish`."""
        raise NotImplementedError("create() enqueues; see shares_store")

    async def acknowledge(self, deliveries: Sequence[Delivery]) -> None:
        """See :meth:`Broker.acknowledge`."""
        raise NotImplementedError("settle() and requeue() acknowledge; see shares_store")

    async def consume(self, queues: Sequence[str], deliver: Deliver) -> Consumer:
        """See :meth:`Broker.consume`."""
        if self._consumer is not None:
            await self._consumer.stop()
        await self.store.join(consumes=True)
        self._consumer = SqliteConsumer(self.store, queues, deliver)
        return self._consumer

    async def depth(self, queues: Sequence[str]) -> list[QueueDepth]:
        """See :meth:`Broker.depth`."""
        await self.store.settled()
        now = self.store.clock()
        running = dict(self.store.read("count_running", ()))
        return [self._depth(queue, now, running.get(queue, 0)) for queue in queues]

    def _depth(self, queue: str, now: float, running: int) -> QueueDepth:
        [(ready,)] = self.store.read("count_ready", (queue,))
        [(due,)] = self.store.read("count_due", (now, queue))
        [(delayed,)] = self.store.read("count_delayed", (now, queue))
        return QueueDepth(queue, ready + due, delayed, running)

    async def purge(self, queues: Sequence[str]) -> dict[str, int]:
        """See :meth:`Broker.purge`."""
        dropped = dict.fromkeys(queues, 0)
        for queue in dropped:
            while True:
                [count] = await self.store.write(_purge, (queue,))
                dropped[queue] += count
                if count < _PURGED_AT_ONCE:
                    break
        return dropped


def _purge(transaction: Transaction, queues: Sequence[str]) -> list[int]:
    return [purge(transaction, queue, _PURGED_AT_ONCE) for queue in queues]
