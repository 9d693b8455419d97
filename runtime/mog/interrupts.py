"""What a task raises to be put back instead of finished.

They are plain exceptions and no MogErrors: an application's ``except MogError`` must not swallow them.
"""

from __future__ import annotations

from datetime import timedelta


class Pause(Exception):
    """Put this task's message back and run the task again later, from its start, with its State kept.

    ``delay`` is the time until then, in seconds or as a timedelta; None means as soon as a worker is free.
    """

    def __init__(self, delay: float | timedelta | None = None) -> None:
        super().__init__(delay)
        self.delay = delay.total_seconds() if isinstance(delay, timedelta) else delay
        if self.delay is not None and not 0 <= self.delay < float("inf"):
            raise ValueError(f"a Pause's delay is a number of seconds from 0 up, not {delay!r}")


def is_pause(error: BaseException) -> bool:
    """Tell whether ``error`` is a Pause, or a group in which every leaf is one."""
    if isinstance(error, BaseExceptionGroup):
        return all(is_pause(leaf) for leaf in error.exceptions)
    return isinstance(error, Pause)


def pause_delay(error: BaseException) -> float | None:
    """Return the delay that ``error``, for which :func:`is_pause` holds, asks for: in a group, the longest."""
    if isinstance(error, BaseExceptionGroup):
        delays = [delay for leaf in error.exceptions if (delay := pause_delay(leaf)) is not None]
        return max(delays, default=None)
    assert isinstance(error, Pause)
    return error.delay
