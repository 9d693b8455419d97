"""Publishes, and knows what became of each message."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from pamqp import commands
from pamqp.commands import Basic

from mog.engine.rabbitmq import failures, frames
from mog.engine.rabbitmq.channel import Channel, Content
from mog.engine.rabbitmq.connection import Connection
from mog.engine.rabbitmq.failures import Rejected, Unconfirmed, Unroutable
from mog.engine.rabbitmq.properties import Properties
from mog.errors import EngineError, MogError


class Letter(NamedTuple):
    """A message and where it goes; with ``mandatory`` it is an error if no queue takes it."""

    exchange: str
    routing_key: str
    body: bytes
    properties: Properties
    mandatory: bool = True


class _Batch:
    """What was published together, and the answers so far."""

    def __init__(self, letters: Sequence[Letter], settled: asyncio.Future[None]) -> None:
        self.letters = letters
        self.answers: list[MogError | None] = [None] * len(letters)
        self.settled = settled
        self.open = len(letters)

    def answer(self, index: int, answer: MogError | None) -> None:
        if self.settled.done():  # nobody waits any longer
            return
        self.answers[index] = answer
        self.open -= 1
        if not self.open:
            self.settled.set_result(None)


class Publisher(Channel):
    """A channel in confirm mode. The server confirms in any order, and many at a time.

    The messages of a call go out together, and those of other calls meanwhile: nobody waits for anybody's confirms.
    """

    def __init__(self, connection: Connection) -> None:
        super().__init__(connection)
        self._sent = 0
        self._lowest = 1
        self._window: dict[int, tuple[_Batch, int]] = {}
        self._methods: dict[tuple[str, str], bytes] = {}
        self._returned: Counter[tuple[str, str | None]] = Counter()

    async def open(self, number: int) -> None:
        """See :meth:`Channel.open`."""
        await super().open(number)
        await self.call(commands.Confirm.Select())

    async def publish(self, letters: Sequence[Letter]) -> list[MogError | None]:
        """Publish all and wait until the server has told of each; answers None, Unroutable, Rejected, Unconfirmed.

        Raises EngineError where nothing was sent.
        """
        if self.failure is not None:
            raise self.failure
        if not letters:
            return []
        batch = _Batch(letters, self.connection.loop.create_future())
        await self._send(batch)
        timeout = self.connection.settings.confirm_timeout
        try:
            async with asyncio.timeout(timeout):
                await batch.settled
        except TimeoutError:
            self._give_up(batch, str(self._why_late(timeout)))
        return batch.answers

    async def _send(self, batch: _Batch) -> None:
        for index, letter in enumerate(batch.letters):
            if self.connection.is_full:
                await self.connection.room()
            if self.failure is not None:
                for unsent in range(index, len(batch.letters)):
                    batch.answer(unsent, self.failure)
                return
            wire = self._wire(letter)  # what cannot be written must not be counted
            self._sent += 1
            self._window[self._sent] = batch, index
            self.connection.send(wire)
        self.connection.flush()

    def _wire(self, letter: Letter) -> bytes:
        method = self._method(letter.exchange, letter.routing_key, mandatory=letter.mandatory)
        properties, frame_max = letter.properties.encode(), self.connection.frame_max
        return method + frames.content(properties, letter.body, self.number, frame_max)

    def _method(self, exchange: str, routing_key: str, *, mandatory: bool) -> bytes:
        """Return Basic.Publish; those for queues of tasks, which are few, are made once."""
        made = self._methods.get((exchange, routing_key)) if mandatory else None
        if made is None:
            request = Basic.Publish(exchange=exchange, routing_key=routing_key, mandatory=mandatory)
            made = frames.method(request, self.number)
            if mandatory:
                self._methods[exchange, routing_key] = made
        return made

    def _why_late(self, timeout: float) -> EngineError:
        settings, reason = self.connection.settings, self.connection.blocked
        return failures.blocked(settings, reason) if reason else failures.late(settings, "Basic.Publish", timeout)

    def _give_up(self, batch: _Batch, why: str) -> None:
        """Wait no longer for a batch's answers; what is still confirmed is heard and forgotten."""
        for waiting, index in self._window.values():
            if waiting is batch:
                batch.answers[index] = Unconfirmed(f"{why}; the message may have arrived")

    # -- what the server says

    def confirmed(self, tag: int, *, multiple: bool, accepted: bool) -> None:
        """See :meth:`Channel.confirmed`."""
        for one in range(self._lowest, tag + 1) if multiple else (tag,):
            if one in self._window:
                batch, index = self._window.pop(one)
                batch.answer(index, self._verdict(batch.letters[index], accepted=accepted))
        while self._lowest <= self._sent and self._lowest not in self._window:
            self._lowest += 1

    def _verdict(self, letter: Letter, *, accepted: bool) -> MogError | None:
        label = self.connection.settings.label
        if self._returned:
            key = letter.routing_key, letter.properties.message_id
            if self._returned[key]:
                self._returned[key] -= 1
                self._returned += Counter()  # drops what is at zero
                return Unroutable(f"{label} has no queue {letter.routing_key}; declare it, or start a worker that does")
        if not accepted:
            return Rejected(f"{label} did not take a message for {letter.routing_key}: the queue is full or failing")
        return None

    def returned(self, content: Content) -> None:
        """Note it; the confirm that says the server is done with the message follows.

        A return does not tell the tag. Messages with one id and one key share their fate, so counting them will do.
        """
        if isinstance(content.carrier, Basic.Return):
            self._returned[content.carrier.routing_key or "", content.header.properties().message_id] += 1

    def lost(self, error: EngineError) -> None:
        """Answer what is open, and end the connection: without its publisher it is of no use."""
        window, self._window = self._window, {}
        for batch, index in window.values():
            batch.answer(index, Unconfirmed(f"{error}; the message may have arrived"))
        self.connection.end(error)
