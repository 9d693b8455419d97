# /// script
# dependencies = ["celery[redis]==5.7.0", "redis==8.1.0", "hiredis==3.5.0"]
# ///
"""Celery on RabbitMQ and Redis, one process, a thread per task. Messages are confirmed and acknowledged late, neither
of which is its default. Variant: ``prefork`` (Celery's default pool: a process per core, whatever the concurrency).

There is no fan-out: Celery refuses to wait for results in a task.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from adapter import SETTING, STAMPS
from celery import Celery
from redis_results import RedisResults
from servers import AMQP_URL, NAME, RABBITMQ_AND_REDIS, REDIS_URL

PREFORK = "prefork" in SETTING.variant
EVENTS, CONTROL = f"{NAME}.events", f"{NAME}.control"

app = Celery(NAME, broker=AMQP_URL, backend=REDIS_URL)
app.conf.update(
    task_default_queue=NAME,
    event_exchange=EVENTS,
    control_exchange=CONTROL,
    task_acks_late=True,
    broker_transport_options={"confirm_publish": True},
    broker_connection_retry_on_startup=True,
    result_expires=3600,
    result_backend_transport_options={"global_keyprefix": f"{NAME}."},
)


@app.task(name="noop")
def noop() -> int:
    STAMPS.add()
    return 1


class CeleryAdapter(RedisResults):
    """Leaves nothing on the servers."""

    durability = "a durable classic queue, persistent and confirmed; acknowledged after the result is stored"
    servers = RABBITMQ_AND_REDIS

    async def close(self) -> None:
        with app.connection_for_write() as connection, connection.channel() as channel:
            channel.queue_delete(NAME)
            for exchange in (NAME, EVENTS, f"{CONTROL}.pidbox", f"reply.{CONTROL}.pidbox"):
                channel.exchange_delete(exchange)
        app.close()
        await super().close()

    async def submit(self) -> Any:
        return noop.delay()

    async def result(self, handle: Any) -> Any:
        return handle.get(timeout=60)

    def result_key(self, handle: Any) -> str:
        return f"{NAME}.celery-task-meta-{handle.id}"

    def worker_command(self, concurrency: int) -> Sequence[str]:
        command = str(Path(sys.executable).with_name("celery"))
        pool = ("prefork", os.cpu_count() or 1) if PREFORK else ("threads", concurrency)
        options = ["--loglevel", "WARNING", "--pool", pool[0], "--concurrency", str(pool[1])]
        return [command, "--app", "systems.celery:app", "worker", *options]


ADAPTER = CeleryAdapter()
