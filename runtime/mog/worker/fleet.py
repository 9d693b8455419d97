"""The worker processes of a supervisor, and their common health."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Protocol

from mog.worker.child import Child
from mog.worker.link import STOP
from mog.worker.metrics import Figures, Tally

MARGIN = 2.0
"""Seconds that a process may exceed what it said it needs to end; also those to end at once in."""


class Filled(Protocol):
    """A place in which a process is to be."""

    number: int
    current: Child | None


class Fleet:
    """All processes that live, those that are about to end among them. A :class:`~mog.worker.health.Source`.

    It is ready when each place has a process that is; being strict is right for an alert, and for a roll-out, which
    should not go on while a process cannot run. Counters add up over all processes that there ever were; what one that
    was killed had counted since it was last asked is lost.
    """

    def __init__(self, command: Sequence[str]) -> None:
        self.children: set[Child] = set()
        self.places: Sequence[Filled] = ()
        self.restarts = 0
        self.stopping = False
        self.empty = asyncio.Event()
        """No process lives."""
        self.empty.set()
        self._command = command
        self._past = Tally()
        self._overdue: dict[Child, asyncio.TimerHandle] = {}

    def start(self, number: int) -> Child:
        """Start a process for a place. Raises OSError."""
        child = Child(number, self._command, self._lose)
        self.children.add(child)
        self.empty.clear()
        return child

    def look(self) -> None:
        """See which processes have ended: at each SIGCHLD."""
        for child in tuple(self.children):
            child.look()

    def retire(self, child: Child) -> None:
        """Have a process end in good order, and kill it if it takes longer than it said it would."""
        child.tell(STOP)
        overdue = asyncio.get_running_loop().call_later(child.patience + MARGIN, child.kill)
        self._overdue[child] = overdue

    async def problems(self) -> Sequence[str]:
        """See :class:`~mog.worker.health.Source`."""
        if self.stopping:
            return ["the supervisor is stopping"]
        return [problem for problem in await asyncio.gather(*map(_problem, self.places)) if problem is not None]

    async def figures(self) -> Figures:
        """See :class:`~mog.worker.health.Source`."""
        children = sorted(self.children, key=lambda child: child.started)
        first = next((place.current for place in self.places if place.current is not None), None)
        await asyncio.gather(*(child.ask(depths=child is first) for child in children))
        total = Tally()
        total += self._past
        for child in self.children:
            if child.report is not None:
                total += child.report.tally
        reports = {
            place.number: place.current.report
            for place in self.places
            if place.current is not None and place.current.report is not None
        }
        known = list(reports.values())
        depths = next((report.depths for report in known if report.depths), [])
        return Figures(known[0].app if known else "", total, reports, self.restarts, depths)

    def _lose(self, child: Child) -> None:
        self.children.discard(child)
        if child in self._overdue:
            self._overdue.pop(child).cancel()
        if child.report is not None:
            self._past += child.report.tally
        if not self.children:
            self.empty.set()


async def _problem(place: Filled) -> str | None:
    child = place.current
    if child is None:
        return f"process {place.number} is starting"
    report = await child.ask()
    if report is None:
        return f"process {place.number} does not answer"
    return None if report.problem is None else f"process {place.number}: {report.problem}"
