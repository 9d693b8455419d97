"""How attempts end: what is stored of it, and what is told."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from mog.config import AppConfig
from mog.engine.records import Delivery, Outcome, Requeue, StoredValue
from mog.states import ResultState
from mog.values import encode_error, encode_value

REPEATED_PAUSE = 0.1
"""Seconds that a task waits at least which pauses without a delay again: else it would spin through its queue."""


class Ending(NamedTuple):
    """The end of one attempt. ``stored`` is None where others have ended the task already.

    ``error`` is what it failed with, ``delay`` the seconds until a task that was put back may go on.
    """

    state: ResultState
    stored: Outcome | Requeue | None
    error: BaseException | None = None
    delay: float | None = None


class Endings:
    """Makes the ending of one delivery's attempt."""

    __slots__ = ("_clock", "_config", "_delivery")

    def __init__(self, delivery: Delivery, config: AppConfig, clock: Callable[[], float]) -> None:
        self._delivery, self._config, self._clock = delivery, config, clock

    def succeeded(self, value: object) -> Ending:
        """End with a value. Raises InvalidReturnValue and PayloadTooLarge."""
        stored = encode_value(value, self._config.max_message_size)
        return Ending(ResultState.SUCCESS, self._outcome(ResultState.SUCCESS, stored))

    def failed(
        self, error: BaseException, state: ResultState = ResultState.FAILURE, *, dead: str | None = None
    ) -> Ending:
        """End with an error; with ``dead``, the reason, the message goes to the dead letters."""
        stored = encode_error(error, self._config.max_message_size, mognet=self._config.mognet_interop)
        return Ending(state, self._outcome(state, stored, dead), error)

    def paused(self, delay: float | None) -> Ending:
        """Put the task back because it asked for it."""
        delivery = self._delivery
        paused_before = delivery.attempt - delivery.crashes - delivery.retries > 1
        return self._put_back(max(delay or 0.0, REPEATED_PAUSE if paused_before else 0.0))

    def retried(self, delay: float, error: BaseException) -> Ending:
        """Put the task back because this run failed, and another may not."""
        return self._put_back(delay, error)

    def handed_back(self) -> Ending:
        """Put a task back that the worker has cancelled because it stops."""
        return self._put_back(0.0)

    def parked(self, delay: float) -> Ending:
        """Put a task back as if it had not been delivered."""
        requeue = Requeue(self._delivery.message.id, self._delivery.attempt, self._clock() + delay, refund=True)
        return Ending(ResultState.SUSPENDED, requeue, None, delay)

    def ended_elsewhere(self) -> Ending:
        """End the attempt of a task that was revoked, or otherwise ended, by others."""
        return Ending(ResultState.REVOKED, None)

    def _put_back(self, delay: float, error: BaseException | None = None) -> Ending:
        due = self._clock() + delay if delay else None
        requeue = Requeue(self._delivery.message.id, self._delivery.attempt, due, retry=error is not None)
        return Ending(ResultState.SUSPENDED, requeue, error, delay)

    def _outcome(self, state: ResultState, value: StoredValue, dead: str | None = None) -> Outcome:
        delivery, config = self._delivery, self._config
        return Outcome(
            delivery.message.id, delivery.attempt, state, value, config.result_ttl, config.result_value_ttl, dead
        )


def one_line(error: BaseException) -> str:
    """Return an error's class and text in one line."""
    try:
        text = " ".join(str(error).split())
    except Exception:  # noqa: BLE001 - a broken __str__ must not hide the error
        text = "(its text cannot be read)"
    return f"{type(error).__name__}: {text}" if text else type(error).__name__
