"""The control exchange: what reaches every process of an app, and answers to those who ask."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from pamqp.commands import Basic

from mog.engine.rabbitmq.channel import Channel, Content
from mog.engine.rabbitmq.connection import Connection
from mog.engine.rabbitmq.messages import ControlMessage
from mog.engine.rabbitmq.topology import QueueSpec
from mog.errors import EngineError, EngineUnavailable

TakeControl = Callable[[list[ControlMessage]], None]
"""Takes what has come over the control exchange; called on the loop, must return at once."""


class Listener(Channel):
    """Consumes a short-lived queue without acknowledging: who is not there misses it."""

    def __init__(self, connection: Connection, take: TakeControl) -> None:
        super().__init__(connection)
        self._take = take

    async def listen(self, queue: QueueSpec) -> None:
        """Make the queue and consume it. Raises EngineError."""
        await self.call_all([*queue.declare(), Basic.Consume(queue=queue.name, no_ack=True)])

    def delivered(self, batch: list[Content]) -> None:
        """See :meth:`Channel.delivered`."""
        try:
            self._take([ControlMessage(content.body, content.header.properties().reply_to) for content in batch])
        except Exception as error:  # noqa: BLE001 - the connection and its other channels must live on
            context = {"message": "control messages could not be taken", "exception": error}
            self.connection.loop.call_exception_handler(context)


class ControlListener(Listener):
    """Listens for as long as the connection lives; without it, the connection is of no use."""

    def cancelled(self, consumer_tag: str) -> None:  # noqa: ARG002 - there is one consumer
        """See :meth:`Channel.cancelled`."""
        label = self.connection.settings.label
        self.connection.end(EngineUnavailable(f"{label} sends no more control messages: somebody deleted the queue"))

    def lost(self, error: EngineError) -> None:
        """See :meth:`Channel.lost`."""
        self.connection.end(error)


class AnswerListener(Listener):
    """Listens for answers until whoever asks has enough."""

    def __init__(self, connection: Connection) -> None:
        self._answers: asyncio.Queue[bytes | EngineError] = asyncio.Queue()
        super().__init__(connection, self._put)

    async def next(self, until: float) -> bytes | None:
        """Return the next answer, None if there is none until then, by the loop's clock. Raises EngineError."""
        try:
            async with asyncio.timeout_at(until):
                answer = await self._answers.get()
        except TimeoutError:
            return None
        if isinstance(answer, EngineError):
            raise answer
        return answer

    def _put(self, batch: list[ControlMessage]) -> None:
        for message in batch:
            self._answers.put_nowait(message.body)

    def lost(self, error: EngineError) -> None:
        """See :meth:`Channel.lost`."""
        self._answers.put_nowait(error)
