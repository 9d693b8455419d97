"""Hands things to an event loop from other threads, with one wake-up for whatever gathers until it comes.

Waking a loop costs a system call and a switch of the interpreter lock, far more than what it is woken for. So only the
first item of a burst wakes it, and it takes all that has gathered by then.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import Generic, TypeVar

T = TypeVar("T")


class Mailbox(Generic[T]):
    """What waits for ``loop``. ``take`` gets it there, as a list in the order put; ``lost`` if the loop is closed.

    There is no lock: an item is appended before the flag is read, and the flag is cleared before items are taken.
    So an item that finds the flag set is taken by the wake-up that set it.
    """

    __slots__ = ("_items", "_loop", "_lost", "_take", "_woken")

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        take: Callable[[list[T]], None],
        lost: Callable[[list[T]], None] = lambda _: None,
    ) -> None:
        self._loop = loop
        self._take = take
        self._lost = lost
        self._items: deque[T] = deque()
        self._woken = False

    def put(self, item: T) -> None:
        """Add an item; from any thread."""
        self._items.append(item)
        if not self._woken:
            self._wake()

    def add(self, item: T) -> None:
        """Add an item without waking the loop: whoever does must see to a ring()."""
        self._items.append(item)

    def ring(self) -> None:
        """Have ``take`` called soon, even if there is no item; from any thread."""
        if not self._woken:
            self._wake()

    def empty(self) -> None:
        """Take now what has gathered; on the loop."""
        self._woken = False
        self._take(self._gathered())

    def give_up(self) -> None:
        """Call what has gathered lost, and what still comes; after the loop was closed."""
        self._woken = False
        if items := self._gathered():
            self._lost(items)

    def take_back(self) -> list[T]:
        """Return what has gathered, which ``take`` then does not get; from any thread."""
        return self._gathered()

    def is_empty(self) -> bool:
        """Tell whether nothing waits to be taken."""
        return not self._items

    def _wake(self) -> None:
        self._woken = True
        try:
            self._loop.call_soon_threadsafe(self.empty)
        except RuntimeError:  # the loop is closed
            self.give_up()
        except BaseException:  # Ctrl-C in between: the next item must try again
            self._woken = False
            raise

    def _gathered(self) -> list[T]:
        items: list[T] = []
        take = self._items.popleft
        with suppress(IndexError):  # threads may do this at once: by take_back(), or after the loop was closed
            for _ in range(len(self._items)):
                items.append(take())  # noqa: PERF401 - what was taken before the error stays
        return items
