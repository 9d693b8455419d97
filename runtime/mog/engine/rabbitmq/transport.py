"""The transport: messages in and out of RabbitMQ, over connections that are made again when they are lost.

Two lines, each one connection after another. *Outward*: publishing, declaring, looking into queues; open() makes it.
*Inward*: deliveries and control messages; made when they are first asked for. They are two because the server, when it
runs short of memory or disk, reads no longer from a connection that publishes: what workers acknowledge, which is what
makes room, must not be stuck behind that (https://www.rabbitmq.com/docs/alarms).
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Sequence
from uuid import uuid4

from mog.engine.rabbitmq import failures, inspection
from mog.engine.rabbitmq.connection import Connection
from mog.engine.rabbitmq.consumption import Consumption
from mog.engine.rabbitmq.control import AnswerListener, ControlListener, TakeControl
from mog.engine.rabbitmq.declarations import Declarations, Missed, declare
from mog.engine.rabbitmq.deliveries import Deliveries, Take
from mog.engine.rabbitmq.failures import Unroutable
from mog.engine.rabbitmq.line import Line
from mog.engine.rabbitmq.messages import Browsed, ControlMessage, Parcel, Receipt
from mog.engine.rabbitmq.properties import PERSISTENT, TRANSIENT, Properties
from mog.engine.rabbitmq.publisher import Letter, Publisher
from mog.engine.rabbitmq.server import ServerInfo
from mog.engine.rabbitmq.settings import RabbitSettings
from mog.engine.rabbitmq.topology import Topology
from mog.errors import EngineError, MogError, NotConnected

QUESTION_EXPIRES = 300_000
"""Milliseconds after which a question that nobody took is dropped; Mognet's."""


