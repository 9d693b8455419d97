"""A small engine in memory that does what a test tells it, and ports on it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

import pytest

from mog.engine.contracts import Broker, Consumer, Deliver, Ended, Engine, Finished, ResultBackend, StateBackend
from mog.engine.inline import InlinePort
from mog.engine.io_thread import ThreadPort
from mog.engine.port import Port
from mog.engine.records import (
    DeadLetter,
    DeadQuery,
    Delivery,
    Message,
    NewTask,
    Node,
    Outcome,
    Query,
    QueueDepth,
    Record,
    Requeue,
    Revocation,
    StoredValue,
    Waiting,
)
from mog.errors import AlreadySubmitted, EngineError, MogError
from mog.states import TERMINAL_STATES, ResultState


@dataclass
class FakeStore:
    """What engines of one factory share, the calls they got, and how they are to fail."""

    records: dict[UUID, Record] = field(default_factory=dict)
    values: dict[UUID, StoredValue] = field(default_factory=dict)
    state: dict[tuple[UUID, str], bytes] = field(default_factory=dict)
    ready: list[Message] = field(default_factory=list)
    calls: list[tuple[str, int]] = field(default_factory=list)
    threads: set[str] = field(default_factory=set)
    watched: set[UUID] = field(default_factory=set)
    errors: dict[str, list[Exception]] = field(default_factory=dict)
    pauses: dict[str, asyncio.Event] = field(default_factory=dict)
    requeued: list[Requeue] = field(default_factory=list)
    opened: int = 0
    closed: int = 0
    abandoned: int = 0
    on_call: Callable[[str], None] = lambda _: None

    async def enter(self, operation: str, size: int) -> None:
        self.calls.append((operation, size))
        self.threads.add(threading.current_thread().name)
        self.on_call(operation)
        if operation in self.pauses:
            await self.pauses[operation].wait()
        if self.errors.get(operation):
            raise self.errors[operation].pop(0)

    def sizes(self, operation: str) -> list[int]:
        return [size for name, size in self.calls if name == operation]


class FakeConsumer(Consumer):
    def __init__(self, broker: FakeBroker, deliver: Deliver) -> None:
        self.broker, self.deliver = broker, deliver
        self.credit = 0
        self.grants: list[int] = []

    def grant(self, slots: int) -> None:
        self.grants.append(slots)
        self.credit += slots
        self.hand_out()

    def hand_out(self) -> None:
        ready = self.broker.store.ready
        count = max(0, min(self.credit, len(ready)))
        self.credit -= count
        deliveries = [Delivery(ready.pop(0), attempt=1, crashes=0, created=0.0) for _ in range(count)]
        if deliveries:
            self.deliver(deliveries)

    async def stop(self) -> None:
        self.broker.consumer = None

    async def stopped(self) -> None:
        return None


class FakeBroker(Broker):
    def __init__(self, store: FakeStore) -> None:
        self.store = store
        self.consumer: FakeConsumer | None = None

    async def open(self) -> None:
        await self.store.enter("open", 1)
        self.store.opened += 1

    async def close(self) -> None:
        self.store.closed += 1

    async def declare(self, queues: Sequence[str]) -> None:
        await self.store.enter("broker.declare", len(queues))

    async def consume(self, queues: Sequence[str], deliver: Deliver, ended: Ended) -> Consumer:
        await self.store.enter("broker.consume", len(queues))
        self.ended = ended
        self.consumer = FakeConsumer(self, deliver)
        return self.consumer

    async def depth(self, queues: Sequence[str]) -> list[QueueDepth]:
        await self.store.enter("broker.depth", len(queues))
        return [QueueDepth(queue, ready=len(self.store.ready)) for queue in queues]

    async def purge(self, queues: Sequence[str]) -> dict[str, int]:
        await self.store.enter("broker.purge", len(queues))
        return dict.fromkeys(queues, 0)

    async def dead(self, query: DeadQuery) -> list[DeadLetter]:
        return []

    async def drop_dead(self, ids: Sequence[UUID]) -> list[bool]:
        return [False for _ in ids]

    async def nodes(self) -> list[Node]:
        return []


class FakeResults(ResultBackend):
    def __init__(self, store: FakeStore, broker: FakeBroker) -> None:
        self.store, self.broker = store, broker
        self.finished: Finished = lambda _: None

    async def open(self) -> None:
        pass

    async def close(self) -> None:
        pass

    async def create(self, tasks: Sequence[NewTask]) -> list[MogError | None]:
        await self.store.enter("results.create", len(tasks))
        answers: list[MogError | None] = []
        for task in tasks:
            if task.record.id in self.store.records:
                answers.append(AlreadySubmitted(task.record.id))
                continue
            self.store.records[task.record.id] = task.record
            self.store.ready.append(task.message)
            answers.append(None)
        if self.broker.consumer is not None:
            self.broker.consumer.hand_out()
        return answers

    async def settle(self, outcomes: Sequence[Outcome]) -> list[bool]:
        await self.store.enter("results.settle", len(outcomes))
        told = []
        for outcome in outcomes:
            self.store.records[outcome.id].state = outcome.state
            if outcome.id in self.store.watched:
                self.store.watched.remove(outcome.id)
                told.append(outcome.id)
        if told:
            self.finished(told)
        return [True] * len(outcomes)

    async def requeue(self, requeues: Sequence[Requeue]) -> list[bool]:
        await self.store.enter("results.requeue", len(requeues))
        self.store.requeued += requeues
        return [True] * len(requeues)

    async def set_waiting(self, changes: Sequence[Waiting]) -> list[bool]:
        return [True for _ in changes]

    async def revoke(self, revocations: Sequence[Revocation]) -> list[Record]:
        return [self.store.records[revocation.id] for revocation in revocations]

    async def children(self, parents: Sequence[tuple[UUID, int | None]]) -> list[list[UUID]]:
        return [[] for _ in parents]

    async def get(self, ids: Sequence[UUID]) -> list[Record | None]:
        await self.store.enter("results.get", len(ids))
        return [self.store.records.get(task_id) for task_id in ids]

    async def get_values(self, ids: Sequence[UUID]) -> list[StoredValue | None]:
        return [self.store.values.get(task_id) for task_id in ids]

    async def get_with_values(self, ids: Sequence[UUID]) -> list[tuple[Record, StoredValue | None] | None]:
        records = await self.get(ids)
        return [record and (record, self.store.values.get(record.id)) for record in records]

    async def get_messages(self, ids: Sequence[UUID]) -> list[Message | None]:
        return [None for _ in ids]

    async def find(self, query: Query) -> list[Record]:
        await self.store.enter("results.find", 1)
        return list(self.store.records.values())[: query.limit]

    async def get_metadata(self, ids: Sequence[UUID]) -> list[dict[str, bytes]]:
        return [{} for _ in ids]

    async def set_metadata(self, changes: Sequence[tuple[UUID, Mapping[str, bytes]]]) -> list[None]:
        return [None] * len(changes)

    async def set_ttl(self, changes: Sequence[tuple[UUID, float]]) -> list[bool]:
        return [True] * len(changes)

    async def delete(self, ids: Sequence[UUID]) -> list[bool]:
        return [self.store.records.pop(task_id, None) is not None for task_id in ids]

    def on_finished(self, finished: Finished) -> None:
        self.finished = finished

    async def watch(self, ids: Sequence[UUID]) -> list[tuple[Record, StoredValue | None] | None]:
        await self.store.enter("results.watch", len(ids))
        records = [self.store.records.get(task_id) for task_id in ids]
        self.store.watched |= {record.id for record in records if record and record.state not in TERMINAL_STATES}
        return [record and (record, self.store.values.get(record.id)) for record in records]

    def unwatch(self, ids: Sequence[UUID]) -> None:
        self.store.watched -= set(ids)


class FakeState(StateBackend):
    def __init__(self, store: FakeStore) -> None:
        self.store = store

    async def open(self) -> None:
        pass

    async def close(self) -> None:
        pass

    async def get(self, keys: Sequence[tuple[UUID, str]]) -> list[bytes | None]:
        await self.store.enter("state.get", len(keys))
        return [self.store.state.get(key) for key in keys]

    async def set(self, values: Sequence[tuple[UUID, str, bytes]]) -> list[None]:
        await self.store.enter("state.set", len(values))
        for task_id, key, value in values:
            self.store.state[task_id, key] = value
        return [None] * len(values)

    async def pop(self, keys: Sequence[tuple[UUID, str]]) -> list[bytes | None]:
        return [self.store.state.pop(key, None) for key in keys]

    async def clear(self, ids: Sequence[UUID]) -> list[None]:
        return [None] * len(ids)


class FakeEngine(Engine):
    def __init__(self, store: FakeStore) -> None:
        broker = FakeBroker(store)
        super().__init__(broker, FakeResults(store, broker), FakeState(store))
        self.store = store

    def abandon(self) -> None:
        self.store.abandoned += 1


@dataclass
class FakeTask:
    """Records of one task, as those who submit and settle it make them."""

    id: UUID = field(default_factory=uuid4)

    def new(self) -> NewTask:
        return NewTask(Record(self.id, name="t"), Message(self.id, "tasks", 5, b"{}"), ttl=60.0)

    def outcome(self, state: ResultState = ResultState.SUCCESS) -> Outcome:
        return Outcome(self.id, 1, state, StoredValue(b"{}"), 60.0, 60.0)


@pytest.fixture
def store() -> FakeStore:
    return FakeStore()


@pytest.fixture
def new_task() -> Callable[[], FakeTask]:
    return FakeTask


@pytest.fixture
def fake_engine(store: FakeStore) -> Callable[[], Engine]:
    """A factory of engines on ``store``."""
    return lambda: FakeEngine(store)


@pytest.fixture
def thread_port(fake_engine: Callable[[], Engine]) -> Iterator[ThreadPort]:
    port = ThreadPort(fake_engine)
    yield port
    port.close_blocking()


@pytest.fixture(params=["thread", "inline"])
async def port(request: pytest.FixtureRequest, fake_engine: Callable[[], Engine]) -> AsyncIterator[Port]:
    kinds: dict[str, Any] = {"thread": ThreadPort, "inline": InlinePort}
    port: Port = kinds[request.param](fake_engine)
    yield port
    await port.close()


@pytest.fixture
def engine_error() -> EngineError:
    return EngineError("as it came")
