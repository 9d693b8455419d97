"""What the parts of one engine share: the two servers, and the steps of a task's life that need both."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Coroutine
from typing import Any

from mog.engine.distributed.admission import Admissions
from mog.engine.distributed.consumer import DistributedConsumer
from mog.engine.distributed.dead_letters import DeadLetters
from mog.engine.distributed.dispatch import Dispatch
from mog.engine.distributed.held import Messages
from mog.engine.distributed.names import Names
from mog.engine.distributed.options import DistributedOptions
from mog.engine.distributed.promotion import Promotion
from mog.engine.distributed.resending import Resending
from mog.engine.distributed.running import Running
from mog.engine.distributed.settling import Settling
from mog.engine.distributed.submission import Submission
from mog.engine.rabbitmq.settings import RabbitSettings
from mog.engine.rabbitmq.topology import Topology
from mog.engine.rabbitmq.transport import Transport
from mog.engine.redis.dead_queues import DeadQueues
from mog.engine.redis.settings import RedisSettings
from mog.engine.redis.store import RedisStore
from mog.errors import EngineError, StoreUnusable

logger = logging.getLogger("mog.engine.distributed")

Clock = Callable[[], float]


class Core:
    """One engine's servers; opened and closed as one, by each part of the engine for itself.

    ``clock`` is for tests, and stands for Redis's own in all that users see.
    """

    loop: asyncio.AbstractEventLoop

    def __init__(
        self, rabbit: RabbitSettings, redis: RedisSettings, options: DistributedOptions, clock: Clock | None = None
    ) -> None:
        self.options = options
        self.store = RedisStore(redis, options.app, node_id=options.node_id, lease=options.lease, clock=clock)
        topology = Topology(options.app, options.node_id, options.queue_type)
        self.names = Names(topology)
        self.resending = Resending(self.store.submissions, self.names)
        self.transport = Transport(
            rabbit,
            topology,
            on_lost=self._lost,
            on_restored=self._restored,
            on_missed=self.resending.bring_back,
        )
        self.running = Running()
        self.messages = Messages(self.transport)
        self.dispatch = Dispatch(self.transport, self.store.submissions, self.names)
        self.promotion = Promotion(self.store.schedule, self.dispatch, clock or time.time, self.begin)
        self.submission = Submission(
            self.store.submissions, self.dispatch, clock or time.time, mognet=options.mognet_interop
        )
        dead_queues = DeadQueues(self.store.scripts)
        self.dead_letters = DeadLetters(self.transport, dead_queues, self.names, clock or time.time)
        self.settling = Settling(self.store.attempts, self.dispatch, self.dead_letters, self.messages, self.running)
        self.admissions = Admissions(self.store.attempts, self.settling, self.messages, self.running)
        self.consumer: DistributedConsumer | None = None
        self._users = 0
        self._tasks: set[asyncio.Task[None]] = set()

    async def open(self) -> None:
        """Connect to both, unless it is done. Raises EngineUnavailable, StoreUnusable."""
        if self._users == 0:
            self.loop = asyncio.get_running_loop()
            opened = await asyncio.gather(self.store.open(), self.transport.open(), return_exceptions=True)
            for error in opened:
                if error is not None:
                    await self._disconnect()
                    raise error
        self._users += 1

    async def close(self) -> None:
        """Let go of both once nobody uses them. Never raises."""
        self._users -= 1
        if self._users == 0:
            await self.admissions.finish()
            await self.dispatch.finish()
            while self._tasks:
                await asyncio.wait(self._tasks)
            await self.submission.close()
            await self.resending.close()
            await self._disconnect()

    def abandon(self) -> None:
        """Let go of all handles and say nothing."""
        self._users = 0
        self.consumer = None
        self.transport.abandon()
        self.store.abandon()

    def begin(self, work: Coroutine[Any, Any, Any]) -> None:
        """Have something done whose end nobody waits for; an EngineError in it is of no weight."""
        task = self.loop.create_task(_carefully(work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _disconnect(self) -> None:
        await self.transport.close()
        await self.store.close()

    def _lost(self, error: EngineError) -> None:
        self.running.lose_messages()
        if self.consumer is not None:
            self.consumer.lost()
            if isinstance(error, StoreUnusable):
                self.consumer.fail(error)

    def _restored(self) -> None:
        if self.consumer is not None:
            self.consumer.wake()


async def _carefully(work: Coroutine[Any, Any, Any]) -> None:
    try:
        await work
    except EngineError as error:
        logger.debug("left undone: %s", error)
