"""What worker processes count, and its text for Prometheus.

A process counts its own tasks in a :class:`Tally`, which costs a few dictionary look-ups per task and needs no package.
Whoever serves ``/metrics`` adds the tallies up, those of processes that have ended among them, so that counters never
fall when a process is replaced; prometheus-client (the extra ``metrics``) writes the text then.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self

from mog.engine.records import QueueDepth
from mog.errors import ConfigError

if TYPE_CHECKING:
    from mog.worker.vitals import Report

BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 1800.0)
"""Upper bounds in seconds of the durations' histogram: from a quick query to a batch of half an hour."""

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
"""Prometheus' text format, which every scraper reads."""

MISSING = "/metrics needs prometheus-client, which is not installed: pip install 'mogkit[metrics]'"


@dataclass(slots=True)
class Tally:
    """Runs of tasks that have ended.

    ``ended`` counts them by task and state. ``durations`` holds for each task the sum of the seconds, then how many
    runs fell into each of BUCKETS, and last how many took longer.
    """

    ended: dict[str, dict[str, int]] = field(default_factory=dict)
    durations: dict[str, list[float]] = field(default_factory=dict)

    def count(self, task: str, state: str, seconds: float) -> None:
        """Count one run."""
        states = self.ended.setdefault(task, {})
        states[state] = states.get(state, 0) + 1
        durations = self.durations.get(task)
        if durations is None:
            durations = self.durations[task] = [0.0] * (len(BUCKETS) + 2)
        durations[0] += seconds
        durations[1 + bisect_left(BUCKETS, seconds)] += 1

    def copy(self) -> Tally:
        """Return what is counted by now; from any thread."""
        return Tally(
            {task: dict(states) for task, states in list(self.ended.items())},
            {task: list(durations) for task, durations in list(self.durations.items())},
        )

    def __iadd__(self, other: Tally) -> Self:
        for task, states in other.ended.items():
            own = self.ended.setdefault(task, {})
            for state, count in states.items():
                own[state] = own.get(state, 0) + count
        for task, durations in other.durations.items():
            before = self.durations.get(task, [0.0] * len(durations))
            self.durations[task] = [a + b for a, b in zip(before, durations, strict=True)]
        return self


@dataclass(slots=True)
class Figures:
    """All that ``/metrics`` tells: ``reports`` by the number of their process, from 1."""

    app: str
    tally: Tally
    reports: Mapping[int, Report]
    restarts: int = 0
    depths: Iterable[QueueDepth] = ()


def exposition(figures: Figures) -> bytes:
    """Return the figures in Prometheus' text format. Raises ConfigError if prometheus-client is not there."""
    try:
        from mog.worker import prometheus  # noqa: PLC0415 - its package is an extra, and takes 0.1 s to import
    except ModuleNotFoundError:
        raise ConfigError(MISSING) from None
    return prometheus.text_of(figures)
