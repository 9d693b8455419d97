# /// script
# dependencies = [
#     "mognet==2.0.0",
#     "aio-pika==6.8.2",
#     "aiormq==3.3.1",
#     "click==8.1.7",
#     "hiredis==3.5.0",
#     "redis==4.6.0",
# ]
# ///
"""Mognet on RabbitMQ and Redis. Variant: ``tuned`` (who waits for one result polls every 5 ms, not every 0.1 s)."""

from __future__ import annotations

import asyncio
import logging
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from adapter import SETTING, STAMPS
from mognet import App, AppConfig, Context, task
from redis_results import RedisResults
from servers import AMQP_URL, NAME, RABBITMQ_AND_REDIS, REDIS_URL

logging.getLogger("aio_pika").setLevel(logging.CRITICAL)  # it warns of each channel that is closed on purpose

POLL = 0.005 if "tuned" in SETTING.variant else 0.1
"""Seconds between looks at one result."""

app = App(
    name=NAME,
    config=AppConfig(
        result_backend={"redis": {"url": REDIS_URL}},
        state_backend={"redis": {"url": REDIS_URL}},
        broker={"amqp": {"url": AMQP_URL}},
        minimum_concurrency=SETTING.concurrency,
    ),
)


@task(name="noop")
async def noop(_context: Context) -> int:
    STAMPS.add()
    return 1


@task(name="parent")
async def parent(context: Context, count: int) -> float:
    began = time.perf_counter()
    await asyncio.gather(*(context.run(context.create_request(noop)) for _ in range(count)))
    return time.perf_counter() - began


class Mognet(RedisResults):
    """A parent that waits gives its slot away."""

    durability = (
        "a durable classic queue, messages confirmed and not persistent; acknowledged after the result is stored"
    )
    servers = RABBITMQ_AND_REDIS

    async def open(self) -> None:
        await app.connect()

    async def close(self) -> None:
        channel = app.broker._task_channel.channel
        await channel.queue_delete(f"{NAME}.tasks")
        for kind in ("direct", "control"):
            await channel.exchange_delete(f"{NAME}.mognet.{kind}")
        await app.close()
        await super().close()

    async def submit(self) -> Any:
        return await app.submit(app.create_request(noop))

    async def result(self, handle: Any) -> Any:
        await handle.wait(poll=POLL)
        return await handle.get()

    def result_key(self, handle: Any) -> str:
        return f"{NAME}.mognet.result.{handle.id}/value"

    async def fan_out(self, count: int) -> float:
        return await (await app.submit(app.create_request(parent, count)))

    def worker_command(self, _concurrency: int) -> Sequence[str]:
        command = str(Path(sys.executable).with_name("mognet"))
        return [command, "--log-level", "ERROR", "systems.mognet:app", "run"]


ADAPTER = Mognet()
