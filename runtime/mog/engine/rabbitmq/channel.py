"""One channel of a connection: requests and their answers, messages put together from their frames."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from pamqp import commands
from pamqp.base import Frame
from pamqp.commands import Basic

from mog.engine.rabbitmq import failures, frames
from mog.engine.rabbitmq.frames import Deliver, Header, NotAmqp, Received
from mog.errors import EngineError, NotConnected

if TYPE_CHECKING:
    from mog.engine.rabbitmq.connection import Connection

Carrier = Deliver | Basic.Return | Basic.GetOk
"""The methods that a message follows."""


class Content(NamedTuple):
    """A message as it came."""

    carrier: Carrier
    header: Header
    body: bytes


class Channel:
    """Subclasses say what becomes of messages, confirms and ends; all is called on the loop, and must return at once.

    The server closes a channel on which something went wrong; what was asked on it then fails, and it is of no more
    use. So what may go wrong has a channel of its own.
    """

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.number = 0
        self.failure: EngineError | None = None
        self._requests: deque[tuple[Frame, asyncio.Future[Any]]] = deque()
        self._carrier: Carrier | None = None
        self._header: Header | None = None
        self._pieces: list[bytes] = []
        self._missing = 0
        self._arrived: list[Content] = []

    # -- for subclasses

    def delivered(self, batch: list[Content]) -> None:
        """Take the messages that have arrived in this turn of the loop."""

    def returned(self, content: Content) -> None:
        """Take back a message that no queue takes."""

    def confirmed(self, tag: int, *, multiple: bool, accepted: bool) -> None:
        """Hear what became of the messages published under ``tag``, or up to it."""

    def cancelled(self, consumer_tag: str) -> None:
        """Hear that the server delivers nothing more to a consumer."""

    def lost(self, error: EngineError) -> None:
        """Hear that the channel is of no more use, save by close()."""

    # -- requests

    async def open(self, number: int) -> None:
        """Open under this number."""
        self.number = number
        await self.call(commands.Channel.Open())

    async def call(self, request: Frame) -> Any:
        """Ask, and return the answer: a method's frame, or a Content. Raises EngineError."""
        [answer] = await self.call_all([request])
        return answer

    async def call_all(self, requests: Sequence[Frame]) -> list[Any]:
        """Ask all at once and return the answers in order: one round trip. Raises the first EngineError."""
        if self.failure is not None:
            raise self.failure
        asked = [self._ask(request) for request in requests]
        timeout = self.connection.settings.confirm_timeout
        try:
            async with asyncio.timeout(timeout):
                return [await future for future in asked]
        except TimeoutError:
            raise failures.late(self.connection.settings, requests[0].name, timeout) from None
        finally:
            for future in asked:
                future.cancel()

    def _ask(self, request: Frame) -> asyncio.Future[Any]:
        future: asyncio.Future[Any] = self.connection.loop.create_future()
        self._requests.append((request, future))
        self.tell(request)
        return future

    def tell(self, request: Frame) -> None:
        """Send what has no answer."""
        if self.failure is None:
            self.connection.send(frames.method(request, self.number))

    async def close(self) -> None:
        """Give the channel back; the server requeues what was not acknowledged. Raises EngineError."""
        if self.failure is None:
            await self._ask_to_close()

    def discard(self) -> None:
        """Give the channel back without waiting for the server's answer."""
        if self.failure is None:
            self._ask_to_close()

    def _ask_to_close(self) -> asyncio.Future[Any]:
        future = self._ask(commands.Channel.Close(reply_code=200, reply_text="", class_id=0, method_id=0))
        self.failure = NotConnected("the channel is closed")
        return future

    # -- what the connection tells

    def handle(self, frame: Received) -> None:
        """Take in a frame. Raises NotAmqp for one that has no business here."""
        if isinstance(frame, bytes):
            self._add_piece(frame)
        elif isinstance(frame, Header):
            self._add_header(frame)
        elif isinstance(frame, Deliver | Basic.Return | Basic.GetOk):
            self._carrier = frame
        elif isinstance(frame, Basic.Ack | Basic.Nack):
            accepted = isinstance(frame, Basic.Ack)
            self.confirmed(frame.delivery_tag or 0, multiple=bool(frame.multiple), accepted=accepted)
        elif isinstance(frame, Basic.Cancel):
            self.cancelled(frame.consumer_tag or "")
        elif isinstance(frame, commands.Channel.Close):
            self._closed_by_server(frame)
        elif frame is not None:
            self._answer(frame, frame.name)

    def turn(self) -> None:
        """Pass on what has arrived; the connection has taken in all that there was."""
        if self._arrived:
            batch, self._arrived = self._arrived, []
            if self.failure is None:
                self.delivered(batch)

    def end(self, error: EngineError) -> None:
        """Be of no more use; whoever waits for an answer gets this error."""
        self.connection.forget(self.number)
        closing = self.failure is not None
        self.failure = self.failure or error
        self._arrived.clear()
        while self._requests:
            _, future = self._requests.popleft()
            if not future.done():
                future.set_exception(error)
                future.exception()  # retrieved: who asked may have been cancelled
        if not closing:
            self.lost(error)

    # -- inside

    def _add_header(self, header: Header) -> None:
        if self._carrier is None:
            raise NotAmqp
        self._header, self._missing = header, header.body_size
        if not self._missing:
            self._complete(b"")

    def _add_piece(self, piece: bytes) -> None:
        if self._header is None:
            raise NotAmqp
        self._missing -= len(piece)
        if self._missing > 0:
            self._pieces.append(piece)
            return
        pieces, self._pieces = self._pieces, []
        self._complete(b"".join([*pieces, piece]) if pieces else piece)

    def _complete(self, body: bytes) -> None:
        assert self._carrier is not None
        assert self._header is not None
        content = Content(self._carrier, self._header, body)
        self._carrier = self._header = None
        if isinstance(content.carrier, Deliver):
            self._arrived.append(content)
        elif isinstance(content.carrier, Basic.Return):
            self.returned(content)
        else:
            self._answer(content, Basic.GetOk.name)

    def _answer(self, answer: Any, name: str) -> None:
        if not self._requests or name not in self._requests[0][0].valid_responses:
            raise NotAmqp
        request, future = self._requests.popleft()
        if not future.done():
            future.set_result(answer)
        if isinstance(request, commands.Channel.Close):
            self.end(NotConnected("the channel is closed"))

    def _closed_by_server(self, frame: commands.Channel.Close) -> None:
        self.connection.send(frames.method(commands.Channel.CloseOk(), self.number))
        cause = (frame.class_id or 0, frame.method_id or 0)
        settings = self.connection.settings
        self.end(failures.channel_closed(settings, frame.reply_code or 0, frame.reply_text or "", cause))
