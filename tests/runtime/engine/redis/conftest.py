"""A place on a real server, and stores there."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from tests.runtime.proxy import Proxy, proxy_to

from mog.engine.redis.store import RedisStore

from .place import Place


@pytest.fixture
async def place(redis_url: str) -> AsyncIterator[Place]:
    place = Place(redis_url)
    yield place
    await place.close()


@pytest.fixture
async def store(place: Place) -> RedisStore:
    """An open store, whose owner lives."""
    return await place.open()


@pytest.fixture
async def proxy(place: Place) -> AsyncIterator[Proxy]:
    """A proxy before the server; its ``url`` leads through."""
    async with proxy_to(place.url, 6379) as proxy:
        yield proxy
