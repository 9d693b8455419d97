"""Declares exchanges and queues, and remembers what is declared."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence

from pamqp.base import Frame

from mog.engine.rabbitmq import inspection
from mog.engine.rabbitmq.channel import Channel
from mog.engine.rabbitmq.connection import Connection
from mog.engine.rabbitmq.topology import Topology

Missed = Callable[[Sequence[str]], None]
"""Is told of queues that were not there, before they are made."""


async def declare(connection: Connection, topology: Topology, queues: Iterable[str], missed: Missed) -> None:
    """Declare the exchanges and these queues, on channels of their own. Raises EngineError."""
    names = list(queues)
    there = await asyncio.gather(*(inspection.exists(connection, topology.full_name(name)) for name in names))
    if gone := [name for name, is_there in zip(names, there, strict=True) if not is_there]:
        missed(gone)
    requests: list[Frame] = [*topology.exchanges()]
    for name in names:
        requests += topology.queue(name).declare()
    channel = await connection.open_channel(Channel(connection))
    try:
        await channel.call_all(requests)
    finally:
        channel.discard()


class Declarations:
    """The queues that were declared over the connection in use."""

    def __init__(self, topology: Topology, missed: Missed) -> None:
        self._topology, self._missed = topology, missed
        self._known: dict[str, None] = {}

    async def declare(self, connection: Connection, queues: Sequence[str]) -> None:
        """Declare those that are not known yet. Raises EngineError."""
        new = [queue for queue in queues if queue not in self._known]
        if new:
            await declare(connection, self._topology, new, self._missed)
            self._known |= dict.fromkeys(new)

    async def restore(self, connection: Connection) -> None:
        """Declare all that is known over another connection: the server may be an empty one. Raises EngineError."""
        await declare(connection, self._topology, self._known, self._missed)

    def forget(self, queues: Iterable[str]) -> None:
        """Do not count on these queues any longer."""
        for queue in queues:
            self._known.pop(queue, None)
