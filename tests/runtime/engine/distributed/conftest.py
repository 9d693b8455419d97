"""Engines on RabbitMQ and Redis, each test's under an app name of its own."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import pytest
from pamqp import commands
from pamqp.base import Frame

from mog.engine.contracts import Engine
from mog.engine.distributed.broker import DistributedBroker
from mog.engine.distributed.core import Core
from mog.engine.distributed.engine import distributed_engine
from mog.engine.distributed.options import DistributedOptions
from mog.engine.rabbitmq.channel import Channel
from mog.engine.rabbitmq.handshake import connect
from mog.engine.rabbitmq.settings import RabbitSettings
from mog.engine.redis.client import Client
from mog.engine.redis.settings import RedisSettings
from mog.testing.clock import VirtualClock
from mog.testing.conformance import EngineKit

AGE = """
for _, key in ipairs(redis.call('KEYS', ARGV[1] .. '.*')) do
  local left = redis.call('PTTL', key)
  if left >= 0 then redis.call('PEXPIRE', key, left - ARGV[2]) end
end
"""
"""Takes so many milliseconds from the lives of an app's keys."""


class DistributedKit(EngineKit):
    """Leases of a second; a clock that stands still for all that users see."""

    recovery_time = 5.0

    def __init__(self, amqp_url: str, redis_url: str) -> None:
        self.clock = VirtualClock()
        self.app = f"test-{uuid4().hex[:12]}"
        self.rabbit = RabbitSettings.from_url(amqp_url)
        self.redis = RedisSettings.from_url(redis_url)
        self.engines: list[Engine] = []

    def make(self, **changes: Any) -> Engine:
        options = DistributedOptions(self.app, f"node-{len(self.engines)}", lease=1.0, tick=0.2, outbox_age=1.0)
        engine = distributed_engine(self.rabbit, self.redis, options._replace(**changes), clock=self.clock)
        self.engines.append(engine)
        return engine

    async def crash(self, engine: Engine) -> None:
        engine.abandon()

    def now(self) -> float:
        return self.clock()

    async def advance(self, seconds: float) -> None:
        """Turn the clock, and let that pass for Redis which is to expire: it does so by its own clock."""
        self.clock.advance(seconds)
        client = Client(self.redis)
        await client.open()
        await client.call([("EVAL", AGE, 0, self.app, round(seconds * 1000))])
        await client.close()

    async def clean(self) -> None:
        """Remove what the test has left on both servers."""
        for engine in self.engines:
            await engine.close()
        queues = {queue for engine in self.engines for queue in core_of(engine).transport._declarations._known}
        await self._clean_rabbit([f"{self.app}.{queue}" for queue in queues])
        client = Client(self.redis)
        await client.open()
        [keys] = await client.call([("KEYS", f"{self.app}.*")])
        if keys:
            await client.call([("DEL", *keys)])
        await client.close()

    async def _clean_rabbit(self, queues: list[str]) -> None:
        connection = await connect(self.rabbit)
        channel = await connection.open_channel(Channel(connection))
        requests: list[Frame] = [commands.Queue.Delete(queue=queue) for queue in queues]
        for exchange in ("mognet.direct", "mognet.control"):
            requests.append(commands.Exchange.Delete(exchange=f"{self.app}.{exchange}"))
        await channel.call_all(requests)
        await connection.close()


def core_of(engine: Engine) -> Core:
    """Return what the parts of an engine share."""
    assert isinstance(engine.broker, DistributedBroker)
    return engine.broker.core


@pytest.fixture
async def kit(amqp_url: str, redis_url: str) -> AsyncIterator[DistributedKit]:
    kit = DistributedKit(amqp_url, redis_url)
    yield kit
    await kit.clean()
