"""What a worker tells an observer, such as the command's screen; called on the worker's loop, in order."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple
from uuid import UUID

from mog.states import ResultState


class WorkerStarted(NamedTuple):
    """The worker consumes these queues (short names) with this many slots."""

    queues: tuple[str, ...]
    concurrency: int


class WorkerStopping(NamedTuple):
    """The worker claims nothing more; so many tasks still run. ``grace`` is how long they may, in seconds."""

    running: int
    grace: float


class TaskStarted(NamedTuple):
    """A run of a task begins."""

    id: UUID
    name: str
    attempt: int


class TaskEnded(NamedTuple):
    """A run ended, after ``duration`` seconds: in a terminal state, or put back (SUSPENDED).

    ``error`` is one line about what it failed with, ``delay`` the seconds until a suspended task may go on.
    """

    id: UUID
    name: str
    state: ResultState
    duration: float
    attempt: int
    error: str | None = None
    delay: float | None = None


Event = WorkerStarted | WorkerStopping | TaskStarted | TaskEnded
Observer = Callable[[Event], None]