class Transport:
    """Everything here runs on one loop.

    Raised everywhere unless a method says otherwise: EngineUnavailable (out of reach just now; nothing was done),
    StoreUnusable (wrong password, virtual host or queue arguments: repeating does not help), NotConnected (before
    open() or after close()).

    What is delivered and acknowledged belongs to an *epoch*, at most the life of one connection. When it ends, the
    server delivers all that was not acknowledged again, to whoever consumes: receipts of an earlier epoch are worth
    nothing, and acknowledging them does nothing.

    ``on_lost`` is told when all epochs so far have ended, with the reason; again with StoreUnusable if the next cannot
    begin, which is tried again all the same; ``on_restored`` when the next has begun and consumers and control are in
    place again. Neither is told of close(), or of a loss of the connection over which is published: who publishes
    hears of that. ``on_missed`` is told which queues (short names) were not there when they were to be declared: what
    was in them is lost.
    """

    def __init__(
        self,
        settings: RabbitSettings,
        topology: Topology,
        *,
        on_lost: Callable[[EngineError], None] = lambda _: None,
        on_restored: Callable[[], None] = lambda: None,
        on_missed: Missed = lambda _: None,
    ) -> None:
        self.settings = settings
        self.topology = topology
        self._outward = Line(settings, self._prepare_outward)
        self._inward = Line(settings, self._prepare_inward, lost=on_lost, restored=on_restored)
        self._publisher: Publisher | None = None
        self._missed = on_missed
        self._declarations = Declarations(topology, on_missed)
        self._consumption: Consumption | None = None
        self._take_control: TakeControl | None = None
        self._epoch = 0
        self._epochs: dict[int, Deliveries] = {}

    @property
    def server(self) -> ServerInfo:
        """The server that the last connection led to. Raises NotConnected before the first."""
        if self._outward.server is None:
            raise NotConnected("the broker was not connected yet; open it first")
        return self._outward.server

    async def open(self) -> None:
        """Connect. Afterwards a lost connection is made again by itself, until close(). May be repeated."""
        await self._outward.open()

    async def close(self) -> None:
        """Stop consuming and let go of the server, which takes back what is not acknowledged. Never raises."""
        self._consumption = self._take_control = None
        await self._inward.close()
        await self._outward.close()
        self._epochs.clear()

    def abandon(self) -> None:
        """Let go of the sockets at once and say nothing to the server; see :meth:`Broker.abandon`."""
        self._inward.abandon()
        self._outward.abandon()

    async def _prepare_outward(self, connection: Connection) -> None:
        await self._declarations.restore(connection)
        self._publisher = await connection.open_channel(Publisher(connection))

    async def _prepare_inward(self, connection: Connection) -> None:
        self._epochs.clear()
        if self._take_control is not None:
            await self._listen(connection)
        if self._consumption is not None:
            await self._begin(connection, self._consumption)

    def _outward_connection(self) -> Connection:
        """Return the connection for what is published and asked. Raises why there is none, or why it takes nothing."""
        connection = self._outward.connection()
        if connection.blocked is not None:
            raise failures.blocked(self.settings, connection.blocked)
        return connection

    async def _inward_connection(self) -> Connection:
        if not self._outward.is_open:
            self._outward.connection()  # tells why
        await self._inward.open()
        return self._inward.connection()

    # -- queues

    async def declare(self, queues: Sequence[str]) -> None:
        """Make sure that the exchanges and these queues exist; what was declared over this connection is known.

        Queues of dead letters are queues like others. Raises StoreUnusable where one is there with other arguments,
        and ConfigError for a name that AMQP does not take.
        """
        await self._declarations.declare(self._outward_connection(), queues)

    async def depth(self, queues: Sequence[str]) -> list[int]:
        """Count the ready messages of each queue; 0 where there is no such queue."""
        return await self._each(inspection.depth, queues)

    async def purge(self, queues: Sequence[str]) -> list[int]:
        """Drop the ready messages of each queue and return how many; 0 where there is no such queue."""
        return await self._each(inspection.purge, queues)

    async def _each(self, look: Callable[[Connection, str], Awaitable[int]], queues: Iterable[str]) -> list[int]:
        connection = self._outward_connection()
        names = [self.topology.full_name(queue) for queue in queues]
        return list(await asyncio.gather(*(look(connection, name) for name in names)))

    async def browse(self, queue: str, limit: int) -> list[Browsed]:
        """Read the oldest ``limit`` messages of a queue and leave them there; empty where there is no such queue.

        While one process looks at messages, others do not see them.
        """
        return await inspection.browse(self._outward_connection(), self.topology.full_name(queue), limit)

    async def take_out(self, queue: str, message_ids: Sequence[str]) -> list[bool]:
        """Remove the messages with these ids from a queue; False where there is none. Reads the whole queue."""
        return await inspection.take_out(self._outward_connection(), self.topology.full_name(queue), message_ids)

    # -- publishing

    def check(self) -> None:
        """Raise EngineUnavailable where nothing can be published just now."""
        self._outward_connection()

    async def publish(self, parcels: Sequence[Parcel]) -> list[MogError | None]:
        """Publish, persistent, and wait until the server has all: one write, one round trip.

        Answers None (the server has it on its disk, or will have before it is lost), Unroutable, Rejected or
        Unconfirmed (the wire was lost meanwhile, or the server is late: it may have the message or not), and other
        EngineUnavailable for what was not sent because the wire was lost. A queue that proves not to be there is
        declared again by the next declare().
        """
        answers = await self._publish([self._letter(parcel) for parcel in parcels])
        self._declarations.forget(
            parcel.queue for parcel, answer in zip(parcels, answers, strict=True) if isinstance(answer, Unroutable)
        )
        return answers

    async def _publish(self, letters: Sequence[Letter]) -> list[MogError | None]:
        self._outward_connection()
        assert self._publisher is not None
        return await self._publisher.publish(letters)

    def _letter(self, parcel: Parcel) -> Letter:
        sheet = Properties(parcel.message_id, parcel.priority, PERSISTENT, parcel.headers)
        return Letter(self.topology.direct_exchange, self.topology.full_name(parcel.queue), parcel.body, sheet)

    # -- deliveries

    async def consume(self, queues: Sequence[str], prefetch: int, take: Take) -> Consumption:
        """Consume ``queues``, which are made if they are not there, with at most ``prefetch`` unacknowledged of each.

        One consumption at a time: another one's is stopped. A consumer that the server cancels, or loses, is set up
        again, in a new epoch.
        """
        if self._consumption is not None:
            await self._consumption.stop()
        connection = await self._inward_connection()
        names = {self.topology.full_name(queue): queue for queue in queues}
        consumption = Consumption(names, prefetch, take, self._forget_consumption)
        await self._begin(connection, consumption)
        self._consumption = consumption
        return consumption

    async def _begin(self, connection: Connection, consumption: Consumption) -> None:
        for epoch in [epoch for epoch, deliveries in self._epochs.items() if deliveries.is_spent]:
            self._epochs.pop(epoch).discard()
        await declare(connection, self.topology, consumption.queues, self._missed)
        self._epoch += 1
        self._epochs[self._epoch] = await consumption.begin(connection, self._epoch)

    def _forget_consumption(self, consumption: Consumption) -> None:
        if self._consumption is consumption:
            self._consumption = None

    def acknowledge(self, receipts: Iterable[Receipt]) -> None:
        """Let the server forget deliveries. Sent once a turn of the loop; never raises, a stale receipt does nothing.

        An acknowledgement is not confirmed: where the connection is lost soon after, the message may come again.
        """
        self._settle(receipts, back=False)

    def hand_back(self, receipts: Iterable[Receipt]) -> None:
        """Give deliveries back to their queues, for others or for this process; otherwise as acknowledge()."""
        self._settle(receipts, back=True)

    def _settle(self, receipts: Iterable[Receipt], *, back: bool) -> None:
        by_epoch: dict[int, list[int]] = {}
        for epoch, tag in receipts:
            by_epoch.setdefault(epoch, []).append(tag)
        for epoch, tags in by_epoch.items():
            if (deliveries := self._epochs.get(epoch)) is not None:
                deliveries.settle(tags, back=back)

    # -- control

    async def broadcast(self, body: bytes, *, expiration_ms: int, reply_to: str | None = None) -> None:
        """Send to all who listen on the control exchange, and wait until the server has it; nobody may listen."""
        sheet = Properties(str(uuid4()), 0, TRANSIENT, reply_to=reply_to, expiration=str(expiration_ms))
        await self._publish_one(Letter(self.topology.control_exchange, "", body, sheet, mandatory=False))

    async def reply(self, reply_to: str, body: bytes) -> None:
        """Answer who asked; whoever does not listen any more misses it."""
        sheet = Properties(str(uuid4()), 0, TRANSIENT)
        await self._publish_one(Letter(self.topology.direct_exchange, reply_to, body, sheet, mandatory=False))

    async def _publish_one(self, letter: Letter) -> None:
        [answer] = await self._publish([letter])
        if answer is not None:
            raise answer

    async def on_control(self, take: TakeControl) -> None:
        """Listen on the control exchange from now on; what is sent while the connection is lost may be missed."""
        connection = await self._inward_connection()
        if self._take_control is None:
            await self._listen(connection)
        self._take_control = take

    async def _listen(self, connection: Connection) -> None:
        await declare(connection, self.topology, (), self._missed)
        listener = await connection.open_channel(ControlListener(connection, self._hear))
        await listener.listen(self.topology.control_queue(connection.server))

    def _hear(self, batch: list[ControlMessage]) -> None:
        if self._take_control is not None:
            self._take_control(batch)

    async def ask(self, body: bytes, timeout: float) -> AsyncGenerator[bytes, None]:
        """Broadcast a question and yield what is answered within ``timeout`` seconds."""
        connection = self._outward_connection()
        queue = self.topology.callback_queue(connection.server, uuid4().hex[:8])
        listener = await connection.open_channel(AnswerListener(connection))
        try:
            await listener.listen(queue)
            await self.broadcast(body, expiration_ms=QUESTION_EXPIRES, reply_to=queue.name)
            until = connection.loop.time() + timeout
            while (answer := await listener.next(until)) is not None:
                yield answer
        finally:
            listener.discard()
