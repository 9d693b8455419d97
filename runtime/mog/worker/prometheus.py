"""Figures as Prometheus' text; prometheus-client writes it, and is imported by this alone."""

from __future__ import annotations

import platform
from collections.abc import Iterable, Iterator
from importlib.metadata import version

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    InfoMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

from mog.engine.records import QueueDepth
from mog.worker.metrics import BUCKETS, Figures, Tally


class _Collected(Collector):
    def __init__(self, figures: Figures) -> None:
        self._figures = figures

    def collect(self) -> Iterable[Metric]:
        yield from _of_tasks(self._figures.tally)
        yield from _of_processes(self._figures)
        yield from _of_queues(self._figures.depths)


def text_of(figures: Figures) -> bytes:
    """Return all figures in text format 0.0.4."""
    registry = CollectorRegistry()
    registry.register(_Collected(figures))
    return generate_latest(registry)


def _of_tasks(tally: Tally) -> Iterator[Metric]:
    ended = CounterMetricFamily("mog_tasks_ended", "Runs of tasks that have ended.", labels=["task", "state"])
    for task, states in sorted(tally.ended.items()):
        for state, count in sorted(states.items()):
            ended.add_metric([task, state], count)
    yield ended
    durations = HistogramMetricFamily("mog_task_duration_seconds", "How long runs of tasks took.", labels=["task"])
    for task, (total, *counts) in sorted(tally.durations.items()):
        durations.add_metric([task], list(_cumulated(counts)), total)
    yield durations


def _cumulated(counts: Iterable[float]) -> Iterator[tuple[str, float]]:
    total = 0.0
    for bound, count in zip((*map(str, BUCKETS), "+Inf"), counts, strict=True):
        total += count
        yield bound, total


def _of_processes(figures: Figures) -> Iterator[Metric]:
    about = {"app": figures.app, "version": version("mogkit"), "python": platform.python_version()}
    yield InfoMetricFamily("mog", "What runs here.", about)
    yield CounterMetricFamily("mog_process_restarts", "Worker processes that died.", figures.restarts)
    running = sum(report.running for report in figures.reports.values())
    yield GaugeMetricFamily("mog_tasks_running", "Tasks that run.", running)
    gauges = (
        ("mog_process_ready", "Whether the process takes tasks.", lambda report: report.problem is None),
        ("mog_event_loop_lag_seconds", "How late the loop of the tasks is.", lambda report: report.lag),
        ("mog_process_resident_memory_bytes", "Memory of the process.", lambda report: report.memory),
        ("mog_process_start_time_seconds", "When the process began, POSIX time.", lambda report: report.started),
    )
    counters = (
        ("mog_event_loop_blocked_seconds", "How long tasks have blocked their loop.", lambda report: report.blocked),
        ("mog_process_cpu_seconds", "Processor time of the process.", lambda report: report.cpu),
    )
    for family, columns in ((GaugeMetricFamily, gauges), (CounterMetricFamily, counters)):
        for name, text, value in columns:
            metric = family(name, text, labels=["process"])
            for number, report in sorted(figures.reports.items()):
                metric.add_metric([str(number)], float(value(report)))
            yield metric


def _of_queues(depths: Iterable[QueueDepth]) -> Iterator[Metric]:
    gauge = GaugeMetricFamily("mog_queue_tasks", "Tasks in a queue, whichever worker's.", labels=["queue", "state"])
    for depth in depths:
        for state, count in (("ready", depth.ready), ("delayed", depth.delayed), ("running", depth.running)):
            gauge.add_metric([depth.name, state], count)
    yield gauge
