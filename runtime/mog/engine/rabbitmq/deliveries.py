"""The deliveries of one epoch: a channel with its consumers, and what of theirs is not acknowledged yet."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from pamqp.commands import Basic

from mog.engine.rabbitmq import frames
from mog.engine.rabbitmq.acknowledgements import Acknowledgements
from mog.engine.rabbitmq.channel import Channel, Content
from mog.engine.rabbitmq.connection import Connection
from mog.engine.rabbitmq.frames import Deliver
from mog.engine.rabbitmq.messages import Incoming, Receipt
from mog.errors import EngineError, EngineUnavailable

Take = Callable[[list[Incoming]], None]
"""Takes all that has arrived since the last turn of the loop; called on the loop, must return at once."""

HIGHEST_PREFETCH = 65_535
"""Two bytes of the protocol; 0 would mean that there is no limit."""


class Deliveries(Channel):
    """Consumes queues until the connection ends. ``queues`` maps their full names to the short ones.

    If the channel is lost, or the server cancels a consumer, the connection is ended with it: a new epoch makes all
    anew, and there is no state in between in which some of it works.
    """

    def __init__(self, connection: Connection, epoch: int, queues: dict[str, str], take: Take) -> None:
        super().__init__(connection)
        self.epoch = epoch
        self.is_stopped = False
        self._queues = queues
        self._take = take
        self._books = Acknowledgements()
        self._due = False

    async def consume(self, prefetch: int) -> None:
        """Let the server deliver; ``prefetch`` holds for each queue, for as long as this lives."""
        await self.call(Basic.Qos(prefetch_count=max(1, min(prefetch, HIGHEST_PREFETCH))))
        await self.call_all([Basic.Consume(queue=name, consumer_tag=name) for name in self._queues])

    async def stop(self) -> None:
        """Let nothing more be delivered; what still arrives goes back. Raises EngineError."""
        if not self.is_stopped:
            self.is_stopped = True
            await self.call_all([Basic.Cancel(consumer_tag=name) for name in self._queues])

    @property
    def is_spent(self) -> bool:
        """Whether nothing more will be delivered, and all that was is settled."""
        return self.is_stopped and not self._books

    def settle(self, tags: Iterable[int], *, back: bool) -> None:
        """Acknowledge deliveries, or hand them back; sent before the loop's next turn ends."""
        if self._books.settle(tags, back=back) and not self._due:
            self._due = True
            self.connection.loop.call_soon(self._send_settlements)

    def _send_settlements(self) -> None:
        self._due = False
        if self.failure is not None:
            return
        for tag, multiple, back in self._books.take():
            encode = frames.refusal if back else frames.acknowledgement
            self.connection.send(encode(tag, self.number, multiple=multiple))
        self.connection.flush()

    def delivered(self, batch: list[Content]) -> None:
        """See :meth:`Channel.delivered`."""
        incoming = [self._incoming(content) for content in batch]
        if self.is_stopped:
            self.settle([message.receipt.tag for message in incoming], back=True)
            return
        try:
            self._take(incoming)
        except Exception as error:  # noqa: BLE001 - the connection and its other channels must live on
            context = {"message": "deliveries could not be taken", "exception": error}
            self.connection.loop.call_exception_handler(context)

    def _incoming(self, content: Content) -> Incoming:
        assert isinstance(content.carrier, Deliver)
        consumer_tag, tag, redelivered = content.carrier
        self._books.deliver(tag)
        priority = content.header.priority()
        return Incoming(self._queues[consumer_tag], content.body, priority, bool(redelivered), Receipt(self.epoch, tag))

    def cancelled(self, consumer_tag: str) -> None:
        """See :meth:`Channel.cancelled`."""
        label = self.connection.settings.label
        self.connection.end(
            EngineUnavailable(f"{label} delivers no more of queue {consumer_tag}: somebody deleted it, or it has moved")
        )

    def lost(self, error: EngineError) -> None:
        """See :meth:`Channel.lost`."""
        self.connection.end(error)
