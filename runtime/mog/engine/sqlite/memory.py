"""Neighbours of an engine in memory: other engines of the same process that share its database."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Any

from mog.engine.sqlite.database import MemoryDatabase
from mog.engine.sqlite.neighbours import Bells, Heard, Neighbours
from mog.engine.sqlite.owners import DeadOwner


class Room:
    """A database in memory and the engines that are open on it, by their number."""

    def __init__(self, database: MemoryDatabase) -> None:
        self.database = database
        self.present: dict[int, MemoryNeighbours] = {}


class MemoryNeighbours(Neighbours):
    """Engines in one process; each is called on its own loop. An engine whose loop is closed is dead."""

    def __init__(self, room: Room) -> None:
        self._room = room

    def attach(self, on_ready: Callable[[], None], on_finished: Heard, on_ended: Heard) -> None:
        """See :meth:`Neighbours.attach`."""
        super().attach(on_ready, on_finished, on_ended)
        self._room.present[self.owner] = self

    def join(self, *, consumes: bool, waits: bool) -> Bells:
        """See :meth:`Neighbours.join`."""
        return ("memory" if consumes else None), ("memory" if waits else None), ("memory" if consumes else None)

    def listen(self, listening: bool) -> None:
        """Rings within a process cost too little to be turned off."""

    def ring(self, row: Sequence[Any], *, ready: bool, finished: Sequence[bytes], ended: Sequence[bytes]) -> bool:
        """See :meth:`Neighbours.ring`."""
        other = self._room.present.get(row[0])
        if other is None:
            return False
        try:
            if ready and row[1] is not None:
                other._loop.call_soon_threadsafe(other._on_ready)
            if finished and row[2] is not None:
                other._loop.call_soon_threadsafe(other._on_finished, list(finished))
            if ended:
                other._loop.call_soon_threadsafe(other._on_ended, list(ended))
        except RuntimeError:  # its loop was closed
            return False
        return True

    def find_dead(self, owner: int) -> DeadOwner | None:
        """See :meth:`Neighbours.find_dead`."""
        other = self._room.present.get(owner)
        if other is not None and not other._loop.is_closed():
            return None
        self._room.present.pop(owner, None)
        return DeadOwner(None, None)

    def clear_up(self, row: Sequence[Any]) -> None:
        """See :meth:`Neighbours.clear_up`."""

    def clear_up_strays(self, known: Collection[int]) -> None:
        """See :meth:`Neighbours.clear_up_strays`; here nothing is left."""

    def leave(self) -> None:
        """See :meth:`Neighbours.leave`."""
        self._room.present.pop(self.owner, None)

    def abandon(self) -> None:
        """See :meth:`Neighbours.abandon`."""
        self.leave()
