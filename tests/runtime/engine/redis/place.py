"""Stores on a real server under an app name of its own, what they are asked, and a view of what is in the server."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable
from dataclasses import replace
from typing import Any
from uuid import UUID, uuid4

from mog.engine.records import Message, NewTask, Outcome, Record, StoredValue
from mog.engine.redis.answers import Arrival, Verdict
from mog.engine.redis.client import Client
from mog.engine.redis.layout import Layout
from mog.engine.redis.leases import LEASE
from mog.engine.redis.settings import RedisSettings
from mog.engine.redis.store import RedisStore
from mog.states import ResultState

PATIENCE = 20.0
TTL, VALUE_TTL = 1000.0, 500.0
VALUE = StoredValue(b'{"value_type":"builtins:int","raw_value":1}')


class Place:
    """A server, an app's name there, and stores on both."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.app = f"test-{uuid4().hex[:12]}"
        self.queue = f"{self.app}.tasks"
        self.layout = Layout(self.app)
        self.settings = RedisSettings.from_url(url)
        self._stores: list[RedisStore] = []
        self._client = Client(self.settings)

    def store(
        self,
        *,
        url: str | None = None,
        node: str = "node",
        lease: float = LEASE,
        clock: Callable[[], float] | None = None,
        **changes: Any,
    ) -> RedisStore:
        settings = replace(RedisSettings.from_url(url or self.url), **changes)
        store = RedisStore(settings, self.app, node_id=node, lease=lease, clock=clock)
        self._stores.append(store)
        return store

    async def open(self, *, lease: float | None = 60.0, **options: Any) -> RedisStore:
        """Open a store that holds a lease."""
        store = self.store(lease=LEASE if lease is None else lease, **options)
        await store.open()
        if lease is not None:
            await store.leases.renew()
        return store

    async def call(self, *command: Any) -> Any:
        """Ask the server over a connection of the tests' own; raises error replies."""
        await self._client.open()
        [reply] = await self._client.call([command])
        if isinstance(reply, Exception):
            raise reply
        return reply

    async def keys(self) -> set[str]:
        """Return the app's keys, without its name."""
        found = await self.call("KEYS", f"{self.app}.*")
        return {key.decode().removeprefix(f"{self.app}.") for key in found}

    async def hash(self, key: str) -> dict[str, bytes]:
        found = await self.call("HGETALL", key)
        return {found[at].decode(): found[at + 1] for at in range(0, len(found), 2)}

    async def lives(self, key: str) -> float | None:
        """Return for how many more seconds a key lives; None for one that lives on. Fails for one that is not there."""
        left = await self.call("PTTL", key)
        assert left != -2, f"there is no {key}"
        return None if left == -1 else left / 1000

    async def lapse(self, store: RedisStore) -> None:
        """End a store's lease, as if its process had not been heard of for long."""
        await self.call("ZADD", self.layout.of("nodes"), 1, store.owner)
        for id_ in await store.leases.running():
            await self.call("ZADD", self.layout.of("parked"), "XX", 1, str(id_))

    async def age(self, seconds: float) -> None:
        """Let that much of the keys' lives pass."""
        for key in await self.call("KEYS", f"{self.app}.*"):
            if (left := await self.call("PTTL", key)) >= 0:
                await self.call("PEXPIRE", key, round(left - seconds * 1000))

    async def time(self) -> float:
        """Return the time by the server's clock."""
        seconds, micros = await self.call("TIME")
        return int(seconds) + int(micros) / 1e6

    def new(self, *, queue: str | None = None, **changes: Any) -> NewTask:
        """Return a task that may be submitted."""
        id_ = changes.pop("id", None) or uuid4()
        metadata, ttl, due = changes.pop("metadata", {}), changes.pop("ttl", TTL), changes.get("due")
        record = Record(id_, "suite.task", queue=queue or self.queue, request_kwargs_repr="x=1", **changes)
        message = Message(id_, queue or self.queue, record.priority, b'{"id":"%s"}' % str(id_).encode(), due)
        return NewTask(record, message, ttl, metadata)

    async def submit(self, store: RedisStore, **changes: Any) -> UUID:
        """Store a task, as if its message had been published and confirmed."""
        task = self.new(**changes)
        assert await store.submissions.create([task]) == [None]
        await store.submissions.sent([(task.record.id, 0)])
        return task.record.id

    def arrival(self, id_: UUID, seq: int | None = 0, body: bytes = b"{}") -> Arrival:
        return Arrival(id_, seq, self.queue, 5, body)

    async def start(self, store: RedisStore, id_: UUID | None = None, seq: int = 0) -> tuple[UUID, int]:
        """Start a task, new if none is given; return id and attempt."""
        id_ = id_ or await self.submit(store)
        [admission] = await store.attempts.admit([self.arrival(id_, seq)])
        assert admission.verdict is Verdict.START
        return id_, admission.attempt

    async def finish(self, store: RedisStore, **changes: Any) -> UUID:
        """Bring a new task to its end."""
        id_, attempt = await self.start(store, await self.submit(store, **changes))
        assert await store.attempts.settle([outcome(id_, attempt)]) == [True]
        return id_

    async def close(self) -> None:
        for store in self._stores:
            await store.close()
        if found := await self.call("KEYS", f"{self.app}.*"):
            await self.call("DEL", *found)
        await self._client.close()


class Listener:
    """Hears of tasks that have ended."""

    def __init__(self, store: RedisStore) -> None:
        self.told: list[UUID] = []
        self._changed = asyncio.Event()
        store.watches.on_finished(self._hear)

    def _hear(self, ids: Any) -> None:
        self.told += ids
        self._changed.set()

    async def until(self, count: int) -> list[UUID]:
        async with asyncio.timeout(PATIENCE):
            while len(self.told) < count:
                self._changed.clear()
                await self._changed.wait()
        return self.told


def outcome(id_: UUID, attempt: int, state: ResultState = ResultState.SUCCESS, **changes: Any) -> Outcome:
    return Outcome(id_, attempt, state, VALUE, TTL, VALUE_TTL)._replace(**changes)


async def eventually(condition: Callable[[], Any]) -> None:
    """Wait until a condition holds of which nobody tells."""
    async with asyncio.timeout(PATIENCE):
        while True:
            holds = condition()
            if inspect.isawaitable(holds):
                holds = await holds
            if holds:
                return
            await asyncio.sleep(0.01)
