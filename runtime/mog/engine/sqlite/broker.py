"""The broker: queues are the rows of ``message``, seen by queue."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from pydantic_core import to_json

from mog.engine.contracts import Broker, Consumer, Deliver, Ended
from mog.engine.records import DeadLetter, DeadQuery, Node, QueueDepth
from mog.engine.sqlite.consumer import SqliteConsumer
from mog.engine.sqlite.lifecycle import purge
from mog.engine.sqlite.part import Part
from mog.engine.sqlite.queries import QUERIES
from mog.engine.sqlite.transaction import Transaction

_PURGED_AT_ONCE = 1000


class SqliteBroker(Part, Broker):
    """See :class:`Broker`. Queues and results are one store."""

    _consumer: SqliteConsumer | None = None

    async def close(self) -> None:
        """Hand back what is still owned: it counts as stopped, not as a crash."""
        if self._is_open and self._consumer is not None:
            await self._consumer.stop()
            self._consumer.forget()
            self._consumer = None
            await self.store.hand_back()
        await super().close()

    def abandon(self) -> None:
        """See :meth:`Broker.abandon`."""
        if self._consumer is not None:
            self._consumer.halt()
            self._consumer.forget()
            self._consumer = None
        super().abandon()

    async def declare(self, queues: Sequence[str]) -> None:
        """Do nothing: a queue is there as soon as it is named."""

    async def consume(self, queues: Sequence[str], deliver: Deliver, ended: Ended) -> Consumer:
        """See :meth:`Broker.consume`."""
        if self._consumer is not None:
            await self._consumer.stop()
            self._consumer.forget()
        await self.store.join(consumes=True)
        self._consumer = SqliteConsumer(self.store, queues, deliver, ended)
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

    async def dead(self, query: DeadQuery) -> list[DeadLetter]:
        """See :meth:`Broker.dead`."""
        await self.store.settled()
        before = query.before and self.store.read("key_of_dead", (query.before.bytes,))
        if query.before is not None and not before:
            return []
        ids = to_json([id_.hex.upper() for id_ in query.ids]).decode() if query.ids else None
        parameters = {
            "below": before[0][0] if before else None,
            "ids": ids,
            "queue": query.queue,
            "reason": query.reason,
            "limit": query.limit,
        }
        return [DeadLetter(UUID(bytes=row[0]), *row[1:]) for row in self.store.read("find_dead", parameters)]

    async def drop_dead(self, ids: Sequence[UUID]) -> list[bool]:
        """See :meth:`Broker.drop_dead`."""
        return await self.store.write(_drop_dead, ids)

    async def nodes(self) -> list[Node]:
        """See :meth:`Broker.nodes`."""
        await self.store.settled()
        rows = self.store.read("running_by_node", ())
        return [_node(list(of_one)) for _, of_one in itertools.groupby(rows, lambda row: row[0])]


def _node(rows: Sequence[Sequence[Any]]) -> Node:
    return Node(rows[0][1], tuple(UUID(bytes=row[2]) for row in rows if row[2] is not None))


def _drop_dead(transaction: Transaction, ids: Sequence[UUID]) -> list[bool]:
    return [bool(transaction.connection.execute(QUERIES["drop_dead"], (id_.bytes,)).rowcount) for id_ in ids]


def _purge(transaction: Transaction, queues: Sequence[str]) -> list[int]:
    return [purge(transaction, queue, _PURGED_AT_ONCE) for queue in queues]
