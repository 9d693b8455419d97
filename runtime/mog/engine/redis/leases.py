"""Which processes live, by Redis's clock."""

from __future__ import annotations

from uuid import UUID

from mog.engine.records import Node
from mog.engine.redis.answers import Lease, WakeUp
from mog.engine.redis.codec import read_wake_up
from mog.engine.redis.scripts import Scripts
from mog.engine.redis.server import refuse_newer

LEASE = 10.0
"""Seconds that a lease lasts; to be renewed every three."""


class Leases:
    """The lease of one owner, and what can be seen of others'. ``seconds`` is for how long it is held."""

    def __init__(self, scripts: Scripts, owner: str, node_id: str, seconds: float) -> None:
        self._scripts = scripts
        self._owner = owner
        self._node_id = node_id
        self._seconds = seconds

    async def renew(self) -> Lease:
        """Hold this process's lease from now on. Raises StoreTooNew where a newer release has come meanwhile."""
        held, running, schema = await self._scripts.run_once("renew", (self._owner, self._seconds, self._node_id))
        refuse_newer(schema, self._scripts.app, self._scripts.label)
        return Lease(bool(held), running)

    async def running(self) -> list[UUID]:
        """Return the tasks that count as run by this process; of one that it does not run, an answer was lost."""
        return [UUID(found.decode()) for found in await self._scripts.run_once("running", (self._owner,))]

    async def release(self) -> list[WakeUp]:
        """End this process's lease, hand back what it still owns, as stopped, and return it to be published."""
        return [read_wake_up(found) for found in await self._scripts.run_once("release", (self._owner,))]

    async def void(self, limit: int = 500) -> list[WakeUp]:
        """Wake up the tasks of processes whose leases have ended, and return them to be published."""
        return [read_wake_up(found) for found in await self._scripts.run_once("void", (limit,))]

    async def nodes(self) -> list[Node]:
        """List the processes that hold a lease, with what they run."""
        found = await self._scripts.run_once("nodes")
        nodes = [Node(name.decode(), tuple(UUID(task_id.decode()) for task_id in ids)) for name, ids in found]
        return sorted(nodes)
