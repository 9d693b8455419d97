"""Names and arguments of exchanges and queues: Mognet's, so that both kinds of process share them."""

from __future__ import annotations

from typing import Literal

QueueType = Literal["classic", "quorum"]


class Topology:
    """What one app has on the server, seen from one node. The form of the names is Mognet's."""

    def __init__(self, app: str, node_id: str, queue_type: QueueType = "classic") -> None:
        self.app = app
        self.node_id = node_id
        self.queue_type = queue_type

    def full_name(self, queue: str) -> str:
        """Return the name that a queue has on the server."""
        return f"{self.app}.{queue}"

    def dead_queue(self, queue: str) -> str:
        """Return the short name of the queue in which dead letters of ``queue`` are kept."""
        return f"{queue}.dead"
