# /// script
# dependencies = ["taskiq==0.13.0", "taskiq-aio-pika==0.6.1", "taskiq-redis==1.2.4", "hiredis==3.5.0"]
# ///
"""taskiq on RabbitMQ and Redis. Variants: ``classic`` (a classic queue instead of the quorum queue that is taskiq's
default), ``tuned`` (who waits for one result polls every 5 ms, not every 0.2 s).

A parent polls for each child every 0.2 s in any case: with 0.1 s it took as long, with 20 ms three times as long.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from adapter import SETTING, STAMPS
from redis_results import RedisResults
from servers import AMQP_URL, NAME, RABBITMQ_AND_REDIS, REDIS_URL
from taskiq_aio_pika import AioPikaBroker, Exchange, Queue, QueueType
from taskiq_redis import RedisAsyncResultBackend

KIND = QueueType.CLASSIC if "classic" in SETTING.variant else QueueType.QUORUM
POLLING = {"check_interval": 0.005} if "tuned" in SETTING.variant else {}

broker = AioPikaBroker(
    AMQP_URL,
    qos=SETTING.concurrency,
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


class Taskiq(RedisResults):
    """A parent that waits holds its slot."""

    durability = f"a durable {KIND.value} queue, persistent and confirmed; acknowledged after the result is stored"
    servers = RABBITMQ_AND_REDIS

    async def open(self) -> None:
        await broker.startup()

    async def close(self) -> None:
        channel = broker.write_channel
        assert channel is not None
        for queue in (NAME, f"{NAME}.dead"):
            await channel.queue_delete(queue)
        await channel.exchange_delete(NAME)
        await broker.shutdown()
        await super().close()

    async def submit(self) -> Any:
        return await noop.kiq()

    async def result(self, handle: Any) -> Any:
        return (await handle.wait_result(**POLLING)).return_value

    def result_key(self, handle: Any) -> str:
        return f"{NAME}:{handle.task_id}"

    async def fan_out(self, count: int) -> float:
        ended = await (await parent.kiq(count)).wait_result(check_interval=0.02, timeout=60)
        ended.raise_for_error()
        return ended.return_value

    def worker_command(self, concurrency: int) -> Sequence[str]:
        command = str(Path(sys.executable).with_name("taskiq"))
        options = ["--workers", "1", "--max-async-tasks", str(concurrency), "--log-level", "WARNING"]
        return [command, "worker", *options, "systems.taskiq:broker"]


ADAPTER = Taskiq()
