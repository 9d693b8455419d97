"""The names of an app's queues: contracts use full ones, the transport short ones."""

from __future__ import annotations

from mog.engine.rabbitmq.topology import Topology


class Names:
    """Queues of one app."""

    def __init__(self, topology: Topology) -> None:
        self._topology = topology
        self._prefix = f"{topology.app}."

    def short(self, queue: str) -> str:
        """Return the transport's name of a queue; what is no full name is taken for a short one."""
        return queue.removeprefix(self._prefix)

    def in_contracts(self, queue: str) -> tuple[str, str]:
        """Return the full name of a queue of which the transport speaks, and what is taken for it."""
        return self._topology.full_name(queue), queue

    def is_dead(self, queue: str) -> bool:
        """Whether the transport's name of a queue is that of one for dead letters."""
        return queue == self._topology.dead_queue(queue.rpartition(".")[0])

    def dead(self, queue: str) -> str:
        """Return the transport's name of where the dead letters of a queue lie."""
        return self._topology.dead_queue(self.short(queue))
