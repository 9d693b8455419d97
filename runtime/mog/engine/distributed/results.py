"""The result backend: the store, and RabbitMQ where a step of a task's life concerns it too."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from uuid import UUID

from mog.engine.contracts import Finished, ResultBackend
from mog.engine.distributed.core import Core
from mog.engine.distributed.nodes import Nodes
from mog.engine.distributed.part import Part
from mog.engine.records import (
    Message,
    NewTask,
    Outcome,
    Query,
    Record,
    Requeue,
    Revocation,
    StoredValue,
    Waiting,
)
from mog.errors import MogError


class DistributedResults(Part, ResultBackend):
    """See :class:`ResultBackend`."""

    def __init__(self, core: Core, nodes: Nodes) -> None:
        super().__init__(core)
        self._nodes = nodes
        self._records, self._watches = core.store.records, core.store.watches

    async def create(self, tasks: Sequence[NewTask]) -> list[MogError | None]:
        """See :meth:`ResultBackend.create`."""
        answers = await self.core.submission.create(tasks)
        self.core.promotion.expect(task.message.due for task in tasks)
        return answers

    async def settle(self, outcomes: Sequence[Outcome]) -> list[bool]:
        """See :meth:`ResultBackend.settle`."""
        return await self.core.settling.settle(outcomes)

    async def requeue(self, requeues: Sequence[Requeue]) -> list[bool]:
        """See :meth:`ResultBackend.requeue`."""
        answers = await self.core.settling.requeue(requeues)
        self.core.promotion.expect(requeue.due for requeue in requeues)
        return answers

    async def set_waiting(self, changes: Sequence[Waiting]) -> list[bool]:
        """See :meth:`ResultBackend.set_waiting`."""
        return await self.core.settling.set_waiting(changes)

    async def revoke(self, revocations: Sequence[Revocation]) -> list[Record]:
        """See :meth:`ResultBackend.revoke`."""
        revoked = await self._records.revoke(revocations)
        changed = [one.record for one in revoked if not isinstance(one, MogError) and one.changed]
        self.core.settling.lose(self.core.running.of(record.id for record in changed))
        everywhere = self.core.options.mognet_interop  # Mognet's may start a task that is just being revoked
        self._nodes.tell_revoked(record.id for record in changed if everywhere or record.number_of_starts)
        return [one if isinstance(one, MogError) else one.record for one in revoked]

    async def children(self, parents: Sequence[tuple[UUID, int | None]]) -> list[list[UUID]]:
        """See :meth:`ResultBackend.children`."""
        return await self._records.children(parents)

    async def get(self, ids: Sequence[UUID]) -> list[Record | None]:
        """See :meth:`ResultBackend.get`."""
        return await self._records.get(ids)

    async def get_values(self, ids: Sequence[UUID]) -> list[StoredValue | None]:
        """See :meth:`ResultBackend.get_values`."""
        return await self._records.get_values(ids)

    async def get_with_values(self, ids: Sequence[UUID]) -> list[tuple[Record, StoredValue | None] | None]:
        """See :meth:`ResultBackend.get_with_values`."""
        return await self._records.get_with_values(ids)

    async def get_messages(self, ids: Sequence[UUID]) -> list[Message | None]:
        """See :meth:`ResultBackend.get_messages`."""
        return await self._records.get_messages(ids)

    async def find(self, query: Query) -> list[Record]:
        """See :meth:`ResultBackend.find`."""
        return await self._records.find(query)

    async def get_metadata(self, ids: Sequence[UUID]) -> list[dict[str, bytes]]:
        """See :meth:`ResultBackend.get_metadata`."""
        return await self._records.get_metadata(ids)

    async def set_metadata(self, changes: Sequence[tuple[UUID, Mapping[str, bytes]]]) -> list[None]:
        """See :meth:`ResultBackend.set_metadata`."""
        return await self._records.set_metadata(changes)

    async def set_ttl(self, changes: Sequence[tuple[UUID, float]]) -> list[bool]:
        """See :meth:`ResultBackend.set_ttl`."""
        return await self._records.set_ttl(changes)

    async def delete(self, ids: Sequence[UUID]) -> list[bool]:
        """See :meth:`ResultBackend.delete`."""
        return await self._records.delete(ids)

    def on_finished(self, finished: Finished) -> None:
        """See :meth:`ResultBackend.on_finished`."""
        self._watches.on_finished(finished)

    async def watch(self, ids: Sequence[UUID]) -> list[tuple[Record, StoredValue | None] | None]:
        """See :meth:`ResultBackend.watch`."""
        return await self._watches.watch(ids)

    def unwatch(self, ids: Sequence[UUID]) -> None:
        """See :meth:`ResultBackend.unwatch`."""
        self._watches.unwatch(ids)
