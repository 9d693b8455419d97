"""How many tasks a worker may have at a time: those that run, and those that wait for others."""

from __future__ import annotations

import logging

from mog.errors import ConfigError

log = logging.getLogger("mog.worker")


class Slots:
    """``concurrency`` slots for tasks that run; one that waits for others lends its own, up to ``maximum`` in all.

    Raises ConfigError where the maximum is less than the concurrency.
    """

    def __init__(self, concurrency: int, maximum: int | None) -> None:
        if maximum is not None and maximum < concurrency:
            raise ConfigError(f"maximum_concurrency ({maximum}) is less than concurrency ({concurrency})")
        self.concurrency = concurrency
        self._maximum = maximum
        self._waiting = 0
        self._warned = False

    def lend(self) -> int:
        """Return how many more tasks there may be, 1 or 0, when one begins to wait for others."""
        self._waiting += 1
        if self._waiting == self._maximum and not self._warned:
            self._warned = True
            log.warning(
                "all tasks of this worker wait for others, and maximum_concurrency (%d) lets it run none of these; "
                "raise it, or give children a queue and a worker of their own",
                self._maximum,
            )
        return self._is_within_maximum()

    def take_back(self) -> int:
        """Return how many tasks less there may be, 1 or 0, when one goes on."""
        less = self._is_within_maximum()
        self._waiting -= 1
        return less

    def _is_within_maximum(self) -> int:
        return int(self._maximum is None or self.concurrency + self._waiting <= self._maximum)
