"""Which deliveries of a channel are settled, and the fewest frames that tell the server so."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from typing import NamedTuple


class Settlement(NamedTuple):
    """A Basic.Ack, or a Basic.Nack with requeue where ``back``; with ``multiple`` for all up to ``tag``."""

    tag: int
    multiple: bool
    back: bool


class Acknowledgements:
    """Keeps the books of one channel.

    The server numbers the deliveries of a channel 1, 2, 3, …; ``multiple`` settles all up to a tag that is not settled
    yet. Tasks end in any order, so it may be used only up to below the lowest delivery that is still open; what is
    settled above goes out tag by tag. The tag named must itself be unsettled: the server closes the channel otherwise.
    """

    def __init__(self) -> None:
        self._open: set[int] = set()
        self._order: deque[int] = deque()
        self._done: set[int] = set()
        self._back: set[int] = set()

    def __len__(self) -> int:
        """Return how many deliveries the server waits for, those among them that take() will tell of."""
        return len(self._open) + len(self._done) + len(self._back)

    def deliver(self, tag: int) -> None:
        """Note a delivery; tags only grow."""
        self._open.add(tag)
        self._order.append(tag)

    def settle(self, tags: Iterable[int], *, back: bool = False) -> bool:
        """Note that deliveries are done with, or go back to their queue; the first word counts.

        Tags that are not open are passed over. Returns whether there is anything new for take().
        """
        known = self._open.intersection(tags)
        self._open -= known
        (self._back if back else self._done).update(known)
        return bool(known)

    def take(self) -> list[Settlement]:
        """Return what to send, in order, for all that was settled since the last call."""
        settlements = [Settlement(tag, multiple=False, back=True) for tag in sorted(self._back)]
        while self._order and self._order[0] not in self._open:
            self._order.popleft()
        lowest = self._order[0] if self._order else None
        below = [tag for tag in self._done if lowest is None or tag < lowest]
        if len(below) > 1:
            settlements.append(Settlement(max(below), multiple=True, back=False))
            self._done.difference_update(below)
        settlements += [Settlement(tag, multiple=False, back=False) for tag in sorted(self._done)]
        self._done.clear()
        self._back.clear()
        return settlements
