"""What a task raises to be put back instead of finished.

They are plain exceptions and no MogErrors: an application's ``except MogError`` must not swallow them.
"""

from __future__ import annotations

from datetime import timedelta


class _PutBack(Exception):
    """What Pause and Retry share: a delay."""

    def __init__(self, delay: float | timedelta | None = None) -> None:
        super().__init__(delay)
        self.delay = delay.total_seconds() if isinstance(delay, timedelta) else delay
        if self.delay is not None and not 0 <= self.delay < float("inf"):
            raise ValueError(f"a {type(self).__name__}'s delay is a number of seconds from 0 up, not {delay!r}")


class Pause(_PutBack):
    """Put this task's message back and run the task again later, from its start, with its State kept.

    ``delay`` is the time until then, in seconds or as a timedelta; None means as soon as a worker is free.
    """


class Retry(_PutBack):
    """Run this task again, from its start, because this run did not bring what it should.

    Counts as a retry. ``delay`` is the time until then, in seconds or as a timedelta; None means what the task's
    ``backoff`` says.
    """


def interruption(error: BaseException) -> Pause | Retry | None:
    """Return what ``error`` asks for: itself, or for a group in which all leaves ask, the one that waits longest.

    A group with a Retry among its leaves asks for a Retry.
    """
    if isinstance(error, Pause | Retry):
        return error
    if not isinstance(error, BaseExceptionGroup):
        return None
    asked = [interruption(leaf) for leaf in error.exceptions]
    leaves = [leaf for leaf in asked if leaf is not None]
    if len(leaves) < len(asked):
        return None
    return max(leaves, key=lambda leaf: (isinstance(leaf, Retry), leaf.delay or 0.0))
