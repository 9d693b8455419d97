"""Declares exchanges and queues, and remembers what is declared."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from pamqp.base import Frame

from mog.engine.rabbitmq.channel import Channel
from mog.engine.rabbitmq.connection import Connection
from mog.engine.rabbitmq.topology import Topology


async def declare(connection: Connection, topology: Topology, queues: Iterable[str] = ()) -> None:
    """Declare the exchanges and these queues, in one round trip, on a channel of its own. Raises EngineError."""
    requests: list[Frame] = [*topology.exchanges()]
    for queue in queues:
        requests += topology.queue(queue).declare()
    channel = await connection.open_channel(Channel(connection))
    try:
        await channel.call_all(requests)
    finally:
        channel.discard()


class Declarations:
    """The queues that were declared over the connection in use."""

    def __init__(self, topology: Topology) -> None:
        self._topology = topology
        self._known: dict[str, None] = {}

    async def declare(self, connection: Connection, queues: Sequence[str]) -> None:
        """Declare those that are not known yet. Raises EngineError."""
        new = [queue for queue in queues if queue not in self._known]
        if new:
            await declare(connection, self._topology, new)
            self._known |= dict.fromkeys(new)

    async def restore(self, connection: Connection) -> None:
        """Declare all that is known over another connection: the server may be an empty one. Raises EngineError."""
        await declare(connection, self._topology, self._known)

    def forget(self, queues: Iterable[str]) -> None:
        """Do not count on these queues any longer."""
        for queue in queues:
            self._known.pop(queue, None)
