"""What the distributed engine stands on: RabbitMQ, its management plugin where one is named, and Redis."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

from mog.config import AppConfig
from mog.doctor import versions
from mog.doctor.findings import Finding
from mog.doctor.management import Management
from mog.doctor.rabbit import rabbitmq
from mog.doctor.redis_server import redis_server
from mog.engine.distributed.upkeep import LONGEST_HOLD
from mog.engine.rabbitmq.settings import RabbitSettings
from mog.engine.rabbitmq.topology import Topology
from mog.engine.redis.settings import RedisSettings

if TYPE_CHECKING:
    from mog.app import App


async def distributed(config: AppConfig, app: App | None, management: str | None) -> AsyncIterator[Finding]:
    """Look at RabbitMQ and Redis."""
    rabbit = RabbitSettings.from_url(config.broker)
    plugin = None if management is None else Management(management, rabbit)
    for finding in versions.packages("packages", "pamqp", "hiredis"):
        yield finding
    topology = None if app is None else Topology(app.name, config.node_id, config.queue_type)
    queues = set() if app is None else app.queues.used() | app.queues.worked_on()
    for finding in await rabbitmq(rabbit, topology, queues, mognet=config.mognet_interop):
        yield finding
    if plugin is not None:
        names = [] if topology is None else [topology.full_name(queue) for queue in sorted(queues)]
        hold = min(config.consumer_timeout / 2, LONGEST_HOLD)
        look = plugin.findings(names, taken_for=config.consumer_timeout, hold=hold)
        for finding in await asyncio.to_thread(list, look):
            yield finding
    for finding in await redis_server(RedisSettings.from_url(config.results), None if app is None else app.name):
        yield finding
