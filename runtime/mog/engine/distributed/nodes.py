"""What processes tell each other: who runs what, and that a task is revoked."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING
from uuid import UUID

from mog.engine.distributed.control import (
    EXPIRATION_MS,
    Revoked,
    Status,
    StatusQuery,
    read_control,
    read_status,
    write_revoked,
    write_status,
    write_status_query,
)
from mog.engine.rabbitmq.messages import ControlMessage
from mog.engine.records import Node

if TYPE_CHECKING:
    from mog.engine.distributed.core import Core

ANSWERS_WITHIN = 1.0
"""Seconds in which processes of Mognet are to say what they run."""


class Nodes:
    """The control messages of one engine."""

    def __init__(self, core: Core) -> None:
        self._core = core

    async def listen(self) -> None:
        """Take control messages from now on. Raises EngineError."""
        await self._core.transport.on_control(self._take)

    async def find(self) -> list[Node]:
        """See :meth:`Broker.nodes`."""
        nodes = await self._core.store.leases.nodes()
        if self._core.options.mognet_interop:
            known = {node.node_id for node in nodes}
            async for answer in self._core.transport.ask(write_status_query(), ANSWERS_WITHIN):
                status = read_status(answer)
                if status is not None and status.node_id not in known:
                    known.add(status.node_id)
                    nodes.append(Node(*status))
        return nodes

    def tell_revoked(self, ids: Iterable[UUID]) -> None:
        """Tell all processes; who misses it finds out within a second, or, if it is Mognet's, never."""
        for id_ in ids:
            self._core.begin(self._core.transport.broadcast(write_revoked(id_), expiration_ms=EXPIRATION_MS))

    def _take(self, messages: Sequence[ControlMessage]) -> None:
        revoked = []
        for message in messages:
            said = read_control(message.body)
            if isinstance(said, Revoked):
                revoked.append(said.id)
            elif isinstance(said, StatusQuery) and message.reply_to is not None:
                self._core.begin(self._core.transport.reply(message.reply_to, self._status()))
        runs = self._core.running.of(revoked)
        if runs:
            self._core.begin(self._core.settling.look(runs))

    def _status(self) -> bytes:
        running = tuple(run.id for run in self._core.running.all())
        return write_status(Status(self._core.options.node_id, running))
