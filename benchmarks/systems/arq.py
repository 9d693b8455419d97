# /// script
# dependencies = ["arq==0.28.0", "hiredis==3.5.0"]
# ///
"""arq on Redis. Variant: ``tuned`` (a worker, and who waits for one result, polls every 5 ms, not every 0.5 s).

A parent polls for each child every 0.5 s in any case: 500 that poll every 5 ms leave the worker no time.
"""

from __future__ import annotations

import asyncio
import sys
import time
import uuid
from collections.abc import Sequence
from typing import Any

from adapter import SETTING, STAMPS
from arq import create_pool
from arq.connections import ArqRedis, RedisSettings
from arq.worker import run_worker
from redis_results import RedisResults
from servers import NAME, REDIS, REDIS_URL

POLL = 0.005 if "tuned" in SETTING.variant else 0.5
"""Seconds between looks."""


async def enqueue(redis: ArqRedis, function: str, *arguments: Any) -> Any:
    """Submit under an id that has the measurement's name in it."""
    return await redis.enqueue_job(function, *arguments, _job_id=f"{NAME}.{uuid.uuid4().hex}")


async def noop(_context: Any) -> int:
    STAMPS.add()
    return 1


async def parent(context: Any, count: int) -> float:
    async def value_of_one() -> int:
        return await (await enqueue(context["redis"], "noop")).result()

    began = time.perf_counter()
    await asyncio.gather(*(value_of_one() for _ in range(count)))
    return time.perf_counter() - began


class WorkerSettings:
    functions = (noop, parent)
    redis_settings = RedisSettings.from_dsn(REDIS_URL)
    queue_name = NAME
    max_jobs = SETTING.concurrency
    poll_delay = POLL


class Arq(RedisResults):
    """A parent that waits holds its slot."""

    durability = "a Redis sorted set, as durable as that server; a job is removed after it ran: at least once"
    servers = REDIS

    async def open(self) -> None:
        self._pool = await create_pool(WorkerSettings.redis_settings, default_queue_name=NAME)

    async def close(self) -> None:
        await self._pool.aclose()
        await super().close()

    async def submit(self) -> Any:
        return await enqueue(self._pool, "noop")

    async def result(self, handle: Any) -> Any:
        return await handle.result(poll_delay=POLL)

    def result_key(self, handle: Any) -> str:
        return f"arq:result:{handle.job_id}"

    async def fan_out(self, count: int) -> float:
        return await (await enqueue(self._pool, "parent", count)).result(poll_delay=0.02, timeout=60)

    def worker_command(self, _concurrency: int) -> Sequence[str]:
        return [sys.executable, "-c", "from systems.arq import work; work()"]


def work() -> None:
    """Be the worker, without log lines."""
    run_worker(WorkerSettings)


ADAPTER = Arq()
