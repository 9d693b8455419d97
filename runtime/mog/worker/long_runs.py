"""Tells of runs that take long, once each: while they are under way, and before anybody wonders."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING
from uuid import UUID

from mog.config import AppConfig

if TYPE_CHECKING:
    from mog.worker.attempt import Attempt

log = logging.getLogger("mog.worker")


def long_after(config: AppConfig) -> float | None:
    """Return after how many seconds a run is long: as it is set, else after half of what RabbitMQ has patience for."""
    if config.guard.long_task is None and config.broker.startswith("amqp"):
        return config.consumer_timeout / 2
    return config.guard.long_task


class LongRuns:
    """Looks at the runs of a worker, which stand in the order of their begin; on its loop."""

    def __init__(
        self,
        attempts: Mapping[UUID, Attempt],
        after: float | None,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._attempts = attempts
        self._after = after
        self._clock = clock
        self._told: set[UUID] = set()

    def look(self) -> None:
        """Warn of those that have become long. What waits for other tasks is not under way, and takes its time."""
        if self._after is None:
            return
        self._told &= self._attempts.keys()
        begun_before = self._clock() - self._after
        for task_id, attempt in self._attempts.items():
            if attempt.started > begun_before:
                return
            if attempt.started and task_id not in self._told and not attempt.waits:
                self._told.add(task_id)
                log.warning(
                    "task %s[%s] has been running for %.0f s: split it into children or use context.checkpointed",
                    attempt.name,
                    task_id,
                    self._clock() - attempt.started,
                )
