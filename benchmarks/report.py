"""From the figures of many rounds to tables: medians, spreads, and ratios between systems of the same round."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

QUIET = 0.3
"""Cores that others may use before a measurement counts as disturbed."""


@dataclass(frozen=True)
class Metric:
    """A figure, as people read it."""

    key: str
    title: str
    digits: int = 0


METRICS = (
    Metric("enqueue_gathered", "enqueue, `submit` gathered in chunks of 100, tasks/s"),
    Metric("enqueue_many", "enqueue, the fastest way (`submit_many`), tasks/s"),
    Metric("drain_10", "drain, concurrency 10, tasks/s up to the last stored result"),
    Metric("drain_100", "drain, concurrency 100, tasks/s up to the last stored result"),
    Metric("round_trip_p50_ms", "submit → result, idle worker in another process, p50 ms", 2),
    Metric("round_trip_p99_ms", "submit → result, p99 ms", 2),
    Metric("fan_out_s", "a parent that awaits 500 children, s", 3),
    Metric("fan_out_best_s", "the same, the fastest of five, s", 3),
    Metric("idle_cpu_percent", "CPU of an idle worker, %", 3),
    Metric("rss_mb", "memory of a worker, RSS MiB", 1),
    Metric("pss_mb", "memory of a worker, PSS MiB", 1),
    Metric("boot_s", "boot: start of the process to its first task, s", 3),
    Metric("enqueue_gathered_cpu_us", "CPU of the submitting process per task, gathered, µs"),
    Metric("enqueue_many_cpu_us", "CPU of the submitting process per task, `submit_many`, µs"),
    Metric("drain_10_cpu_us", "CPU of the worker per task, concurrency 10, µs"),
    Metric("drain_100_cpu_us", "CPU of the worker per task, concurrency 100, µs"),
    Metric("fan_out_cpu_us", "CPU of the worker per child of a parent that awaits 500, µs"),
)

STARTUP = (
    Metric("python_s", "`python -c pass`, s", 3),
    Metric("bare_import_s", "`import sqlite3, pydantic` (pydantic loads itself at first use), s", 3),
    Metric("import_floor_s", "import floor: that, asyncio, and a first model, s", 3),
    Metric("clients_floor_s", "the same with aio-pika and redis-py, s", 3),
    Metric("import_mog_s", "`import mog`, s", 3),
    Metric("typer_help_s", "a bare typer command, `--help`, s", 3),
    Metric("mog_help_s", "`mog --help`, s", 3),
    Metric("import_floor_rss_mb", "memory after the import floor, RSS MiB", 1),
)


@dataclass(frozen=True)
class Row:
    """The figures of one measurement of one system in one round; ``foreign`` among them is others' CPU in cores."""

    round: int
    system: str
    figures: Mapping[str, float]


@dataclass
class Findings:
    """What a run has brought; ``failed`` is what could not be measured."""

    rows: list[Row] = field(default_factory=list)
    startup: list[dict[str, float]] = field(default_factory=list)
    durability: dict[str, str] = field(default_factory=dict)
    servers: str = ""
    failed: list[str] = field(default_factory=list)


def values_of(rows: Iterable[Row], system: str, key: str) -> dict[int, float]:
    """Return a system's figure by round: of the undisturbed rounds, or of the quieter half where those are fewer."""
    mine = sorted((row for row in rows if row.system == system and key in row.figures), key=_foreign)
    quiet = sum(_foreign(row) <= QUIET for row in mine)
    kept = mine[: max(quiet, (len(mine) + 1) // 2)]
    return {row.round: row.figures[key] for row in kept}


def ratio(rows: Sequence[Row], of: str, to: str, key: str) -> float | None:
    """Return the median over the rounds of one system's figure by another's."""
    ours, theirs = values_of(rows, of, key), values_of(rows, to, key)
    shared = [ours[at] / theirs[at] for at in ours.keys() & theirs.keys() if theirs[at]]
    if shared:
        return statistics.median(shared)
    if ours and theirs and (other := statistics.median(theirs.values())):
        return statistics.median(ours.values()) / other
    return None


def render(rows: Sequence[Row], systems: Sequence[str]) -> str:
    """Return a table of the figures, then one of ratios: the first system's figure by each other's."""
    first, *others = systems
    shown = [metric for metric in METRICS if any(metric.key in row.figures for row in rows)]
    figures = [[metric.title, *(_cell(rows, system, metric) for system in systems)] for metric in shown]
    ratios = [[metric.title, *(_ratio_cell(rows, first, other, metric) for other in others)] for metric in shown]
    tables = [_table(["median (lowest - highest)", *systems], figures)]
    if others:
        tables.append(_table([f"{first} ÷ …", *others], ratios))
    return "\n".join(tables)


def _table(head: Sequence[str], lines: Iterable[Sequence[str]]) -> str:
    rule = ["---", *["--:"] * (len(head) - 1)]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (head, rule, *lines)) + "\n"


def _cell(rows: Sequence[Row], system: str, metric: Metric) -> str:
    values = list(values_of(rows, system, metric.key).values())
    return _spread(values, metric) if values else ""


def _ratio_cell(rows: Sequence[Row], of: str, to: str, metric: Metric) -> str:
    by = ratio(rows, of, to, metric.key)
    return "" if by is None else f"{by:.3g}"


def render_startup(rounds: Sequence[Mapping[str, float]]) -> str:
    """Return the table of start-up times."""
    timed = [metric for metric in STARTUP if metric.key in rounds[0]]
    lines = [[metric.title, _spread([figures[metric.key] for figures in rounds], metric)] for metric in timed]
    help_by = statistics.median(figures["mog_help_s"] / figures["typer_help_s"] for figures in rounds)
    return _table(["", "median (lowest - highest)"], lines) + f"\n`mog --help` ÷ bare typer: {help_by:.2f}\n"


def render_boot(rows: Sequence[Row], rounds: Sequence[Mapping[str, float]], systems: Sequence[str]) -> str:
    """Return each system's boot by the import floors of the same round."""
    lines = []
    for key, name in (("import_floor_s", "import floor"), ("clients_floor_s", "that with aio-pika and redis-py")):
        boots = {system: values_of(rows, system, "boot_s") for system in systems if key in rounds[0]}
        shown = [f"`{system}` {_median_by(taken, rounds, key):.2f}" for system, taken in boots.items() if taken]
        if shown:
            lines.append(f"Boot ÷ {name}, of the same round: {', '.join(shown)}.\n")
    return "\n".join(lines)


def _median_by(taken: Mapping[int, float], rounds: Sequence[Mapping[str, float]], key: str) -> float:
    return statistics.median(seconds / rounds[at][key] for at, seconds in taken.items())


def render_load(rows: Sequence[Row]) -> str:
    """Return a note about what else the machine did."""
    loads = [_foreign(row) for row in rows]
    if not loads:
        return ""
    disturbed = sum(load > QUIET for load in loads)
    return (
        f"Others used {statistics.median(loads):.2f} cores (median; at most {max(loads):.2f}) while this was measured; "
        f"{disturbed} of {len(loads)} measurements were disturbed (> {QUIET} cores)."
    )


def _foreign(row: Row) -> float:
    return row.figures.get("foreign", 0.0)


def _spread(values: Sequence[float], metric: Metric) -> str:
    def number(value: float) -> str:
        return f"{value:,.{metric.digits}f}"

    return f"{number(statistics.median(values))} ({number(min(values))} - {number(max(values))})"
