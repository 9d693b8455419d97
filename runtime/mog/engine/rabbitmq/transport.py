"""The transport: messages in and out of RabbitMQ, over connections that are made again when they are lost."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence

from mog.engine.rabbitmq.messages import Browsed, ControlMessage, Incoming, Parcel, Receipt
from mog.engine.rabbitmq.server import ServerInfo
from mog.engine.rabbitmq.settings import RabbitSettings
from mog.engine.rabbitmq.topology import Topology
from mog.errors import EngineError, MogError

Take = Callable[[list[Incoming]], None]
"""Takes all that has arrived since the last turn of the loop; called on the loop, must return at once."""


class Consumption:
    """A running consumption of queues; lives through the loss of the connection, each time in a new epoch."""

    async def stop(self) -> None:
        """Let nothing more be delivered; what was delivered stays unacknowledged. May be repeated, never raises."""
        raise NotImplementedError


class Transport:
    """Everything here runs on one loop.

    Raised everywhere unless a method says otherwise: EngineUnavailable (out of reach just now; nothing was done),
    StoreUnusable (wrong password, virtual host or queue arguments: repeating does not help), NotConnected (before
    open() or after close()).

    What is delivered and acknowledged belongs to an *epoch*, the life of one connection. When it ends, the server
    delivers all that was not acknowledged again, to whoever consumes: receipts of an earlier epoch are worth nothing,
    and acknowledging them does nothing.

    ``on_lost`` is told when an epoch has ended, with the reason; ``on_restored`` when the next has begun and consumers
    and control are in place again. Neither is told of close().
    """

    def __init__(
        self,
        settings: RabbitSettings,
        topology: Topology,
        *,
        on_lost: Callable[[EngineError], None] = lambda _: None,
        on_restored: Callable[[], None] = lambda: None,
    ) -> None:
        raise NotImplementedError

    @property
    def server(self) -> ServerInfo:
        """The server that the last connection led to. Raises NotConnected before the first."""
        raise NotImplementedError

    async def open(self) -> None:
        """Connect. Afterwards a lost connection is made again by itself, until close()."""
        raise NotImplementedError

    async def close(self) -> None:
        """Stop consuming and let go of the server, which takes back what is not acknowledged. Never raises."""
        raise NotImplementedError

    def abandon(self) -> None:
        """Let go of the sockets at once and say nothing to the server; see :meth:`Broker.abandon`."""
        raise NotImplementedError

    async def declare(self, queues: Sequence[str]) -> None:
        """Make sure that the exchanges and these queues exist; what was declared in this connection is known.

        A name that :meth:`Topology.dead_queue` gave is declared as a queue of dead letters. Raises StoreUnusable where
        a queue is there with other arguments.
        """
        raise NotImplementedError

    async def publish(self, parcels: Sequence[Parcel]) -> list[MogError | None]:
        """Publish, persistent, and wait until the server has all: one write, one round trip.

        Answers None (the server has it on its disk, or will have before it is lost), Unroutable, Rejected or
        Unconfirmed (the wire was lost meanwhile, or the server is late: it may have the message or not).
        """
        raise NotImplementedError

    async def consume(self, queues: Sequence[str], prefetch: int, take: Take) -> Consumption:
        """Consume ``queues``, which are declared, with at most ``prefetch`` unacknowledged deliveries of each.

        One consumption at a time. A consumer that the server cancels, or loses, is set up again.
        """
        raise NotImplementedError

    def acknowledge(self, receipts: Sequence[Receipt]) -> None:
        """Let the server forget deliveries. Sent once a turn of the loop; never raises, a stale receipt does nothing.

        An acknowledgement is not confirmed: where the connection is lost soon after, the message may come again.
        """
        raise NotImplementedError

    def hand_back(self, receipts: Sequence[Receipt]) -> None:
        """Give deliveries back to their queues, for others or for this process; otherwise as acknowledge()."""
        raise NotImplementedError

    async def depth(self, queues: Sequence[str]) -> list[int]:
        """Count the ready messages of each queue; 0 where there is no such queue."""
        raise NotImplementedError

    async def purge(self, queues: Sequence[str]) -> list[int]:
        """Drop the ready messages of each queue and return how many; 0 where there is no such queue."""
        raise NotImplementedError

    async def broadcast(self, body: bytes, *, expiration_ms: int, reply_to: str | None = None) -> None:
        """Send to all who listen on the control exchange, and wait until the server has it; nobody may listen."""
        raise NotImplementedError

    async def on_control(self, take: Callable[[list[ControlMessage]], None]) -> None:
        """Listen on the control exchange from now on; what was sent while the connection was lost is missed."""
        raise NotImplementedError

    def ask(self, body: bytes, timeout: float) -> AsyncIterator[bytes]:
        """Broadcast a question and yield what is answered within ``timeout`` seconds."""
        raise NotImplementedError

    async def reply(self, reply_to: str, body: bytes) -> None:
        """Answer who asked; whoever does not listen any more misses it."""
        raise NotImplementedError

    async def browse(self, queue: str, limit: int) -> list[Browsed]:
        """Read the oldest ``limit`` messages of a queue and leave them there; empty where there is no such queue."""
        raise NotImplementedError

    async def take_out(self, queue: str, message_ids: Sequence[str]) -> list[bool]:
        """Remove the messages with these ids from a queue; False where there is none."""
        raise NotImplementedError
