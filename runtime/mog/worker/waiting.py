"""A task that waits for other tasks needs no slot meanwhile."""

from __future__ import annotations

from types import TracebackType
from typing import TYPE_CHECKING, Self

from mog.engine.records import Waiting

if TYPE_CHECKING:
    from mog.worker.attempt import Attempt
    from mog.worker.worker import Worker


class WaitingForTasks:
    """Entered, perhaps several times at once, while an attempt waits for other tasks.

    From the first entry to the last exit its slot is another task's, and its state is SUSPENDED. When it goes on, it
    does not wait for a slot: the worker then runs more tasks than it has slots until one of them ends. Otherwise
    parents that resume would wait for children of others, and these for slots.
    """

    __slots__ = ("_attempt", "_entered", "_worker")

    def __init__(self, worker: Worker, attempt: Attempt) -> None:
        self._worker, self._attempt = worker, attempt
        self._entered = 0

    @property
    def is_entered(self) -> bool:
        """Whether the attempt waits just now."""
        return self._entered > 0

    def __enter__(self) -> Self:
        self._entered += 1
        if self._entered == 1:
            self._tell(waits=True)
            self._worker.lend_slot()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._entered -= 1
        if self._entered == 0:
            self._worker.take_back_slot()
            self._tell(waits=False)

    def _tell(self, *, waits: bool) -> None:
        delivery = self._attempt.delivery
        self._worker.port.send("results.set_waiting", Waiting(delivery.message.id, delivery.attempt, waits))
