"""Engines on RabbitMQ and Redis, each test's under an app name of its own."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

import pytest
from tests.runtime.leftovers import queues_of, remove
from tests.runtime.proxy import Proxy, proxy_to

from mog.engine.contracts import Engine
from mog.engine.distributed.engine import distributed_engine
from mog.engine.distributed.options import DistributedOptions
from mog.engine.rabbitmq.settings import RabbitSettings
from mog.engine.records import DeadLetter, DeadQuery
from mog.engine.redis.client import Client
from mog.engine.redis.settings import RedisSettings
from mog.testing.clock import VirtualClock
from mog.testing.conformance import EngineKit
from mog.testing.conformance.kit import eventually

from .mognet_fleet import QUEUES, Fleet, MognetProcess, mog_and_mognet, mognet_process, mogs_app

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

    def make(self, amqp_url: str | None = None, redis_url: str | None = None, **changes: Any) -> Engine:
        """See :meth:`EngineKit.make`; the URLs may lead through proxies."""
        rabbit = self.rabbit if amqp_url is None else RabbitSettings.from_url(amqp_url)
        redis = self.redis if redis_url is None else RedisSettings.from_url(redis_url)
        options = DistributedOptions(self.app, f"node-{len(self.engines)}", lease=1.0, tick=0.2, outbox_age=1.0)
        engine = distributed_engine(rabbit, redis, options._replace(**changes), clock=self.clock)
        self.engines.append(engine)
        return engine

    @asynccontextmanager
    async def opened(self, **options: Any) -> AsyncIterator[Engine]:
        """Open an engine that is made so, for the length of a block."""
        engine = self.make(**options)
        await engine.open()
        try:
            yield engine
        finally:
            await engine.close()

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
        queues = {queue for engine in self.engines for queue in queues_of(engine)}
        await remove(self.app, queues, self.rabbit, self.redis)


async def letters_of(engine: Engine) -> list[DeadLetter]:
    """Wait until there are dead letters, and return them."""
    letters: list[DeadLetter] = []

    async def there() -> bool:
        letters[:] = await engine.broker.dead(DeadQuery())
        return bool(letters)

    await eventually(there)
    return letters


@pytest.fixture
async def kit(amqp_url: str, redis_url: str) -> AsyncIterator[DistributedKit]:
    kit = DistributedKit(amqp_url, redis_url)
    yield kit
    await kit.clean()


@pytest.fixture(scope="session")
def process(amqp_url: str, redis_url: str) -> Iterator[MognetProcess]:
    """A process of Mognet's, which all tests share."""
    name = f"test-{uuid4().hex[:12]}"
    try:
        with mognet_process(name, amqp_url, redis_url) as started:
            yield started
    finally:
        servers = RabbitSettings.from_url(amqp_url), RedisSettings.from_url(redis_url)
        asyncio.run(remove(name, QUEUES, *servers))


@pytest.fixture
async def fleet(process: MognetProcess, amqp_url: str, redis_url: str) -> AsyncIterator[Fleet]:
    """An app of mog's, of which ``process`` is too."""
    async with mog_and_mognet(process, mogs_app(process.app, amqp_url, redis_url)) as fleet:
        yield fleet


@pytest.fixture
async def amqp_proxy(amqp_url: str) -> AsyncIterator[Proxy]:
    """A proxy before RabbitMQ; its ``url`` leads through."""
    async with proxy_to(amqp_url, 5672) as proxy:
        yield proxy


@pytest.fixture
async def redis_proxy(redis_url: str) -> AsyncIterator[Proxy]:
    """A proxy before Redis; its ``url`` leads through."""
    async with proxy_to(redis_url, 6379) as proxy:
        yield proxy
