"""A server that does what no real one can be made to do when a test wants it."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

from pamqp import commands
from pamqp import frame as codec
from pamqp.base import Frame
from pamqp.body import ContentBody
from pamqp.commands import Basic
from pamqp.header import ContentHeader
from pamqp.heartbeat import Heartbeat

from mog.engine.rabbitmq.settings import RabbitSettings

PATIENCE = 10.0

Answer = Callable[["Peer", int, Any], None]

START = commands.Connection.Start(
    version_major=0,
    version_minor=9,
    server_properties={"product": "Fake", "version": "3.10.8"},
    mechanisms="PLAIN AMQPLAIN",
    locales="en_US",
)


class Peer:
    """One connection, seen from the server."""

    def __init__(self, server: FakeServer, writer: asyncio.StreamWriter) -> None:
        self.server = server
        self.writer = writer
        self.published = 0
        """Messages so far, on all channels; where there is one publisher, also the latest one's tag."""

    def say(self, channel: int, *frames: Any) -> None:
        """Send frames in one write; bytes as they are."""
        self.writer.write(b"".join(f if isinstance(f, bytes) else codec.marshal(f, channel) for f in frames))

    def deliver(self, channel: int, consumer_tag: str, *bodies: bytes, first_tag: int = 1) -> None:
        """Deliver messages in one write."""
        wire: list[Any] = []
        for tag, body in enumerate(bodies, first_tag):
            sheet = Basic.Properties(priority=5, message_id=str(tag))
            wire += [Basic.Deliver(consumer_tag, tag, False, "", ""), ContentHeader(0, len(body), sheet)]
            wire += [ContentBody(body)] if body else []
        self.say(channel, *wire)


class FakeServer:
    """Answers as a server would; ``answers`` by kind of frame replaces that, ``None`` is silence."""

    def __init__(self) -> None:
        self.peers: list[Peer] = []
        self.heard: list[tuple[int, Any]] = []
        """Channels and frames of all connections."""
        self.answers: dict[type, Answer | None] = {}
        self.heartbeat = 0
        self.settings = RabbitSettings()
        self._changed = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def peer(self) -> Peer:
        """The latest connection."""
        return self.peers[-1]

    def channel_of(self, kind: type) -> int:
        """Return the channel on which such a frame came last."""
        return [channel for channel, frame in self.heard if isinstance(frame, kind)][-1]

    def count(self, kind: type) -> int:
        return sum(isinstance(frame, kind) for _, frame in self.heard)

    async def until(self, kind: type, count: int = 1) -> Any:
        """Wait until so many frames of a kind have come, and return the last of them."""
        async with asyncio.timeout(PATIENCE):
            while self.count(kind) < count:
                self._changed.clear()
                await self._changed.wait()
        return [frame for _, frame in self.heard if isinstance(frame, kind)][count - 1]

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        with suppress(asyncio.IncompleteReadError, OSError, asyncio.CancelledError):
            assert await reader.readexactly(8) == b"AMQP\0\0\x09\x01"
            peer = Peer(self, writer)
            self.peers.append(peer)
            self._answer(peer, 0, START)
            while True:
                head = await reader.readexactly(7)
                (size,) = struct.unpack(">I", head[3:])
                _, channel, frame = codec.unmarshal(head + await reader.readexactly(size + 1))
                self._hear(peer, channel, frame)
        writer.transport.abort()
        self._tasks.discard(task)

    def _hear(self, peer: Peer, channel: int, frame: Any) -> None:
        self.heard.append((channel, frame))
        self._changed.set()
        if isinstance(frame, Basic.Publish):
            peer.published += 1
        self._answer(peer, channel, frame)

    def _answer(self, peer: Peer, channel: int, frame: Any) -> None:
        answer = self.answers.get(type(frame), usual)
        if answer is not None:
            answer(peer, channel, frame)

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)


def usual(peer: Peer, channel: int, frame: Any) -> None:
    """Answer as a server does whose queues are empty and which never has to say no. Messages are not confirmed."""
    if isinstance(frame, commands.Connection.Start):
        peer.say(0, frame)
    elif isinstance(frame, commands.Connection.StartOk):
        peer.say(0, commands.Connection.Tune(2047, 131072, peer.server.heartbeat))
    elif isinstance(frame, commands.Queue.Declare):
        peer.say(channel, commands.Queue.DeclareOk(frame.queue, 0, 1))
    elif isinstance(frame, Basic.Consume):
        peer.say(channel, Basic.ConsumeOk(frame.consumer_tag))
    elif isinstance(frame, Basic.Cancel):
        peer.say(channel, Basic.CancelOk(frame.consumer_tag))
    elif isinstance(frame, Basic.Get):
        peer.say(channel, Basic.GetEmpty())
    elif isinstance(frame, Frame) and frame.synchronous and frame.valid_responses:
        section, name = frame.valid_responses[0].split(".")
        peer.say(channel, getattr(getattr(commands, section), name)())


def confirm(peer: Peer, channel: int, frame: Any) -> None:
    """Confirm a message as soon as it is announced."""
    peer.say(channel, Basic.Ack(peer.published))


def beat(peer: Peer, channel: int, frame: Any) -> None:
    """Answer a heartbeat with one."""
    peer.say(0, Heartbeat())


@asynccontextmanager
async def fake_server() -> AsyncIterator[FakeServer]:
    """Run a fake server; its ``settings`` lead to it."""
    fake = FakeServer()
    listener = await asyncio.start_server(fake.serve, "127.0.0.1", 0)
    port = listener.sockets[0].getsockname()[1]
    fake.settings = RabbitSettings(host="127.0.0.1", port=port, connect_timeout=5.0, confirm_timeout=5.0)
    try:
        yield fake
    finally:
        listener.close()
        await fake.close()
