"""How much the server may deliver: what free slots need, and some more ahead of them.

AMQP fixes that number for as long as a consumer lives, and counts what is delivered and not acknowledged, running tasks
among them. So it is that of the slots and a look-ahead, and where it turns out to be too small, the consumers are set
up anew. A task that waits for others frees its slot, and its message is acknowledged then, or parents would fill the
window while they wait.

Nothing is gained by what lies here while all slots are busy for long, and another process may be idle. Then the
consumers are cancelled and what is ahead goes back; when a slot falls free, they are set up for just that many.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

from mog.engine.distributed.held import Source
from mog.engine.rabbitmq.consumption import Consumption
from mog.engine.rabbitmq.deliveries import Take
from mog.engine.rabbitmq.transport import Transport
from mog.errors import EngineError


class Window:
    """The consumers of some queues (short names), set up and cancelled as the slots need it.

    ``changed`` is told when they have been set up, or cancelled, or why that was not possible: whoever has asked for
    more meanwhile must ask again.
    """

    def __init__(
        self,
        transport: Transport,
        queues: Sequence[str],
        take: Take,
        changed: Callable[[EngineError | None], None],
        *,
        look_ahead: int,
    ) -> None:
        self._transport, self._queues = transport, queues
        self._take, self._tell = take, changed
        self._look_ahead = look_ahead
        self._ahead = True
        self._consumption: Consumption | None = None
        self._sources: dict[str, Source] = {}
        self._change: asyncio.Task[None] | None = None
        self._closed = False

    @property
    def looks_ahead(self) -> bool:
        """Whether the server may deliver more than fits into the slots."""
        return self._ahead

    @property
    def is_narrow(self) -> bool:
        """Whether no more can come of some queue, full as it may be."""
        return self._consumption is None or any(one.unacked >= one.prefetch for one in self._sources.values())

    def source(self, queue: str) -> Source:
        """Return what counts the messages of a queue."""
        return self._sources[queue]

    def open_for(self, free: int, slots: int) -> None:
        """See to it that messages for the ``free`` ones of ``slots`` can come from each queue that has them."""
        more = -(-min(slots, self._look_ahead) // len(self._queues))
        self._begin(self._open(slots + more if self._ahead else free))

    def shut(self) -> None:
        """Have nothing more delivered until somebody asks for it, and then nothing ahead of free slots."""
        self._ahead = False
        self._begin(self._cancel())

    def look_ahead(self) -> None:
        """Let the server deliver ahead of free slots again."""
        self._ahead = True
        self._begin(self._cancel())

    def lost(self) -> None:
        """Count anew: what came over a connection that is lost counts no more."""
        self._sources = {queue: Source(source.prefetch) for queue, source in self._sources.items()}

    async def close(self) -> None:
        """Have nothing more delivered, ever. Never raises."""
        self._closed = True
        if self._change is not None:
            await asyncio.wait([self._change])
        await self._cancel()

    def _begin(self, change: Coroutine[Any, Any, None]) -> None:
        if self._change is not None or self._closed:
            change.close()
            return
        self._change = asyncio.get_running_loop().create_task(change)
        self._change.add_done_callback(self._changed)

    def _changed(self, change: asyncio.Task[None]) -> None:
        self._change = None
        if not change.cancelled():
            error = change.exception()
            if error is not None and not isinstance(error, EngineError):
                raise error
            self._tell(error)

    async def _open(self, prefetch: int) -> None:
        await self._cancel()
        await self._transport.declare(self._queues)
        self._sources = {queue: Source(prefetch) for queue in self._queues}
        self._consumption = await self._transport.consume(self._queues, prefetch, self._take)

    async def _cancel(self) -> None:
        consumption, self._consumption = self._consumption, None
        if consumption is not None:
            await consumption.stop()
