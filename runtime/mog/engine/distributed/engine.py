"""Builds engines of this package."""

from __future__ import annotations

from mog.engine.contracts import Engine
from mog.engine.distributed.broker import DistributedBroker
from mog.engine.distributed.core import Clock, Core
from mog.engine.distributed.nodes import Nodes
from mog.engine.distributed.options import DistributedOptions
from mog.engine.distributed.results import DistributedResults
from mog.engine.rabbitmq.settings import RabbitSettings
from mog.engine.redis.settings import RedisSettings
from mog.engine.redis.state import RedisState


def distributed_engine(
    rabbit: RabbitSettings, redis: RedisSettings, options: DistributedOptions, *, clock: Clock | None = None
) -> Engine:
    """Return an engine, not yet open, on RabbitMQ and Redis.

    ``clock`` is for tests, and stands for Redis's own in all that users see.
    """
    core = Core(rabbit, redis, options, clock)
    nodes = Nodes(core)
    return Engine(DistributedBroker(core, nodes), DistributedResults(core, nodes), RedisState(core.store))
