"""Which task's code runs: known to the code itself, and to who looks at it from another thread."""

from __future__ import annotations

from contextvars import ContextVar
from typing import NamedTuple
from uuid import UUID


class Run(NamedTuple):
    """A run of a task, by its id and name."""

    id: UUID
    name: str


current_run: ContextVar[Run | None] = ContextVar("mog_run", default=None)
"""The task whose code runs here; so it is in whatever the task starts on the loop."""
