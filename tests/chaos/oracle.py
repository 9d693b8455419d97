"""Judges a chaos run from three witnesses: the submitter, the store's own log, and the notes that tasks make."""

from __future__ import annotations

import statistics
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from uuid import UUID

from tests.chaos.deeds import FROZEN, Death, Deeds
from tests.chaos.ledger import Event, Ledger
from tests.chaos.lineage import Lineage
from tests.chaos.mix import PRIORITIES, Order
from tests.chaos.notes import Note


@dataclass(slots=True)
class Report:
    """What came of it.

    Seconds from a kill, for each task that it hit: ``freed`` until the task was ready again, ``recoveries`` until it
    was started again. The latter are those of tasks with the highest priority alone: others wait for their turn.
    ``hindered`` are those of both kinds during which a disaster fell upon all.
    """

    tasks: int = 0
    children: int = 0
    revoked: int = 0
    runs: int = 0
    kills: int = 0
    freezes: int = 0
    graceful: int = 0
    refused: int = 0
    disasters: Counter[str] = field(default_factory=Counter)
    lost: int = 0
    wrong: int = 0
    recorded_twice: int = 0
    crashes: int = 0
    most_crashes: int = 0
    freed: list[float] = field(default_factory=list)
    recoveries: list[float] = field(default_factory=list)
    hindered: list[float] = field(default_factory=list)
    lapsed: Counter[int] = field(default_factory=Counter)
    """How many attempts a process has lost that lived, and whose lease had run out."""
    integrity: str = ""
    left: dict[str, int] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)
    seconds: float = 0.0

    def lines(self) -> str:
        """Return the report for people."""
        return "\n".join(
            [
                f"tasks {self.tasks}  children {self.children}  runs {self.runs}  seconds {self.seconds:.1f}",
                f"revoked, tasks and children: {self.revoked}",
                f"SIGKILL {self.kills}  SIGSTOP {self.freezes}  SIGTERM {self.graceful}",
                f"disasters: {', '.join(f'{name} {n}' for name, n in sorted(self.disasters.items())) or 'none'}",
                f"submissions refused, and repeated under another id: {self.refused}",
                f"lost {self.lost}  recorded twice {self.recorded_twice}  wrong {self.wrong}",
                f"hit by a kill {self.crashes}, one task at most {self.most_crashes} times",
                f"seconds from a kill until ready again: {_spread(self.freed)}",
                f"seconds from a kill until started again: {_spread(self.recoveries)}",
                f"  in a disaster: {_spread(self.hindered)}",
                f"attempts of the living that were lost with a lease: {self.lapsed.total()}",
                f"integrity {self.integrity}  left behind {self.left or 'nothing'}",
                f"faults: {len(self.faults)}",
                *self.faults[:20],
            ]
        )


def _spread(times: list[float]) -> str:
    return f"p50 {statistics.median(times):.3f}  max {max(times):.3f}  of {len(times)}" if times else "none"


def judge(deeds: Deeds, ledger: Ledger, notes: Iterable[Note], max_retries: int) -> Report:
    """Compare what was to happen with what happened."""
    report = Report(tasks=len(deeds.orders), kills=len(deeds.deaths))
    report.graceful, report.refused = len(deeds.graceful_exits), len(deeds.refused)
    report.disasters = Counter(spell.name for spell in deeds.spells)
    report.freezes = report.disasters.pop(FROZEN, 0)
    report.faults += [f"a graceful stop ended with {code}" for code in deeds.graceful_exits if code]
    events, notes = list(ledger.events()), list(notes)
    _judge_ends(report, deeds, events)
    _judge_claims(report, deeds, events, max_retries)
    _judge_refusals(report, deeds, events, notes)
    _judge_runs(report, deeds, notes)
    _judge_children(
        report,
        Lineage(events, notes, deeds.revocations, may_be_refused=any(spell.pid is None for spell in deeds.spells)),
    )
    report.integrity = ledger.integrity()
    report.left = ledger.left()
    if report.integrity != "ok" or report.left:
        report.faults.append(f"the store is not clean: {report.integrity}, {report.left}")
    return report


def _judge_ends(report: Report, deeds: Deeds, events: list[Event]) -> None:
    """Each task ended once, as it was to, and its submitter was told so."""
    ends: Mapping[UUID, list[Event]] = defaultdict(list)
    for event in events:
        if event.kind == "ended" and event.task is not None:
            ends[event.task].append(event)
        elif event.kind in ("rewritten", "forgotten", "stolen"):
            report.faults.append(f"{event.kind}: {event}")
    twice = [task for task, own in ends.items() if len(own) > 1]
    report.recorded_twice = len(twice)
    report.faults += [f"recorded twice: {ends[task]}" for task in twice]
    for task, order in deeds.orders.items():
        wanted = "REVOKED" if deeds.revocations.get(task) == "REVOKED" else order.wanted
        if not ends[task] or task not in deeds.answers:
            report.lost += 1
            report.faults.append(f"lost: {order}")
        elif ends[task][-1].detail != wanted or deeds.answers[task] != (wanted, order.index):
            report.wrong += 1
            report.faults.append(f"{order} ended as {ends[task][-1].detail}: {deeds.answers[task]}")
    report.revoked = sum(own[-1].detail == "REVOKED" for own in ends.values() if own)
    strange = {task for task, own in ends.items() if own and own[0].parent is None}
    strange -= deeds.orders.keys() | deeds.refused
    report.faults += [f"never submitted: {task}" for task in strange]


