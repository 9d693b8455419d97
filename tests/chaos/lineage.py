"""Who is whose child in a chaos run, told by two witnesses: the store's own log, and the notes of the parents."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Self
from uuid import UUID

from tests.chaos.ledger import Event
from tests.chaos.notes import Note


@dataclass(frozen=True, slots=True)
class Promise:
    """A child as a run of its parent noted it before it was submitted."""

    child: UUID
    wanted: str
    may_be_called_off: bool

    @classmethod
    def read(cls, text: str) -> Self:
        """Read what families.py writes."""
        child, wanted, off = text.split(":")
        return cls(UUID(child), wanted, off == "1")


class Lineage:
    """The children of a run: ``parents`` maps each that the store has taken to its parent.

    ``revoked`` are the tasks that somebody has called off: their children are too, even if they themselves were done.
    ``may_be_refused``: the engine was out of reach at times, so that a child could not be submitted.
    """

    def __init__(
        self,
        events: Iterable[Event],
        notes: Iterable[Note],
        revoked: Collection[UUID],
        *,
        may_be_refused: bool = False,
    ) -> None:
        self.parents: dict[UUID, UUID] = {}
        self._may_be_refused = may_be_refused
        self._revoked = revoked
        self._ends: dict[UUID, tuple[int, Event]] = {}
        self._promises: dict[UUID, Promise] = {}
        self._awaited: Mapping[tuple[UUID, int], list[UUID]] = defaultdict(list)
        for place, event in enumerate(events):
            if event.task is not None and event.kind == "created" and event.parent is not None:
                self.parents[event.task] = event.parent
            elif event.task is not None and event.kind == "ended":
                self._ends[event.task] = place, event
        for note in notes:
            if note.event == "children":
                promises = [Promise.read(text) for text in note.detail.split(",")]
                self._promises.update({promise.child: promise for promise in promises})
                self._awaited[note.task, note.attempt] += [promise.child for promise in promises]

    def lost(self) -> list[UUID]:
        """Return the children that have not ended."""
        return [child for child in self.parents if child not in self._ends]

    def strange(self) -> list[UUID]:
        """Return the children that no run of a parent has noted."""
        return [child for child in self.parents if child not in self._promises]

    def wrong(self) -> list[str]:
        """Tell of the children that ended in a state in which they were not to end."""
        faults = []
        for child in self.parents.keys() & self._ends.keys() & self._promises.keys():
            state = self._ends[child][1].detail
            wanted = self._promises[child].wanted
            if state != wanted and not (
                state == "REVOKED" and (self._may_be_called_off(child) or self._refused(child))
            ):
                faults.append(f"{child} as {state}, not {wanted}")
        return faults

    def early(self) -> list[str]:
        """Tell of the parents whose last run did not wait for a child of its own."""
        faults = []
        for (parent, attempt), children in self._awaited.items():
            place, end = self._ends.get(parent, (0, None))
            if end is None or end.detail == "REVOKED" or end.starts != attempt:
                continue
            for child in children:
                if child not in self._ends or self._ends[child][0] > place:
                    faults.append(f"{parent} before {child}")
        return faults

    def _refused(self, child: UUID) -> bool:
        """Whether its submission was refused after the store had it: it was taken back, and its parent told so."""
        return self._may_be_refused and self._ends[child][1].starts == 0

    def _may_be_called_off(self, task: UUID) -> bool:
        """Whether its parent may have revoked it, or somebody one of those above it."""
        while task in self.parents:
            if self._promises[task].may_be_called_off:
                return True
            task = self.parents[task]
            if task in self._revoked or (task in self._ends and self._ends[task][1].detail == "REVOKED"):
                return True
        return False
