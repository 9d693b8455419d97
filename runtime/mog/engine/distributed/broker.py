"""The broker: RabbitMQ has the messages of what is ready, the store all that waits or runs."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from uuid import UUID

from mog.engine.contracts import Broker, Consumer, Deliver, Ended
from mog.engine.distributed.consumer import DistributedConsumer
from mog.engine.distributed.core import Core
from mog.engine.distributed.nodes import Nodes
from mog.engine.distributed.part import Part
from mog.engine.distributed.unparking import unpark
from mog.engine.distributed.upkeep import Upkeep
from mog.engine.records import DeadLetter, DeadQuery, Node, QueueDepth, Unparked
from mog.errors import EngineError

logger = logging.getLogger("mog.engine.distributed")


class DistributedBroker(Part, Broker):
    """See :class:`Broker`."""

    def __init__(self, core: Core, nodes: Nodes) -> None:
        super().__init__(core)
        self._nodes = nodes
        self._upkeep = Upkeep(core)

    async def close(self) -> None:
        """Hand back what is still owned: it counts as stopped, not as a crash."""
        if self._is_open and self.core.consumer is not None:
            await self._upkeep.stop()
            await self.core.consumer.stop()
            self.core.consumer = None
            await self._hand_back()
        await super().close()

    async def _hand_back(self) -> None:
        try:
            await self.core.dispatch.send(await self.core.store.leases.release())
        except EngineError as error:  # they are found once the lease has run out
            logger.warning("what runs here is not handed back: %s", error)
        else:
            self.core.settling.forget_all()

    async def declare(self, queues: Sequence[str]) -> None:
        """See :meth:`Broker.declare`."""
        await self.core.transport.declare(self._short(queues))

    async def consume(self, queues: Sequence[str], deliver: Deliver, ended: Ended) -> Consumer:
        """See :meth:`Broker.consume`."""
        if self.core.consumer is None:
            await self.declare(queues)
            await self._nodes.listen()
            await self._upkeep.start()
            self._warn_of_forgetful_store()
        else:
            await self.core.consumer.stop()
        self.core.consumer = DistributedConsumer(self.core, queues, deliver, ended)
        return self.core.consumer

    async def depth(self, queues: Sequence[str]) -> list[QueueDepth]:
        """See :meth:`Broker.depth`; what lies ahead of other processes' slots counts nowhere."""
        in_store, in_queue = await asyncio.gather(
            self.core.store.schedule.counts(queues), self.core.transport.depth(self._short(queues))
        )
        return [
            QueueDepth(queue, ready + waiting.due + self._ahead(queue), waiting.delayed, waiting.running)
            for queue, waiting, ready in zip(queues, in_store, in_queue, strict=True)
        ]

    async def purge(self, queues: Sequence[str]) -> dict[str, int]:
        """See :meth:`Broker.purge`.

        The messages go first: of a task that comes in between, the message stays, and is found to be void. Which task a
        message of Mognet's is for the store does not know: it is dropped and counted, and its result stays PENDING.
        """
        chosen = list(dict.fromkeys(queues))
        messages = await self.core.transport.purge(self._short(chosen))
        revoked = await self.core.store.schedule.purge(chosen)
        if self.core.consumer is not None:
            self.core.consumer.drop(chosen)
        return {queue: max(counts) for queue, *counts in zip(chosen, messages, revoked, strict=True)}

    async def unpark(self, queues: Sequence[str]) -> Unparked:
        """See :meth:`Broker.unpark`."""
        return await unpark(self.core, queues)

    async def dead(self, query: DeadQuery) -> list[DeadLetter]:
        """See :meth:`Broker.dead`."""
        return await self.core.dead_letters.find(query)

    async def drop_dead(self, ids: Sequence[UUID]) -> list[bool]:
        """See :meth:`Broker.drop_dead`."""
        return await self.core.dead_letters.drop(ids)

    async def nodes(self) -> list[Node]:
        """See :meth:`Broker.nodes`."""
        return await self._nodes.find()

    def _short(self, queues: Sequence[str]) -> list[str]:
        return [self.core.names.short(queue) for queue in queues]

    def _ahead(self, queue: str) -> int:
        return 0 if self.core.consumer is None else self.core.consumer.count_ahead(queue)

    def _warn_of_forgetful_store(self) -> None:
        server, label = self.core.store.server, self.core.store.settings
        if server.aof is False:
            logger.warning("%s keeps no append-only file: with it goes all that waits; set `appendonly yes`", label)
        if server.eviction not in (None, "noeviction"):
            logger.warning("%s evicts tasks when it is full; set `maxmemory-policy noeviction`", label)
