"""The names of an app's queues: contracts use full ones, the transport short ones."""

from __future__ import annotations


class Names:
    """Queues of one app."""

    def __init__(self, app: str) -> None:
        self._prefix = f"{app}."

    def short(self, queue: str) -> str:
        """Return the transport's name of a queue; what is no full name is taken for a short one."""
        return queue.removeprefix(self._prefix)

    def dead(self, queue: str) -> str:
        """Return the transport's name of where the dead letters of a queue lie."""
        return f"{self.short(queue)}.dead"
