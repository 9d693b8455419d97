"""What was delivered to this process and has not begun here: the highest priority starts first.

The server delivers ahead of free slots, so that a slot that falls free is filled without a round trip. What is ahead
lies here, and nowhere else: it is handed back when the consumer stops, or when it has waited too long.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable
from heapq import heapify, heappop, heappush
from itertools import count

from mog.engine.distributed.held import Held


class StartQueue:
    """Held messages by priority, then in the order in which they came."""

    def __init__(self) -> None:
        self._heap: list[tuple[int, int, Held]] = []
        self._numbers = count()

    def __len__(self) -> int:
        return len(self._heap)

    def put(self, batch: Iterable[Held]) -> None:
        """Add what was delivered."""
        for held in batch:
            heappush(self._heap, (-held.arrival.priority, next(self._numbers), held))

    def take(self, slots: int) -> list[Held]:
        """Take out the next, for so many slots."""
        return [heappop(self._heap)[2] for _ in range(min(slots, len(self._heap)))]

    def take_all(self) -> list[Held]:
        """Take out everything, the next first."""
        return self.take(len(self._heap))

    def take_of(self, queues: Container[str]) -> list[Held]:
        """Take out what comes from these queues."""
        return self._take_if(lambda held: held.arrival.queue in queues)

    def take_older(self, since: float) -> list[Held]:
        """Take out what came before that time of the loop."""
        return self._take_if(lambda held: held.since < since)

    def count_of(self, queue: str) -> int:
        """Count what comes from a queue."""
        return sum(held.arrival.queue == queue for _, _, held in self._heap)

    def _take_if(self, chosen: Callable[[Held], bool]) -> list[Held]:
        taken = [entry[2] for entry in sorted(self._heap) if chosen(entry[2])]
        if taken:
            self._heap = [entry for entry in self._heap if not chosen(entry[2])]
            heapify(self._heap)
        return taken
