"""An app on each engine, with nothing in it but what a test declares."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import uuid4

import pytest
from tests.runtime.leftovers import empty, queues_of, remove

from mog import App
from mog.engine.rabbitmq.settings import RabbitSettings
from mog.engine.redis.settings import RedisSettings
from mog.testing.clock import VirtualClock

MakeApp = Callable[..., App]


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock()


@pytest.fixture(params=["file", "memory", "distributed"])
async def app(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[App]:
    """An app on real time."""
    if request.param == "distributed":
        place: Place = request.getfixturevalue("place")
        async with place.app() as app:
            yield app
        return
    url = "memory://" if request.param == "memory" else f"sqlite:///{tmp_path}/mog.db"
    async with App("demo", broker=url, grace=0.2) as app:
        yield app


class Place:
    """RabbitMQ and Redis, and a name for the apps of a session on both."""

    def __init__(self, amqp_url: str, redis_url: str) -> None:
        self.name = f"test-{uuid4().hex[:12]}"
        self.urls = amqp_url, redis_url
        self.settings = RabbitSettings.from_url(amqp_url), RedisSettings.from_url(redis_url)
        self.queues: set[str] = set()

    @asynccontextmanager
    async def app(self) -> AsyncIterator[App]:
        """Make an app that finds nothing of the ones before."""
        amqp_url, redis_url = self.urls
        app = App(self.name, broker=amqp_url, results=redis_url, grace=0.2)
        engine = app.port().engine
        async with app:
            yield app
        declared = queues_of(engine)
        self.queues |= declared
        await empty(self.name, declared, *self.settings)


@pytest.fixture(scope="session")
def place(amqp_url: str, redis_url: str) -> Iterator[Place]:
    place = Place(amqp_url, redis_url)
    yield place
    asyncio.run(remove(place.name, place.queues, *place.settings))


@pytest.fixture
async def still_app(clock: VirtualClock) -> AsyncIterator[App]:
    """An app whose time stands still until a test turns ``clock``."""
    async with App("demo", broker="memory://", clock=clock, grace=0.2) as app:
        yield app
