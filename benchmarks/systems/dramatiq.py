# /// script
# dependencies = ["dramatiq[rabbitmq,redis]==2.2.1", "hiredis==3.5.0"]
# ///
"""dramatiq on RabbitMQ and Redis, one process, a thread per task. Messages are confirmed, which is not its default."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import dramatiq
from adapter import STAMPS
from dramatiq.brokers.rabbitmq import RabbitmqBroker
from dramatiq.common import dq_name, xq_name
from dramatiq.results import Results
from dramatiq.results.backends import RedisBackend
from redis import Redis
from redis_results import RedisResults
from servers import AMQP_URL, NAME, RABBITMQ_AND_REDIS, REDIS_URL

TIMEOUT = 60_000
"""Milliseconds that a result is waited for."""

client = Redis.from_url(REDIS_URL, socket_timeout=TIMEOUT / 1000)  # what waits for a result waits in Redis
results = RedisBackend(client=client, namespace=NAME, use_namespace_prefix_keys=True)
broker = RabbitmqBroker(url=AMQP_URL, confirm_delivery=True)
broker.add_middleware(Results(backend=results, store_results=True))
dramatiq.set_broker(broker)


@dramatiq.actor(queue_name=NAME)
def noop() -> int:
    STAMPS.add()
    return 1


@dramatiq.actor(queue_name=NAME)
def parent(count: int) -> float:
    began = time.perf_counter()
    children = dramatiq.group(noop.message() for _ in range(count)).run()
    list(children.get_results(block=True, timeout=TIMEOUT))
    return time.perf_counter() - began


class Dramatiq(RedisResults):
    """A parent that waits holds its slot, which is a thread."""

    durability = "a durable classic queue, persistent and confirmed; acknowledged after the result is stored"
    servers = RABBITMQ_AND_REDIS

    async def close(self) -> None:
        for queue in (NAME, dq_name(NAME), xq_name(NAME)):
            broker.channel.queue_delete(queue)
        broker.close()
        await super().close()

    async def submit(self) -> Any:
        return noop.send()

    async def result(self, handle: Any) -> Any:
        return handle.get_result(block=True, timeout=TIMEOUT)

    def result_key(self, handle: Any) -> str:
        return results.build_message_key(handle)

    async def fan_out(self, count: int) -> float:
        return parent.send(count).get_result(block=True, timeout=TIMEOUT)

    def worker_command(self, concurrency: int) -> Sequence[str]:
        command = str(Path(sys.executable).with_name("dramatiq"))
        return [command, "systems.dramatiq", "--processes", "1", "--threads", str(concurrency)]


ADAPTER = Dramatiq()
