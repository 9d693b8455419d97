"""The states of a task, with Mognet's names and meaning."""

from __future__ import annotations

from enum import StrEnum


class ResultState(StrEnum):
    """Where a task is in its life; the last four are terminal: no task ever leaves them."""

    PENDING = "PENDING"
    """Submitted; waits in a queue, or for its due time."""
    RUNNING = "RUNNING"
    """A worker runs it."""
    SUSPENDED = "SUSPENDED"
    """Put back: paused, handed back by a worker that stops, or waiting for its children."""
    SUCCESS = "SUCCESS"
    """Returned a value."""
    FAILURE = "FAILURE"
    """Raised an exception, or was restarted after crashes more often than allowed."""
    REVOKED = "REVOKED"
    """Called off, or past its deadline."""
    INVALID = "INVALID"
    """Unknown to the workers, or called with arguments that do not fit."""


SUCCESS_STATES = frozenset({ResultState.SUCCESS})
ERROR_STATES = frozenset({ResultState.FAILURE, ResultState.REVOKED, ResultState.INVALID})
TERMINAL_STATES = SUCCESS_STATES | ERROR_STATES
