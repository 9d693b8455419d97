"""One AMQP connection: its socket, its frames, its channels. It lives once; what makes it anew is a Line."""

from __future__ import annotations

import asyncio
import socket
from contextlib import suppress
from typing import TYPE_CHECKING, TypeVar

from pamqp import commands

from mog.engine.rabbitmq import failures, frames
from mog.engine.rabbitmq.frames import FrameReader, NotAmqp, Received
from mog.engine.rabbitmq.heartbeat import Pulse
from mog.engine.rabbitmq.server import ServerInfo
from mog.engine.rabbitmq.settings import RabbitSettings
from mog.engine.running_loop import running_loop
from mog.errors import EngineError, EngineUnavailable, NotConnected

if TYPE_CHECKING:
    from mog.engine.rabbitmq.channel import Channel

GOODBYE = 2.0
"""Seconds that the server is given to answer Connection.Close."""

WRITTEN_AT_ONCE = 256 * 1024
"""Bytes after which what is to be sent is not gathered any longer."""

SomeChannel = TypeVar("SomeChannel", bound="Channel")


class Connection(asyncio.Protocol):
    """A connection that :func:`mog.engine.rabbitmq.handshake.connect` has opened.

    What is sent in one turn of the loop goes out in one write; what arrives in one turn is handed to its channels as
    one batch. ``ended`` is settled with the reason when the connection is of no more use, for whatever reason.
    ``blocked`` is why the server takes no messages, None while it does.
    """

    def __init__(self, settings: RabbitSettings, loop: asyncio.AbstractEventLoop) -> None:
        self.settings = settings
        self.loop = loop
        self.ended: asyncio.Future[EngineError] = loop.create_future()
        self.server = ServerInfo()
        self.frame_max, self.channel_max = 4096, 2047
        self.blocked: str | None = None
        self.heard = self.said = loop.time()
        self.greeting: asyncio.Queue[Received] | None = asyncio.Queue()
        self._socket: socket.socket | None = None
        self._transport: asyncio.Transport | None = None
        self._gone: asyncio.Future[None] = loop.create_future()
        self._reader = FrameReader()
        self._channels: dict[int, Channel] = {}
        self._number = 0  # of the latest channel: none is soon used again, for what the server still says on it
        self._outgoing: list[bytes] = []
        self._outgoing_size = 0
        self._may_write = asyncio.Event()
        self._may_write.set()
        self._pulse: Pulse | None = None
        self._closing = False

    def hold(self, sock: socket.socket) -> None:
        """Keep the socket, which abandon() closes."""
        self._socket = sock

    def begin(self, heartbeat: float) -> None:
        """Leave the handshake behind: from now on frames go to channels, and hearts beat."""
        self.greeting = None
        self._pulse = Pulse(self, heartbeat) if heartbeat else None

    # -- channels

    async def open_channel(self, channel: SomeChannel) -> SomeChannel:
        """Give a channel a number and open it."""
        if self.ended.done():
            raise self.ended.result()
        if len(self._channels) >= self.channel_max:
            raise EngineUnavailable(f"all {self.channel_max} channels of the connection are in use; wait for some")
        self._number = self._next_number()
        self._channels[self._number] = channel
        try:
            await channel.open(self._number)
        except BaseException:
            channel.discard()
            raise
        return channel

    def _next_number(self) -> int:
        number = self._number % self.channel_max + 1
        while number in self._channels:
            number = number % self.channel_max + 1
        return number

    def forget(self, number: int) -> None:
        """Let a channel's number be used again."""
        self._channels.pop(number, None)

    # -- what goes out

    def send(self, data: bytes) -> None:
        """Send before the loop's next turn ends; what is sent after the end of the connection goes nowhere."""
        if not self._outgoing:
            self.loop.call_soon(self.flush)
        self._outgoing.append(data)
        self._outgoing_size += len(data)
        if self._outgoing_size > WRITTEN_AT_ONCE:
            self.flush()

    def flush(self) -> None:
        """Send now what has gathered."""
        outgoing, self._outgoing, self._outgoing_size = self._outgoing, [], 0
        if outgoing and self._transport is not None and not self._transport.is_closing():
            self._transport.write(b"".join(outgoing))
            self.said = self.loop.time()

    @property
    def is_full(self) -> bool:
        """Whether whoever sends much should wait for room()."""
        return not self._may_write.is_set()

    async def room(self) -> None:
        """Wait until the other end has taken what was sent before, or the connection has ended."""
        await self._may_write.wait()

    # -- asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Greet the server."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        transport.write(frames.PROTOCOL_HEADER)

    def pause_writing(self) -> None:
        """Make room() wait."""
        self._may_write.clear()

    def resume_writing(self) -> None:
        """Let room() return."""
        self._may_write.set()

    def connection_lost(self, exc: Exception | None) -> None:
        """End, if this comes unexpected."""
        self.end(failures.lost(self.settings, exc))
        if not self._gone.done():
            self._gone.set_result(None)

    def data_received(self, data: bytes) -> None:
        """Take in frames, then tell the channels that this was all for now."""
        self.heard = self.loop.time()
        touched: dict[int, Channel] = {}
        try:
            for number, frame in self._reader.feed(data):
                if number == 0:
                    self._handle(frame)
                elif (channel := self._channels.get(number)) is not None:
                    touched[number] = channel
                    channel.handle(frame)
            for channel in touched.values():
                channel.turn()
        except NotAmqp:
            self.end(failures.no_greeting(self.settings))

    def _handle(self, frame: Received) -> None:
        if isinstance(frame, commands.Connection.CloseOk):
            self._hang_up()
        elif self.greeting is not None and frame is not None:
            self.greeting.put_nowait(frame)
        elif isinstance(frame, commands.Connection.Close):
            self.send(frames.method(commands.Connection.CloseOk(), 0))
            self.end(failures.closed(self.settings, frame.reply_code or 0, frame.reply_text or ""))
        elif isinstance(frame, commands.Connection.Blocked):
            self.blocked = frame.reason or "it does not say why"
        elif isinstance(frame, commands.Connection.Unblocked):
            self.blocked = None

    # -- the end

    def end(self, error: EngineError) -> None:
        """Be of no more use, for this reason; the first one counts."""
        if self.ended.done():
            return
        self.ended.set_result(error)
        if self._pulse is not None:
            self._pulse.stop()
        channels, self._channels = list(self._channels.values()), {}
        for channel in channels:
            channel.end(error)
        self._may_write.set()
        if self.greeting is not None:
            self.greeting.put_nowait(b"")
        if not self._closing:
            self.flush()
            self._hang_up()

    def _hang_up(self) -> None:
        """Close the socket; what the system has taken to send is still sent."""
        if self._transport is not None:
            self._transport.abort()

    async def close(self) -> None:
        """Say goodbye, wait for the server's for a moment, and hang up. May be repeated, never raises."""
        if not self.ended.done():
            self._closing = True
            self.end(NotConnected("the app is closed; connect it again"))
            self.send(frames.method(_GOODBYE, 0))
            self.flush()
        if self._transport is None:
            return
        with suppress(TimeoutError):
            async with asyncio.timeout(GOODBYE):
                await asyncio.shield(self._gone)
        self._hang_up()
        await asyncio.shield(self._gone)

    def abandon(self) -> None:
        """Let go of the socket and say nothing to the server; see :meth:`Transport.abandon`."""
        if running_loop() is self.loop:
            self._closing = True
            self.end(NotConnected("the connection was abandoned"))
            self._hang_up()
        elif self._socket is not None:  # the loop is the parent process's, or runs no more
            self._socket.close()


_GOODBYE = commands.Connection.Close(reply_code=200, reply_text="", class_id=0, method_id=0)
