"""The attempts that this process runs, and the messages by which RabbitMQ knows of them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from mog.engine.distributed.held import Held
from mog.engine.redis.answers import Arrival


@dataclass(slots=True, eq=False)
class Run:
    """An attempt under way.

    ``held`` is None once its message is acknowledged, or was lost with its connection. ``waits``: it waits for other
    tasks, and has no slot.
    """

    arrival: Arrival
    attempt: int
    held: Held | None
    waits: bool = False

    @property
    def id(self) -> UUID:
        """The task's id."""
        return self.arrival.id

    def is_older(self, since: float) -> bool:
        """Tell whether its message is held and came before that time of the loop."""
        return self.held is not None and self.held.since < since


class Running:
    """Runs by the ids of their tasks."""

    def __init__(self) -> None:
        self._runs: dict[UUID, Run] = {}

    def __len__(self) -> int:
        return len(self._runs)

    def __contains__(self, task_id: object) -> bool:
        return task_id in self._runs

    def begin(self, run: Run) -> None:
        """Add a run; it takes the place of an earlier one of its task."""
        self._runs[run.id] = run

    def find(self, task_id: UUID, attempt: int) -> Run | None:
        """Return the run of this attempt, if it is one of this process's."""
        run = self._runs.get(task_id)
        return run if run is not None and run.attempt == attempt else None

    def end(self, runs: Iterable[Run]) -> list[Run]:
        """Remove runs, and return those that were there: an answer that comes late does not end the task's next run."""
        ended = []
        for run in runs:
            if self._runs.get(run.id) is run:
                del self._runs[run.id]
                ended.append(run)
        return ended

    def of(self, ids: Iterable[UUID]) -> list[Run]:
        """Return what runs of these tasks."""
        return [run for id_ in ids if (run := self._runs.get(id_)) is not None]

    def all(self) -> list[Run]:
        """Return all runs."""
        return list(self._runs.values())

    def slots(self) -> int:
        """Count the runs that have a slot."""
        return sum(not run.waits for run in self._runs.values())

    def lose_messages(self) -> None:
        """Forget the messages: RabbitMQ has taken them back, and delivers them again."""
        for run in self._runs.values():
            run.held = None
