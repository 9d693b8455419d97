# /// script
# dependencies = ["aio-pika==10.2.1", "aiormq==7.2.4", "redis==8.1.0", "hiredis==3.5.0", "pydantic==2.14.3"]
# ///
"""The floor on RabbitMQ and Redis: aio-pika and redis-py, as people write it. There are no requests, checks, states or
owners.

A worker stores the result of each message, tells who waits, and acknowledges. Variants: ``batch`` (what has arrived is
stored in one pipeline and acknowledged at once), ``pending`` (before it publishes, a submission stores what mog does: a
record, the body, a place in the outbox, which is taken out once the message is confirmed), ``quorum``.
"""

from __future__ import annotations

import asyncio
import sys
import uuid
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import aio_pika
from adapter import CHUNK, SETTING, STAMPS
from aio_pika.abc import AbstractIncomingMessage
from redis.asyncio import Redis
from redis_results import RedisResults
from servers import AMQP_URL, NAME, RABBITMQ_AND_REDIS, REDIS_URL

BATCH, PENDING = "batch" in SETTING.variant, "pending" in SETTING.variant
KIND = "quorum" if "quorum" in SETTING.variant else "classic"

BODY = b'{"name":"noop","args":[],"kwargs":{},"created":"2026-01-01T00:00:00Z"}'
RECORD = {"name": "noop", "state": "PENDING", "starts": 0, "created": "2026-01-01T00:00:00Z", "queue": NAME}
TTL = 3600
"""Seconds for which results are kept."""

DONE, OUTBOX = f"{NAME}.done", f"{NAME}.outbox"
Take = Callable[[AbstractIncomingMessage], Awaitable[None]]


def result_key(message_id: str) -> str:
    return f"{NAME}.result.{message_id}"


class Submitter:
    """One connection to each server; a waiting caller is woken by a message of Redis."""

    async def open(self) -> None:
        self._rabbitmq = await aio_pika.connect(AMQP_URL)
        self._channel = await self._rabbitmq.channel(publisher_confirms=True)
        await self._channel.declare_queue(NAME, durable=True, arguments={"x-queue-type": KIND})
        self._redis = Redis.from_url(REDIS_URL, max_connections=2 * CHUNK)
        self._waiting: dict[str, asyncio.Future[None]] = {}
        self._done = self._redis.pubsub(ignore_subscribe_messages=True)
        await self._done.subscribe(DONE)
        self._listening = asyncio.create_task(self._listen())

    async def close(self) -> None:
        await self._channel.queue_delete(NAME)
        await self._rabbitmq.close()
        self._listening.cancel()
        await self._done.aclose()
        await self._redis.aclose()

    async def submit(self) -> str:
        message_id = uuid.uuid4().hex
        if PENDING:
            await self._store([message_id])
        await self._publish(message_id)
        if PENDING:
            await self._redis.zrem(OUTBOX, message_id)
        return message_id

    async def submit_batch(self, count: int) -> list[str]:
        """Submit so many at once."""
        ids = [uuid.uuid4().hex for _ in range(count)]
        if PENDING:
            await self._store(ids)
        await asyncio.gather(*map(self._publish, ids))
        if PENDING:
            await self._redis.zrem(OUTBOX, *ids)
        return ids

    async def result(self, message_id: str) -> Any:
        done = self._waiting[message_id] = asyncio.get_running_loop().create_future()
        value = await self._redis.get(result_key(message_id))
        if value is None:
            await done
            value = await self._redis.get(result_key(message_id))
        return value

    async def _store(self, ids: Sequence[str]) -> None:
        pipeline = self._redis.pipeline(transaction=False)
        for message_id in ids:
            pipeline.hset(f"{NAME}.record.{message_id}", mapping=RECORD)
            pipeline.set(f"{NAME}.body.{message_id}", BODY)
            pipeline.zadd(OUTBOX, {message_id: 0})
        await pipeline.execute()

    async def _publish(self, message_id: str) -> None:
        persistent = aio_pika.DeliveryMode.PERSISTENT
        await self._channel.default_exchange.publish(
            aio_pika.Message(BODY, message_id=message_id, delivery_mode=persistent), NAME
        )

    async def _listen(self) -> None:
        async for message in self._done.listen():
            if (done := self._waiting.pop(message["data"].decode(), None)) is not None and not done.done():
                done.set_result(None)


class RawRabbitmq(RedisResults):
    """Who waits is told by Redis."""

    durability = f"a durable {KIND} queue, persistent and confirmed; acknowledged after the result is stored"
    servers = RABBITMQ_AND_REDIS

    async def open(self) -> None:
        self._submitter = Submitter()
        await self._submitter.open()

    async def close(self) -> None:
        await self._submitter.close()
        await super().close()

    async def submit(self) -> Any:
        return await self._submitter.submit()

    async def submit_many(self, count: int) -> list[Any]:
        if not BATCH:
            return await self.submit_gathered(count)
        handles: list[Any] = []
        while len(handles) < count:
            handles += await self._submitter.submit_batch(min(CHUNK, count - len(handles)))
        return handles

    async def result(self, handle: Any) -> Any:
        return await self._submitter.result(handle)

    def result_key(self, handle: Any) -> str:
        return result_key(handle)

    def worker_command(self, _concurrency: int) -> Sequence[str]:
        return [sys.executable, "-c", "from systems.raw_rabbitmq import work; work()"]


async def store(redis: Redis, ids: Sequence[str]) -> None:
    """Store results and tell who waits for them."""
    pipeline = redis.pipeline(transaction=False)
    for message_id in ids:
        pipeline.set(result_key(message_id), b"1", ex=TTL)
        pipeline.publish(DONE, message_id)
    await pipeline.execute()


def one_by_one(redis: Redis) -> Take:
    """Return what runs, stores and acknowledges a message by itself."""

    async def take(message: AbstractIncomingMessage) -> None:
        STAMPS.add()
        await store(redis, [message.message_id or ""])
        await message.ack()

    return take


def in_batches(redis: Redis) -> Take:
    """Return what runs a message, and stores and acknowledges all that has come since it last did."""
    arrived: list[AbstractIncomingMessage] = []
    storing = asyncio.Lock()

    async def take(message: AbstractIncomingMessage) -> None:
        STAMPS.add()
        arrived.append(message)
        async with storing:
            if batch := arrived.copy():
                arrived.clear()
                await store(redis, [one.message_id or "" for one in batch])
                await batch[-1].ack(multiple=True)

    return take


async def consume() -> None:
    """Run what comes, for ever."""
    rabbitmq = await aio_pika.connect(AMQP_URL)
    channel = await rabbitmq.channel()
    await channel.set_qos(SETTING.concurrency)
    queue = await channel.declare_queue(NAME, durable=True, arguments={"x-queue-type": KIND})
    redis = Redis.from_url(REDIS_URL, max_connections=2 * CHUNK)
    await queue.consume(in_batches(redis) if BATCH else one_by_one(redis))
    await asyncio.Event().wait()


def work() -> None:
    """Be the worker."""
    asyncio.run(consume())


ADAPTER = RawRabbitmq()
