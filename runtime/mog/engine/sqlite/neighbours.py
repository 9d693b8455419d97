"""The other processes at the same store: which there are, how to wake them, which of them are dead."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from mog.engine.sqlite.doorbells import BellTower, Ringer
from mog.engine.sqlite.owners import DeadOwner, OwnerLock, find_dead, new_owner
from mog.errors import EngineUnavailable

Heard = Callable[[Sequence[bytes]], None]
"""Takes ids of tasks that are done; an empty sequence says: look at all that you wait for."""

_DEBT_DELAY = 0.007
"""Seconds until a ring that found a full queue is sent again."""


class Neighbours(ABC):
    """What an engine knows of the others, and lets them know of itself.

    ``owner`` is this engine's number in the store. Rows are those of the table ``process``.
    """

    def __init__(self) -> None:
        self.owner = new_owner()

    @abstractmethod
    def attach(self, on_ready: Callable[[], None], on_finished: Heard) -> None:
        """Set who is called when others ring, on the loop that runs."""

    @abstractmethod
    def join(self, *, consumes: bool, waits: bool) -> tuple[str | None, str | None]:
        """Show that this engine lives; return its ready and finished bells, for the table ``process``."""

    @abstractmethod
    def listen(self, listening: bool) -> None:
        """Begin or end to hear that messages are ready."""

    @abstractmethod
    def ring(self, row: Sequence[Any], *, ready: bool, finished: Sequence[bytes]) -> bool:
        """Tell the process of ``row``; False if it does not answer its bell."""

    @abstractmethod
    def find_dead(self, owner: int) -> DeadOwner | None:
        """Return the lock of a dead owner, None if it lives."""

    @abstractmethod
    def leave(self) -> None:
        """Let go of all; what is still owned becomes void."""

    @abstractmethod
    def abandon(self) -> None:
        """Let go in a forked child; the parent keeps its locks and bells."""


class FileNeighbours(Neighbours):
    """Neighbours at a database file: owner files beside it, doorbells below the temp directory."""

    def __init__(self, directory: Path) -> None:
        super().__init__()
        self._directory = directory
        self._lock: OwnerLock | None = None
        self._tower: BellTower | None = None
        self._ringer: Ringer | None = None
        self._debt: asyncio.TimerHandle | None = None
        self._listening = False

    def attach(self, on_ready: Callable[[], None], on_finished: Heard) -> None:
        """See :meth:`Neighbours.attach`."""
        self._loop = asyncio.get_running_loop()
        self._on_ready, self._on_finished = on_ready, on_finished
        self._ringer = Ringer()

    def join(self, *, consumes: bool, waits: bool) -> tuple[str | None, str | None]:
        """See :meth:`Neighbours.join`."""
        try:
            self._lock = self._lock or OwnerLock(self._directory, self.owner)
            self._tower = self._tower or BellTower()
            if consumes:
                self._tower.hang_ready()
            if waits and self._tower.finished is None:
                self._loop.add_reader(self._tower.hang_finished().socket, self._hear_finished)
        except OSError as error:
            raise EngineUnavailable(f"cannot make the files by which processes find each other ({error})") from error
        ready, finished = self._tower.ready, self._tower.finished
        return str(ready.path) if ready else None, str(finished.path) if finished else None

    def listen(self, listening: bool) -> None:
        """See :meth:`Neighbours.listen`."""
        if listening == self._listening or self._tower is None or self._tower.ready is None:
            return
        self._listening = listening
        if listening:
            self._loop.add_reader(self._tower.ready.socket, self._hear_ready)
        else:
            self._loop.remove_reader(self._tower.ready.socket)

    def _hear_ready(self) -> None:
        assert self._tower is not None
        assert self._tower.ready is not None
        self._tower.ready.heard()
        self._on_ready()

    def _hear_finished(self) -> None:
        assert self._tower is not None
        assert self._tower.finished is not None
        rings = self._tower.finished.heard()
        if not all(rings):
            self._on_finished(())
        else:
            self._on_finished([ring[at : at + 16] for ring in rings for at in range(0, len(ring), 16)])

    def ring(self, row: Sequence[Any], *, ready: bool, finished: Sequence[bytes]) -> bool:
        """See :meth:`Neighbours.ring`."""
        _owner, ready_bell, finished_bell = row
        assert self._ringer is not None
        answered = True
        if ready and ready_bell is not None:
            answered = self._ringer.ready(ready_bell)
        if finished and finished_bell is not None:
            answered = self._ringer.finished(finished_bell, finished) and answered
        self._arrange_debts()
        return answered

    def _arrange_debts(self) -> None:
        if self._ringer is not None and self._ringer.owes and self._debt is None:
            self._debt = self._loop.call_later(_DEBT_DELAY, self._settle_debts)

    def _settle_debts(self) -> None:
        self._debt = None
        if self._ringer is not None:
            self._ringer.settle_debts()
            self._arrange_debts()

    def find_dead(self, owner: int) -> DeadOwner | None:
        """See :meth:`Neighbours.find_dead`."""
        return find_dead(self._directory, owner)

    def leave(self) -> None:
        """See :meth:`Neighbours.leave`."""
        self.listen(False)
        if self._tower is not None and self._tower.finished is not None:
            self._loop.remove_reader(self._tower.finished.socket)
        if self._debt is not None:
            self._debt.cancel()
        if self._lock is not None:
            self._lock.release()
        if self._tower is not None:
            self._tower.close()
        self._forget()

    def abandon(self) -> None:
        """See :meth:`Neighbours.abandon`."""
        # The loop's selector is shared with the parent: taking a reader off it here would take it off there.
        if self._lock is not None:
            self._lock.abandon()
        if self._tower is not None:
            self._tower.abandon()
        self._forget()

    def _forget(self) -> None:
        if self._ringer is not None:
            self._ringer.close()
        self._lock = self._tower = self._ringer = self._debt = None
