"""A consumption of queues through all epochs, and the patrol that misses consumers."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress

from pamqp import commands

from mog.engine.rabbitmq.connection import Connection
from mog.engine.rabbitmq.deliveries import Deliveries, Take
from mog.errors import EngineError, EngineUnavailable

PATROL_INTERVAL, PATROL_PATIENCE = 10.0, 10.0
"""Seconds between looks for the consumers, and for the server's answer: together less than 30."""


class Consumption:
    """A running consumption of queues; lives through the loss of the connection, each time in a new epoch."""

    def __init__(
        self,
        queues: dict[str, str],
        prefetch: int,
        take: Take,
        forget: Callable[[Consumption], None],
    ) -> None:
        self._queues = queues
        self._prefetch = prefetch
        self._take = take
        self._forget = forget
        self._patrol: asyncio.Task[None] | None = None
        self._deliveries: Deliveries | None = None

    @property
    def queues(self) -> list[str]:
        """The short names of what is consumed."""
        return list(self._queues.values())

    async def begin(self, connection: Connection, epoch: int) -> Deliveries:
        """Consume over this connection. Raises EngineError."""
        self._end_patrol()
        self._deliveries = await connection.open_channel(Deliveries(connection, epoch, self._queues, self._take))
        await self._deliveries.consume(self._prefetch)
        self._patrol = connection.loop.create_task(_patrol(self._deliveries, list(self._queues)))
        _tie(self._patrol, connection)
        return self._deliveries

    async def stop(self) -> None:
        """Let nothing more be delivered; what was delivered stays unacknowledged. May be repeated, never raises."""
        self._forget(self)
        self._end_patrol()
        if self._deliveries is not None:
            with suppress(EngineError):  # with the connection its consumers are gone
                await self._deliveries.stop()

    def _end_patrol(self) -> None:
        if self._patrol is not None:
            self._patrol.cancel()
            self._patrol = None


def _tie(patrol: asyncio.Task[None], connection: Connection) -> None:
    """End a patrol with its connection."""

    def end(_: object) -> None:
        patrol.cancel()

    connection.ended.add_done_callback(end)
    patrol.add_done_callback(lambda _: connection.ended.remove_done_callback(end))


async def _patrol(deliveries: Deliveries, queues: list[str]) -> None:
    """Ask the server again and again who consumes, and end a connection whose consumers it does not know."""
    connection = deliveries.connection
    while not connection.ended.done():
        await asyncio.sleep(PATROL_INTERVAL)
        try:
            async with asyncio.timeout(PATROL_PATIENCE):
                asked = [commands.Queue.Declare(queue=name, passive=True) for name in queues]
                answers = await deliveries.call_all(asked)
        except (EngineError, TimeoutError) as error:
            connection.end(EngineUnavailable(f"{connection.settings.label} does not tell who consumes: {error}"))
            return
        missing = [name for name, answer in zip(queues, answers, strict=True) if not answer.consumer_count]
        if missing and not deliveries.is_stopped:
            label = connection.settings.label
            connection.end(EngineUnavailable(f"{label} has lost the consumers of {', '.join(missing)}"))
            return
