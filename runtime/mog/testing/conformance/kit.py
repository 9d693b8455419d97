"""What an engine's author supplies to the suite, and what the suite's tests are written with."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from uuid import UUID, uuid4

from mog.engine.contracts import Consumer, Engine
from mog.engine.records import Delivery, Message, NewTask, Outcome, Record, Requeue, StoredValue
from mog.states import ResultState

TTL = 1000.0
"""Seconds that the suite's results are kept."""

PATIENCE = 10.0
"""Seconds after which the suite gives up waiting for what must come."""


class EngineKit(ABC):
    """One empty store, and engines on it. A new one is made for each test."""

    recovery_time: float = 2.0
    """Seconds within which the tasks of a dead engine are delivered again."""

    @abstractmethod
    def make(self) -> Engine:
        """Return another engine, not yet open, on the store of this kit, as another process would have it."""

    @abstractmethod
    async def crash(self, engine: Engine) -> None:
        """End an open engine as kill -9 would end its process."""

    @abstractmethod
    def now(self) -> float:
        """Return the time by the engines' clock."""

    @abstractmethod
    async def advance(self, seconds: float) -> None:
        """Turn the engines' clock on, or wait for so long."""

    async def quiet(self) -> None:
        """Wait until what must *not* happen would have happened."""
        await asyncio.sleep(0.05)

    @asynccontextmanager
    async def engine(self) -> AsyncIterator[Engine]:
        """Open an engine for the length of a block."""
        engine = self.make()
        await engine.open()
        try:
            yield engine
        finally:
            await engine.close()


@dataclass
class Submitter:
    """Makes tasks and submits them, as an app would."""

    engine: Engine

    async def submit(self, *tasks: NewTask) -> list[UUID]:
        """Submit new tasks and return their ids."""
        assert await self.engine.results.create(tasks) == [None] * len(tasks)
        return [task.record.id for task in tasks]

    async def submit_new(self, queue: str = "tasks", *, priority: int = 5, due: float | None = None) -> UUID:
        """Submit one new task and return its id."""
        [id_] = await self.submit(new_task(queue, priority=priority, due=due))
        return id_


def new_task(
    queue: str = "tasks",
    *,
    id: UUID | None = None,  # noqa: A002 - it is called that
    name: str = "suite.task",
    priority: int = 5,
    due: float | None = None,
    ttl: float = TTL,
    parent_id: UUID | None = None,
    metadata: dict[str, bytes] | None = None,
) -> NewTask:
    """Return a task with an id of its own."""
    id_ = id or uuid4()
    record = Record(id_, name, parent_id=parent_id, request_kwargs_repr="x=1", queue=queue, priority=priority, due=due)
    return NewTask(record, Message(id_, queue, priority, b'{"id":"%s"}' % str(id_).encode(), due), ttl, metadata or {})


def outcome(
    delivery: Delivery,
    state: ResultState = ResultState.SUCCESS,
    content: bytes = b'{"value_type": "builtins:int", "raw_value": 1}',
    *,
    encoding: str | None = None,
    ttl: float = TTL,
    value_ttl: float = TTL / 2,
) -> Outcome:
    """Return the end of a delivered attempt."""
    return Outcome(delivery.message.id, delivery.attempt, state, StoredValue(content, encoding), ttl, value_ttl)


@dataclass
class Deliveries:
    """Collects what a consumer hands out. Make it with :meth:`begin`."""

    engine: Engine
    taken: list[Delivery] = field(default_factory=list)
    ended: list[UUID] = field(default_factory=list)
    _waiting: asyncio.Queue[Delivery] = field(default_factory=asyncio.Queue)
    consumer: Consumer = field(init=False)

    @classmethod
    async def begin(cls, engine: Engine, *queues: str, slots: int = 0) -> Deliveries:
        """Consume ``queues`` (default: "tasks") with so much credit."""
        deliveries = cls(engine)
        await engine.broker.declare(queues or ("tasks",))
        deliveries.consumer = await engine.broker.consume(
            queues or ("tasks",), deliveries.take, deliveries.ended.extend
        )
        if slots:
            deliveries.consumer.grant(slots)
        return deliveries

    def take(self, deliveries: Sequence[Delivery]) -> None:
        """Take what is handed out."""
        self.taken += deliveries
        for delivery in deliveries:
            self._waiting.put_nowait(delivery)

    async def next(self) -> Delivery:
        """Return the next delivery."""
        async with asyncio.timeout(PATIENCE):
            return await self._waiting.get()

    async def several(self, count: int) -> list[Delivery]:
        """Return the next ``count`` deliveries."""
        return [await self.next() for _ in range(count)]

    async def settle(self, delivery: Delivery, state: ResultState = ResultState.SUCCESS) -> bool:
        """End an attempt."""
        [settled] = await self.engine.results.settle([outcome(delivery, state)])
        return settled

    async def requeue(self, delivery: Delivery, *, due: float | None = None, refund: bool = False) -> bool:
        """Put an attempt back."""
        item = Requeue(delivery.message.id, delivery.attempt, due, refund)
        [requeued] = await self.engine.results.requeue([item])
        return requeued


async def record_of(engine: Engine, id_: UUID) -> Record:
    """Return the record of a task that must be known."""
    [record] = await engine.results.get([id_])
    assert record is not None
    return record


async def eventually(condition: Callable[[], Awaitable[bool]], within: float = PATIENCE) -> None:
    """Wait until ``condition`` holds."""
    async with asyncio.timeout(within):
        while not await condition():  # noqa: ASYNC110 - a store of another process has no event to wait for
            await asyncio.sleep(0.01)
