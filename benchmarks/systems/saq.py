# /// script
# dependencies = ["saq[redis]==0.26.4", "hiredis==3.5.0", "typing-extensions==4.16.0"]
# ///
"""saq on Redis, measured for fan-out alone. Variant: ``tuned`` (who waits for many polls every 20 ms, not 0.5 s)."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from typing import Any

from adapter import SETTING, STAMPS, Adapter
from redis_results import remove_keys
from saq import Queue
from saq.worker import start
from servers import NAME, REDIS, REDIS_URL

POLLING = {"poll_interval": 0.02} if "tuned" in SETTING.variant else {}

queue = Queue.from_url(REDIS_URL, name=NAME)


async def noop(_context: Any) -> int:
    STAMPS.add()
    return 1


async def parent(_context: Any, *, count: int) -> float:
    began = time.perf_counter()
    await queue.map("noop", [{} for _ in range(count)], timeout=60, **POLLING)
    return time.perf_counter() - began


settings = {"queue": queue, "functions": [noop, parent]}


class Saq(Adapter):
    """A parent that waits holds its slot."""

    durability = "a Redis list, as durable as that server; an active list that is swept: at least once"
    servers = REDIS

    async def open(self) -> None:
        await queue.connect()
        await queue.sweep(lock=600)  # or a worker's first sweep aborts a job that is taken and not marked active yet

    async def close(self) -> None:
        await queue.disconnect()
        remove_keys()

    async def fan_out(self, count: int) -> float:
        took: float = await queue.apply("parent", timeout=60, poll_interval=0.02, count=count)
        return took

    def worker_command(self, concurrency: int) -> Sequence[str]:
        return [sys.executable, "-c", f"from systems.saq import run; run({concurrency})"]


def run(concurrency: int) -> None:
    """Be the worker."""
    settings["concurrency"] = concurrency
    start("systems.saq.settings")


ADAPTER = Saq()
