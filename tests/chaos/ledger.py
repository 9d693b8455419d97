"""What happens to the tasks of a store, as the store itself tells it: the oracle's chief witness."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias
from uuid import UUID

Owner: TypeAlias = int | str
"""One life of one process."""


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened, of this ``kind``:

    ======== ===========================================================================================
    created  a task was stored
    claimed  a process began an attempt, or is about to
    stolen   the same, though another held the task
    freed    an attempt is its owner's no longer; ``starts`` and ``stops`` are what was added to the counts
    kept     a freed attempt is its owner's again: nobody had begun another
    ended    the task has a terminal state, ``detail``
    rewritten, forgotten  what had a terminal state was written again, or is gone
    joined   a process takes part; ``detail`` is its process id
    ======== ===========================================================================================

    ``created`` and ``ended`` tell of the task's parent, if it has one.
    """

    at: float
    kind: str
    key: int | None
    task: UUID | None
    owner: Owner | None
    starts: int | None
    stops: int | None
    detail: str | None
    parent: UUID | None = None

    @property
    def is_crash(self) -> bool:
        """Whether a claim was freed for its owner: neither put back (a stop) nor handed back unbegun (a refund)."""
        return self.kind == "freed" and not self.starts and not self.stops


class Ledger(ABC):
    """The log of one store, and a look at the store beside it; reads alone."""

    @abstractmethod
    def ended(self) -> int:
        """Count the tasks that have ended, children apart."""

    @abstractmethod
    def unfinished(self) -> int:
        """Count the tasks that have not ended."""

    def owed(self) -> int:
        """Count the messages that are to be sent, or of which it is not noted yet that they were."""
        return 0

    @abstractmethod
    def consuming(self) -> dict[int, Owner]:
        """Return the owners of processes that consume, by process id."""

    @abstractmethod
    def events(self) -> Iterator[Event]:
        """Return all that happened, in order."""

    @abstractmethod
    def left(self) -> dict[str, int]:
        """Count what must be gone when all tasks are done and all processes have ended."""

    @abstractmethod
    def integrity(self) -> str:
        """Return what a check of the store says: ``ok``."""

    @abstractmethod
    def close(self) -> None:
        """Let go of the store."""
