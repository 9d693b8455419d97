# /// script
# dependencies = ["taskiq==0.13.0", "taskiq-aio-pika==0.6.1", "taskiq-redis==1.2.4", "hiredis==3.5.0"]
# ///
"""taskiq on RabbitMQ and Redis, measured for fan-out alone. Variant: ``classic`` (a classic queue instead of the quorum
queue that is taskiq's default). Who waits for a child polls every 0.2 s, taskiq's default: with 0.1 s it took as long,
with 20 ms three times as long.

The servers are amqp://guest:guest@127.0.0.1:5672/ and redis://127.0.0.1:6379/0, or what BENCH_AMQP_URL and
BENCH_REDIS_URL say; what was stored there is removed at the end.
"""

from __future__ import annotations

import asyncio
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from adapter import SETTING, STAMPS, Adapter
from redis.asyncio import Redis
from taskiq_aio_pika import AioPikaBroker, Exchange, Queue, QueueType
from taskiq_redis import RedisAsyncResultBackend

REDIS_URL = os.environ.get("BENCH_REDIS_URL", "redis://127.0.0.1:6379/0")
NAME = f"bench-{SETTING.directory.name}"
KIND = QueueType.CLASSIC if "classic" in SETTING.variant else QueueType.QUORUM

broker = AioPikaBroker(
    os.environ.get("BENCH_AMQP_URL", "amqp://guest:guest@127.0.0.1:5672/"),
    exchange=Exchange(name=NAME),
    task_queues=[Queue(name=NAME, type=KIND)],
    dead_letter_queue=Queue(name=f"{NAME}.dead"),
).with_result_backend(RedisAsyncResultBackend(REDIS_URL, result_ex_time=3600, prefix_str=NAME))


@broker.task(task_name="noop")
async def noop() -> int:
    STAMPS.add()
    return 1


async def value_of_one() -> int:
    waiting = await noop.kiq()
    return (await waiting.wait_result()).return_value


@broker.task(task_name="parent")
async def parent(count: int) -> float:
    began = time.perf_counter()
    await asyncio.gather(*(value_of_one() for _ in range(count)))
    return time.perf_counter() - began


class Taskiq(Adapter):
    """A parent that waits holds its slot."""

    durability = f"a durable {KIND.value} queue, persistent and confirmed; acknowledged after the result is stored"
    servers = frozenset({"beam.smp", "redis-server"})

    async def open(self) -> None:
        await broker.startup()

    async def close(self) -> None:
        channel = broker.write_channel
        assert channel is not None
        for queue in (NAME, f"{NAME}.dead"):
            await channel.queue_delete(queue)
        await channel.exchange_delete(NAME)
        await broker.shutdown()
        async with Redis.from_url(REDIS_URL) as redis:
            async for key in redis.scan_iter(f"{NAME}*"):
                await redis.delete(key)

    async def fan_out(self, count: int) -> float:
        ended = await (await parent.kiq(count)).wait_result(check_interval=0.02, timeout=60)
        ended.raise_for_error()
        return ended.return_value

    def worker_command(self, concurrency: int) -> Sequence[str]:
        command = str(Path(sys.executable).with_name("taskiq"))
        options = ["--workers", "1", "--max-async-tasks", str(concurrency), "--log-level", "WARNING"]
        return [command, "worker", *options, "systems.taskiq:broker"]


ADAPTER = Taskiq()
