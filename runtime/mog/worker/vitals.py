"""How the worker of this process is, for those who ask from another thread or process.

Everything here can be asked while the event loop of the tasks is blocked: nothing waits for it.
"""

from __future__ import annotations

import asyncio
import os
import resource
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

from mog.engine.inline import InlinePort
from mog.engine.operations import BROKER_DEPTH, RESULTS_GET
from mog.engine.port import Port
from mog.engine.records import QueueDepth
from mog.errors import MogError
from mog.worker.events import Event, TaskEnded, WorkerStarted
from mog.worker.metrics import Tally

if TYPE_CHECKING:
    from mog.app import App
    from mog.worker.worker import Worker

STORE_TIME = 2.0
"""Seconds that the store may take to answer the question of a probe; a probe gives up after a few."""

NOBODY = UUID(int=0)
"""The id of no task: reading it is the cheapest question that the store must answer."""


@dataclass(slots=True)
class Report:
    """How a worker process is at one moment.

    ``problem`` is why it takes no tasks, None if it does; ``lag`` how late its loop is, ``blocked`` for how many
    seconds in all it was blocked, ``cpu`` its processor time in seconds, ``memory`` its resident bytes, ``started`` a
    POSIX time. ``depths`` is empty where nobody asked for it.
    """

    pid: int
    app: str
    started: float
    problem: str | None
    running: int
    lag: float
    blocked: float
    cpu: float
    memory: int
    tally: Tally
    depths: list[QueueDepth] = field(default_factory=list)


class Vitals:
    """Observes a worker on the tasks' loop, and tells other threads about it."""

    def __init__(self) -> None:
        self.tally = Tally()
        self.worker: Worker | None = None
        self._app: App | None = None
        self._connected = False
        self._started = time.time()

    def attend(self, app: App) -> None:
        """Know the app whose worker is going to run."""
        self._app = app

    def observe(self, event: Event) -> None:
        """Take note; on the tasks' loop."""
        match event:
            case TaskEnded():
                known = self._app is not None and self._app.tasks.find(event.name) is not None
                name = event.name if known else "(unknown)"  # names of strangers are without number
                self.tally.count(name, str(event.state), event.duration)
            case WorkerStarted():
                self._connected = True

    def snapshot(self) -> Report:
        """Return what is known at once, without a question to the store; from any thread."""
        guard = None if self.worker is None else self.worker.guard
        return Report(
            pid=os.getpid(),
            app="" if self._app is None else self._app.name,
            started=self._started,
            problem=self._own_problem(),
            running=0 if self.worker is None else self.worker.running,
            lag=0.0 if guard is None else guard.lag,
            blocked=0.0 if guard is None else guard.blocked,
            cpu=time.process_time(),
            memory=resident_memory(),
            tally=self.tally.copy(),
        )

    async def report(self, *, depths: bool = False) -> Report:
        """Return all that is known, and whether the store answers; not on the tasks' loop, in a few seconds at most."""
        report = self.snapshot()
        port = None if self.worker is None else self.worker.port
        if port is None or report.problem is not None or isinstance(port, InlinePort):
            return report  # memory:// lives on the loop of the tasks; there is nothing that could be out of reach
        report.problem = await _problem_of_store(port)
        if depths and report.problem is None:
            report.depths = await self._depths(port)
        return report

    def _own_problem(self) -> str | None:
        worker = self.worker
        if worker is None or not self._connected:
            return "it is starting"
        if worker.stopping.is_set():
            return "it is stopping"
        if worker.guard.late >= worker.guard.config.limit:
            return f"its event loop has been blocked for {worker.guard.late:.0f} s"
        return None

    async def _depths(self, port: Port) -> list[QueueDepth]:
        assert self._app is not None, "asked of a worker that takes tasks"
        queues = self._app.queues
        names = [queues.full_name(queue) for queue in sorted(queues.used())]
        try:
            depths: list[QueueDepth] = await _ask(port, BROKER_DEPTH, names)
        except (MogError, TimeoutError):
            return []  # the next probe tells of it
        return [depth._replace(name=queues.short_name(depth.name)) for depth in depths]


async def _problem_of_store(port: Port) -> str | None:
    try:
        await _ask(port, RESULTS_GET, NOBODY)
    except MogError as error:
        return str(error)
    except TimeoutError:
        return f"the store has not answered for {STORE_TIME:g} s"
    return None


async def _ask(port: Port, operation: str, item: Any) -> Any:
    async with asyncio.timeout(STORE_TIME):
        return await asyncio.wrap_future(port.begin(operation, item))


def resident_memory() -> int:
    """Return the bytes of memory that this process holds; where /proc is missing, the most that it has held."""
    try:
        pages = int(Path("/proc/self/statm").read_text("ascii").split()[1])
    except OSError:
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return peak if sys.platform == "darwin" else peak * 1024
    return pages * resource.getpagesize()
