"""Transports on a real server, each test's under an app name of its own, and what they hear and take."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest
from pamqp import commands
from pamqp.base import Frame
from tests.runtime.proxy import Proxy, proxy_to

from mog.engine.rabbitmq.channel import Channel
from mog.engine.rabbitmq.connection import Connection
from mog.engine.rabbitmq.handshake import connect
from mog.engine.rabbitmq.messages import ControlMessage, Incoming, Parcel, Receipt
from mog.engine.rabbitmq.settings import RabbitSettings
from mog.engine.rabbitmq.topology import QueueType, Topology
from mog.engine.rabbitmq.transport import Transport
from mog.errors import EngineError

from .fake_server import FakeServer, fake_server

PATIENCE = 20.0

QUEUES = ("tasks", "other", "tasks.dead")
"""What tests may declare; removed after each."""


class Ears:
    """Hears of lost and restored epochs."""

    def __init__(self) -> None:
        self.lost: list[EngineError] = []
        self.restored = 0
        self._changed = asyncio.Event()

    def on_lost(self, error: EngineError) -> None:
        self.lost.append(error)
        self._changed.set()

    def on_restored(self) -> None:
        self.restored += 1
        self._changed.set()

    async def until(self, condition: Callable[[Ears], bool]) -> None:
        async with asyncio.timeout(PATIENCE):
            while not condition(self):
                self._changed.clear()
                await self._changed.wait()


class Basket:
    """Takes deliveries."""

    def __init__(self) -> None:
        self.batches: list[list[Incoming]] = []
        self._changed = asyncio.Event()

    def take(self, batch: list[Incoming]) -> None:
        self.batches.append(batch)
        self._changed.set()

    @property
    def messages(self) -> list[Incoming]:
        return [message for batch in self.batches for message in batch]

    @property
    def bodies(self) -> list[bytes]:
        return [message.body for message in self.messages]

    @property
    def receipts(self) -> list[Receipt]:
        return [message.receipt for message in self.messages]

    async def until(self, count: int) -> list[Incoming]:
        """Wait until so many have come, and return them all."""
        async with asyncio.timeout(PATIENCE):
            while len(self.messages) < count:
                self._changed.clear()
                await self._changed.wait()
        return self.messages


class Radio:
    """Takes control messages."""

    def __init__(self) -> None:
        self.messages: list[ControlMessage] = []
        self._changed = asyncio.Event()

    def take(self, batch: list[ControlMessage]) -> None:
        self.messages += batch
        self._changed.set()

    async def until(self, count: int) -> list[ControlMessage]:
        async with asyncio.timeout(PATIENCE):
            while len(self.messages) < count:
                self._changed.clear()
                await self._changed.wait()
        return self.messages


class Rabbit:
    """A server, an app's name there, and transports on both."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.app = f"test-{uuid4().hex[:12]}"
        self.settings = RabbitSettings.from_url(url)
        self._transports: list[Transport] = []
        self._connection: Connection | None = None

    def transport(
        self,
        *,
        url: str | None = None,
        node: str = "node",
        ears: Ears | None = None,
        queue_type: QueueType = "classic",
        **changes: Any,
    ) -> Transport:
        settings = replace(RabbitSettings.from_url(url or self.url), **changes)
        ears = ears or Ears()
        topology = Topology(self.app, node, queue_type)
        transport = Transport(settings, topology, on_lost=ears.on_lost, on_restored=ears.on_restored)
        self._transports.append(transport)
        return transport

    async def open(self, **options: Any) -> Transport:
        transport = self.transport(**options)
        await transport.open()
        await transport.declare(["tasks"])
        return transport

    async def call(self, request: Frame) -> Any:
        """Ask the server over a connection of the tests' own."""
        if self._connection is None or self._connection.ended.done():
            self._connection = await connect(self.settings)
        channel = await self._connection.open_channel(Channel(self._connection))
        try:
            return await channel.call(request)
        finally:
            channel.discard()

    def name(self, queue: str) -> str:
        return f"{self.app}.{queue}"

    async def delete(self, queue: str) -> None:
        await self.call(commands.Queue.Delete(queue=self.name(queue)))

    async def look(self, queue: str) -> Any:
        """Return the ready messages and the consumers of a queue, as the server counts them."""
        return await self.call(commands.Queue.Declare(queue=self.name(queue), passive=True))

    async def until_ready(self, queue: str, count: int) -> None:
        """Wait until so many messages are ready; the server tells nobody."""
        async with asyncio.timeout(PATIENCE):
            while (await self.look(queue)).message_count != count:
                await asyncio.sleep(0.01)

    async def close(self) -> None:
        for transport in self._transports:
            await transport.close()
        for queue in QUEUES:
            await self.delete(queue)
        for exchange in ("mognet.direct", "mognet.control"):
            await self.call(commands.Exchange.Delete(exchange=self.name(exchange)))
        if self._connection is not None:
            await self._connection.close()


def parcels(count: int, queue: str = "tasks", priority: int = 5) -> list[Parcel]:
    return [Parcel(queue, b"%d" % number, priority, str(uuid4())) for number in range(count)]


@pytest.fixture
async def rabbit(amqp_url: str) -> AsyncIterator[Rabbit]:
    rabbit = Rabbit(amqp_url)
    yield rabbit
    await rabbit.close()


@pytest.fixture
async def proxy(rabbit: Rabbit) -> AsyncIterator[Proxy]:
    """A proxy before the server; its ``url`` leads through."""
    async with proxy_to(rabbit.url, 5672) as proxy:
        yield proxy


@pytest.fixture
def ears() -> Ears:
    return Ears()


@pytest.fixture
def basket() -> Basket:
    return Basket()


@pytest.fixture
def radio() -> Radio:
    return Radio()


@pytest.fixture
async def fake() -> AsyncIterator[FakeServer]:
    async with fake_server() as server:
        yield server


@pytest.fixture
async def connection(fake: FakeServer) -> AsyncIterator[Connection]:
    """A connection to the fake server."""
    connection = await connect(fake.settings)
    yield connection
    await connection.close()