def _judge_claims(report: Report, deeds: Deeds, events: list[Event], max_retries: int) -> None:
    """A claim is freed over its owner's head only when the owner was killed, soon then, and never while it stands.

    Or when it was cut off from a store whose owners live by leases, for longer than one.
    """
    pids = {event.owner: int(event.detail or 0) for event in events if event.kind == "joined"}
    first = {event.key for event in events if event.task in deeds.orders and _goes_first(deeds.orders[event.task])}
    crashes: Counter[int] = Counter()
    hit: dict[int, Death] = {}
    for event in events:
        key = event.key or 0
        if event.is_crash:
            crashes[key] += 1
            _judge_crash(report, deeds, event, pids.get(event.owner, 0), hit)
        elif event.kind == "kept":
            crashes[key] -= 1
            hit.pop(key, None)
        elif event.kind == "claimed" and key in hit:
            death = hit.pop(key)
            if key in first:
                times = report.hindered if deeds.is_hindered(death.at, event.at) else report.recoveries
                times.append(event.at - death.at)
        elif event.kind == "ended":
            hit.pop(key, None)  # called off before its turn came
    report.faults += [f"hit by a kill and never started again: key {key}" for key in hit]
    report.crashes, report.most_crashes = crashes.total(), max(crashes.values(), default=0)
    if report.most_crashes > max_retries:
        report.faults.append(f"a task was started again {report.most_crashes} times, max_retries is {max_retries}")
    for event in events:
        if event.kind == "ended" and not _counts_are_right(event, crashes[event.key or 0]):
            report.faults.append(f"starts less stops are not the {crashes[event.key or 0]} crashes: {event}")


def _judge_crash(report: Report, deeds: Deeds, event: Event, pid: int, hit: dict[int, Death]) -> None:
    deaths = [death for death in deeds.deaths if death.pid == pid and death.at < event.at]
    if deaths:
        hit[event.key or 0] = deaths[0]
        times = report.hindered if deeds.is_hindered(deaths[0].at, event.at) else report.freed
        times.append(event.at - deaths[0].at)
    elif deeds.may_have_lost_its_lease(pid, event.at):
        report.lapsed[pid] += 1
    else:
        report.faults.append(f"claim freed though its owner was not killed: {event}")


def _counts_are_right(end: Event, crashes: int) -> bool:
    """A revoke counts as a stop, of a task that does not run as well."""
    unstopped = (end.starts or 0) - (end.stops or 0)
    return unstopped == crashes or (end.detail == "REVOKED" and unstopped == crashes - 1)


def _goes_first(order: Order) -> bool:
    return order.request.priority == max(PRIORITIES)


def _judge_refusals(report: Report, deeds: Deeds, events: list[Event], notes: list[Note]) -> None:
    """Nothing comes of a request that was refused."""
    begun = {event.task for event in events if event.kind == "claimed"} | {note.task for note in notes}
    report.faults += [f"refused, and begun all the same: {task}" for task in deeds.refused & begun]


def _judge_runs(report: Report, deeds: Deeds, notes: list[Note]) -> None:
    """No two runs of a task at a time; none before its due time; no item left out or repeated without a crash."""
    killed = {death.pid: death.at for death in deeds.deaths}
    by_task: Mapping[UUID, list[Note]] = defaultdict(list)
    for note in notes:
        by_task[note.task].append(note)
    for own in by_task.values():
        starts = _starts(own)
        report.runs += len(starts)
        report.faults += _overlaps(starts, own, killed, report.lapsed)
    for task, order in deeds.orders.items():
        own = by_task[task]
        starts = _starts(own)
        if order.delay and starts and starts[0].at < deeds.submitted_at[task] + order.delay:
            report.faults.append(f"started before its time: {order}")
        if order.pauses and len(starts) < order.pauses + 1:
            report.faults.append(f"paused too rarely: {order}, {len(starts)} runs")
        if order.items and not any(start.pid in report.lapsed for start in starts):
            report.faults += _item_faults(order, own, len(starts))


def _starts(notes: list[Note]) -> list[Note]:
    return sorted((note for note in notes if note.event == "start"), key=lambda note: note.attempt)


def _overlaps(starts: list[Note], own: list[Note], killed: Mapping[int, float], lapsed: Mapping[int, int]) -> list[str]:
    """A process that lost its lease learns only later that another has begun what it runs."""
    faults = []
    ends = {note.attempt: note.at for note in own if note.event == "end"}
    for earlier, later in pairwise(starts):
        over = ends.get(earlier.attempt, killed.get(earlier.pid))
        if earlier.attempt == later.attempt or (earlier.pid not in lapsed and (over is None or over > later.at)):
            faults.append(f"two runs at a time: {earlier}, {later}")
    return faults


def _item_faults(order: Order, own: list[Note], runs: int) -> list[str]:
    counts = Counter(int(note.detail) for note in own if note.event == "item")
    told = [int(note.detail) for note in own if note.event == "runs"]
    faults = []
    if set(counts) != set(range(order.items)):
        faults.append(f"items were left out: {order}, {sorted(set(range(order.items)) - set(counts))}")
    if counts.total() - order.items > order.every * (runs - 1):
        faults.append(f"items were repeated {counts.total() - order.items} times in {runs} runs: {order}")
    if not told or told[-1] > runs:
        faults.append(f"State counted {told} runs of {runs}: {order}")
    return faults


def _judge_children(report: Report, lineage: Lineage) -> None:
    """Each child ended, and as it was to; no parent before the children that it awaited."""
    lost, wrong, early = lineage.lost(), lineage.wrong(), lineage.early()
    report.children = len(lineage.parents)
    report.lost += len(lost)
    report.wrong += len(wrong)
    report.faults += [f"lost: the child {task} of {lineage.parents[task]}" for task in lost]
    report.faults += [f"a child ended wrongly: {fault}" for fault in wrong]
    report.faults += [f"a parent ended before its child: {fault}" for fault in early]
    report.faults += [f"a child that no run has noted: {task}" for task in lineage.strange()]
