"""The other processes at the same store: how to wake them, and which of them are dead."""

from __future__ import annotations

import asyncio
import contextlib
import os
import stat
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from typing import Any

from mog.engine.sqlite.doorbells import BellTower, Ringer
from mog.engine.sqlite.owners import DeadOwner, OwnerLock, find_dead, new_owner, remove_strays
from mog.errors import EngineUnavailable

Heard = Callable[[Sequence[bytes]], None]
"""Takes ids of tasks that are done; an empty sequence says: look at all that you wait for."""

Bells = tuple[str | None, str | None, str | None]
"""Where a process's ready, finished and ended bells hang, for the table ``process``."""

NO_BELLS: Bells = (None, None, None)

_DEBT_DELAY = 0.007
"""Seconds until a ring that found a full queue is sent again."""


class Neighbours(ABC):
    """What an engine knows of the others, and lets them know of itself.

    ``owner`` is this engine's number in the store, a new one each time it is opened. Rows are those of the query
    ``processes``.
    """

    owner: int
    present = True
    """Whether this engine's lock is held, so that others can see that it lives."""

    def attach(self, on_ready: Callable[[], None], on_finished: Heard, on_ended: Heard) -> None:
        """Begin, with a new number; others' rings are handed to these, on the loop that runs."""
        self.owner = new_owner()
        self._loop = asyncio.get_running_loop()
        self._on_ready, self._on_finished, self._on_ended = on_ready, on_finished, on_ended

    @abstractmethod
    def join(self, *, consumes: bool, waits: bool) -> Bells:
        """Show that this engine lives, and hang its bells; again, if someone has removed them."""

    @abstractmethod
    def listen(self, listening: bool) -> None:
        """Begin or end to hear that messages are ready."""

    @abstractmethod
    def ring(self, row: Sequence[Any], *, ready: bool, finished: Sequence[bytes], ended: Sequence[bytes]) -> bool:
        """Tell the process of ``row``; False if it does not answer its bell."""

    @abstractmethod
    def find_dead(self, owner: int) -> DeadOwner | None:
        """Return the lock of a dead owner, None if it lives."""

    @abstractmethod
    def clear_up(self, row: Sequence[Any]) -> None:
        """Remove what a dead process has left lying about."""

    @abstractmethod
    def clear_up_strays(self, known: Collection[int]) -> None:
        """Remove what is left of processes that the store does not know any more."""

    @abstractmethod
    def leave(self) -> None:
        """Let go of all; what is still owned becomes void."""

    @abstractmethod
    def abandon(self) -> None:
        """Let go at once; in a forked child the parent keeps its locks and bells."""


class FileNeighbours(Neighbours):
    """Neighbours at a database file: owner files beside it, doorbells below the temp directory."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._lock: OwnerLock | None = None
        self._tower: BellTower | None = None
        self._ringer: Ringer | None = None
        self._debt: asyncio.TimerHandle | None = None
        self._listening = False

    @property
    def present(self) -> bool:  # type: ignore[override] # for others it never changes
        """See :attr:`Neighbours.present`."""
        return self._lock is not None

    def attach(self, on_ready: Callable[[], None], on_finished: Heard, on_ended: Heard) -> None:
        """See :meth:`Neighbours.attach`."""
        super().attach(on_ready, on_finished, on_ended)
        self._process = os.getpid()
        self._ringer = Ringer()

    def join(self, *, consumes: bool, waits: bool) -> Bells:
        """See :meth:`Neighbours.join`."""
        try:
            self._make_lock()
            self._make_bells(consumes=consumes, waits=waits)
        except OSError as error:
            raise EngineUnavailable(f"cannot make the files by which processes find each other ({error})") from error
        assert self._tower is not None
        ready, finished, ended = (str(bell.path) if bell is not None else None for bell in self._tower.bells)
        return ready, finished, ended

    def _make_lock(self) -> None:
        if self._lock is not None and not self._lock.path.exists():
            self._lock.abandon()
            self._lock = None
        self._lock = self._lock or OwnerLock(self._directory, self.owner)

    def _make_bells(self, *, consumes: bool, waits: bool) -> None:
        if self._tower is not None and not self._tower.stands():
            self._take_down()
        self._tower = self._tower or BellTower()
        if consumes and self._tower.ready is None:
            self._tower.hang_ready()
            self._loop.add_reader(self._tower.hang_ended().socket, self._hear_ended)
        if waits and self._tower.finished is None:
            self._loop.add_reader(self._tower.hang_finished().socket, self._hear_finished)

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
        elif rings:
            self._on_finished([ring[at : at + 16] for ring in rings for at in range(0, len(ring), 16)])

    def _hear_ended(self) -> None:
        assert self._tower is not None
        assert self._tower.ended is not None
        rings = self._tower.ended.heard()
        self._on_ended([ring[at : at + 16] for ring in rings for at in range(0, len(ring), 16)])

    def ring(self, row: Sequence[Any], *, ready: bool, finished: Sequence[bytes], ended: Sequence[bytes]) -> bool:
        """See :meth:`Neighbours.ring`."""
        _owner, ready_bell, finished_bell, ended_bell = row
        if self._ringer is None:
            return True
        answered = True
        if ready and ready_bell is not None:
            answered = self._ringer.ready(ready_bell)
        if finished and finished_bell is not None:
            answered = self._ringer.finished(finished_bell, finished) and answered
        if ended and ended_bell is not None:
            answered = self._ringer.finished(ended_bell, ended) and answered
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

    def clear_up(self, row: Sequence[Any]) -> None:
        """See :meth:`Neighbours.clear_up`. Nothing but sockets and empty directories is removed."""
        for bell in (Path(name) for name in row[1:] if name is not None):
            with contextlib.suppress(OSError):
                if stat.S_ISSOCK(bell.lstat().st_mode):
                    bell.unlink()
                    bell.parent.rmdir()

    def clear_up_strays(self, known: Collection[int]) -> None:
        """See :meth:`Neighbours.clear_up_strays`."""
        remove_strays(self._directory, known)

    def leave(self) -> None:
        """See :meth:`Neighbours.leave`."""
        self._take_down()
        self._forget()
        if self._lock is not None:
            self._lock.release()
            self._lock = None

    def _take_down(self) -> None:
        """Remove the bells."""
        self.listen(False)
        if self._tower is not None:
            for bell in (self._tower.finished, self._tower.ended):
                if bell is not None:
                    self._loop.remove_reader(bell.socket)
            self._tower.close()
        self._tower = None

    def abandon(self) -> None:
        """See :meth:`Neighbours.abandon`.

        A child shares the loop's selector with its parent: a reader that is taken off here would be taken off there.
        """
        if self._process == os.getpid() and not self._loop.is_closed():
            self._take_down()
        elif self._tower is not None:
            self._tower.abandon()
            self._tower = None
        self._listening = False
        self._forget()
        if self._lock is not None:
            self._lock.abandon()
            self._lock = None

    def _forget(self) -> None:
        if self._debt is not None:
            self._debt.cancel()
            self._debt = None
        if self._ringer is not None:
            self._ringer.close()
            self._ringer = None
