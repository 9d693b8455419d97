"""Retries: which failed runs are repeated, how often, and how long they wait before."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import timedelta
from typing import Any, NamedTuple

from mog.errors import ConfigError, Revoked
from mog.interrupts import Pause, Retry
from mog.validation import shorten

Backoff = Callable[[int], float]
"""Takes how many retries there were with this one, from 1 on, and returns the seconds to wait before it."""

LONGEST_BACKOFF = 3600.0


def exponential(
    first: float = 1.0, *, factor: float = 2.0, longest: float = LONGEST_BACKOFF, jitter: bool = True
) -> Backoff:
    """Wait ``first`` seconds, then ``factor`` times as long each time, up to ``longest``.

    With ``jitter`` each wait is drawn anew between half of that and the whole, so that tasks which failed together do
    not come back together.
    """

    def wait(retry: int) -> float:
        try:
            full = min(longest, first * factor ** (retry - 1))
        except OverflowError:
            full = longest
        return random.uniform(full / 2, full) if jitter else full  # noqa: S311 - spreads load, guards nothing

    return wait


def constant(seconds: float) -> Backoff:
    """Wait as long each time."""
    return lambda _: seconds


DEFAULT_BACKOFF = exponential()


class RetryPolicy(NamedTuple):
    """When a run of a task that failed is followed by another.

    ``retries`` is how often at most; None means never for an error, and any number of times for a raised
    :class:`Retry`. ``on`` are the errors that are worth it. Crashes of a worker are counted apart.
    """

    retries: int | None = None
    backoff: Backoff = DEFAULT_BACKOFF
    on: tuple[type[Exception], ...] = (Exception,)

    def wait(self, error: BaseException, retries: int) -> float | None:
        """Return the seconds until the next run after ``retries`` retries and now ``error``; None for no further run.

        The application's own backoff function may raise.
        """
        asked = isinstance(error, Retry)
        limit = (float("inf") if asked else 0) if self.retries is None else self.retries
        if retries >= limit or not (asked or self._is_worth_it(error)):
            return None
        if isinstance(error, Retry) and error.delay is not None:
            return error.delay
        return max(0.0, float(self.backoff(retries + 1)))

    def _is_worth_it(self, error: BaseException) -> bool:
        return isinstance(error, self.on) and not isinstance(error, Pause | Revoked)


NO_RETRIES = RetryPolicy()


def retry_policy(task_name: str, retries: Any, backoff: Any, retry_on: Any) -> RetryPolicy:
    """Make a policy of a task's options. Raises ConfigError."""
    if retries is not None and (isinstance(retries, bool) or not isinstance(retries, int) or retries < 0):
        raise ConfigError(f"the retries of task {task_name!r} are a whole number from 0 up, not {shorten(retries)}")
    if isinstance(retry_on, type):
        retry_on = (retry_on,)
    kinds = tuple(retry_on)
    if not all(isinstance(kind, type) and issubclass(kind, Exception) for kind in kinds):
        raise ConfigError(f"the retry_on of task {task_name!r} are classes of exceptions, not {shorten(retry_on)}")
    return RetryPolicy(retries, _backoff(task_name, backoff), kinds)


def _backoff(task_name: str, backoff: Any) -> Backoff:
    if backoff is None:
        return DEFAULT_BACKOFF
    if isinstance(backoff, timedelta):
        backoff = backoff.total_seconds()
    if isinstance(backoff, int | float) and not isinstance(backoff, bool) and backoff >= 0:
        return constant(float(backoff))
    if not callable(backoff):
        raise ConfigError(
            f"the backoff of task {task_name!r} is a number of seconds, exponential(…), or a function of the number "
            f"of retries, not {shorten(backoff)}"
        )
    function: Backoff = backoff
    return function
