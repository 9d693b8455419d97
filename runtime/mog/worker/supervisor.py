"""The supervisor: keeps worker processes running, and ends with them.

It runs no user code and imports none, so nothing that tasks do can take it down. A process that dies is replaced after
0.5 s, then 1 s, … at most 30 s; one that lived well for a minute starts that anew. It gives up, with an exit code that
is not 0, where replacing does not help: the settings are wrong, or one place has seen five deaths within a minute.
"""

from __future__ import annotations

import asyncio
import signal
import socket
import time
from collections.abc import Coroutine, Iterable, Sequence
from contextlib import AsyncExitStack, aclosing, suppress
from pathlib import Path
from typing import Any

from mog.worker.child import Child
from mog.worker.fleet import MARGIN, Fleet
from mog.worker.health import HealthServer, url_of
from mog.worker.link import LEAVE, STOP
from mog.worker.process_events import (
    GaveUp,
    ProcessDied,
    ProcessEvent,
    ProcessKilled,
    ProcessObserver,
    ProcessReplaced,
    SourcesChanged,
    SupervisorStarted,
    SupervisorStopping,
    WaitingForChange,
)
from mog.worker.reload import Sources

FIRST_DELAY, LONGEST_DELAY = 0.5, 30.0
"""Seconds before a process that died is replaced."""

GOOD_LIFE = 60.0
"""Seconds after which a process counts as one that could live."""

DEATHS, DEATHS_WINDOW = 5, 60.0
"""So many deaths in one place, within so many seconds, and the supervisor gives up."""

WRONG_USE = 2
"""Exit code of a worker that cannot run as it is told to: trying again would show the same error."""

RELOAD_GRACE = 3.0
"""Seconds that running tasks have when sources have changed; their author is waiting."""


class GivesUp(Exception):
    """Starting processes has become pointless; ends the supervisor with ``code``."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


class Supervisor:
    """Keeps ``processes`` workers running.

    ``command`` starts one; the descriptor and the number of its end of the :mod:`~mog.worker.link` are appended as the
    last argument. With ``once`` a worker that ends with 0 is done. With ``sources`` all begin anew whenever a file
    below those directories changes, and ``once`` has no meaning. ``listener`` is where their common health is served.
    """

    def __init__(
        self,
        command: Sequence[str],
        *,
        processes: int = 1,
        once: bool = False,
        sources: Iterable[Path] = (),
        listener: socket.socket | None = None,
        observer: ProcessObserver | None = None,
    ) -> None:
        self.once = once
        self.fleet = Fleet(command)
        self.successions = asyncio.Lock()
        """Held while a worker that has run its share waits for its successor: not all of them at a time."""
        self._processes = processes
        self._sources = tuple(sources)
        self._listener = listener
        self._observer = observer
        self._signals: list[int] = []
        self._asked, self._hurried = asyncio.Event(), asyncio.Event()

    @property
    def reloads(self) -> bool:
        """Whether a change of the sources may mend what is wrong."""
        return bool(self._sources)

    async def run(self) -> int:
        """Supervise until SIGTERM or SIGINT, or until there is nothing to supervise; return the exit code.

        The first signal ends the workers in good order, the second at once. On the main thread.
        """
        loop = asyncio.get_running_loop()
        for signum in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(signum, self._on_signal, signum)
        loop.add_signal_handler(signal.SIGCHLD, self.fleet.look)
        async with AsyncExitStack() as stack:
            if self._listener is not None:
                await stack.enter_async_context(HealthServer(self._listener, self.fleet))
            health = None if self._listener is None else url_of(self._listener)
            self.tell(SupervisorStarted(self._processes, health))
            code, in_time = 0, False
            try:
                code = await self._until_asked()
            finally:
                in_time = await self._end_all()
        return code if in_time or not self._signals else 128 + self._signals[0]

    def tell(self, event: ProcessEvent) -> None:
        """Tell the observer."""
        if self._observer is not None:
            self._observer(event)

    def _on_signal(self, signum: int) -> None:
        self._signals.append(signum)
        (self._asked if len(self._signals) == 1 else self._hurried).set()

    async def _until_asked(self) -> int:
        working = asyncio.ensure_future(self._reload_forever() if self.reloads else self._keep_all())
        await first_of(working, self._asked.wait())
        if not working.done():
            await cancelled(working)
            return 0
        if code := working.result():
            self.tell(GaveUp(code))
        return code

    async def _keep_all(self) -> int:
        """Keep all places filled; the first goes ahead, so that a wrong setting is told once and not by each."""
        code = 0
        places = [Place(self, number) for number in range(1, self._processes + 1)]
        self.fleet.places = places
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(places[0].keep())
                await places[0].begun.wait()
                for place in places[1:]:
                    group.create_task(place.keep())
        except* GivesUp as errors:
            code = leaves(errors)[0].code
        return code

    async def _reload_forever(self) -> int:
        async with aclosing(Sources(self._sources).changes()) as changes:
            while True:
                change = asyncio.ensure_future(anext(changes))
                keeping = asyncio.ensure_future(self._keep_all())
                try:
                    await first_of(keeping, change)
                    if not change.done():
                        self.tell(WaitingForChange())
                    self.tell(SourcesChanged(await change))
                finally:
                    await cancelled(change)
                    await cancelled(keeping)
                await self._end_children(RELOAD_GRACE)

    # -- the end

    async def _end_all(self) -> bool:
        children = tuple(self.fleet.children)
        if children:
            self.tell(SupervisorStopping(len(children)))
        self.fleet.stopping = True
        return await self._end_children(max((child.patience for child in children), default=0.0) + MARGIN)

    async def _end_children(self, patience: float) -> bool:
        """Ask all processes to end, then make them; tell whether all ended in good order."""
        for word, seconds in ((STOP, patience), (LEAVE, MARGIN)):
            for child in self.fleet.children:
                child.tell(word)
            if await self._have_ended(seconds, unless_hurried=word == STOP):
                return word == STOP
        for child in tuple(self.fleet.children):
            self.tell(ProcessKilled(child.number, child.pid))
            child.kill()
        await self._have_ended(MARGIN)
        return False

    async def _have_ended(self, seconds: float, *, unless_hurried: bool = False) -> bool:
        """Wait until no process is left, for some seconds, or until the second signal."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                all_ended = self.fleet.empty.wait()
                await (first_of(all_ended, self._hurried.wait()) if unless_hurried else all_ended)
        return not self.fleet.children


class Place:
    """One of the places that are to be filled by a process each."""

    def __init__(self, supervisor: Supervisor, number: int) -> None:
        self.number = number
        self.current: Child | None = None
        """The process that takes tasks, None while there is none."""
        self.begun = asyncio.Event()
        """A first process got as far as to take tasks."""
        self._supervisor = supervisor
        self._deaths: list[float] = []
        self._delay = FIRST_DELAY

    async def keep(self) -> None:
        """Keep a process running here. Raises GivesUp; ends when a process is done, which takes ``once``."""
        child = await self._new()
        while not self._is_done(child):
            self.current = child
            await first_of(child.ended.wait(), child.spent.wait())
            if child.ended.is_set():
                self.current = None
                if self._is_done(child):
                    return
                await self._bury(child)
                child = await self._new()
            else:
                child = await self._succeed(child)

    async def _new(self) -> Child:
        """Start processes until one takes tasks (or is done), and return it."""
        while True:
            child = self._supervisor.fleet.start(self.number)
            await first_of(child.ready.wait(), child.ended.wait())
            if child.ready.is_set() or self._is_done(child):
                self.begun.set()
                return child
            await self._bury(child)

    async def _succeed(self, child: Child) -> Child:
        """Start a successor, and have the old one end once the new one takes tasks: there is no gap."""
        async with self._supervisor.successions:
            successor = await self._new()
        self._supervisor.tell(ProcessReplaced(self.number, child.pid, successor.pid))
        self._supervisor.fleet.retire(child)
        return successor

    def _is_done(self, child: Child) -> bool:
        return self._supervisor.once and child.ended.is_set() and child.code == 0

    async def _bury(self, child: Child) -> None:
        """Wait before the next start, or give up."""
        now = time.monotonic()
        if now - child.started >= GOOD_LIFE:
            self._delay = FIRST_DELAY
        self._deaths = [*(death for death in self._deaths if now - death < DEATHS_WINDOW), now]
        self._supervisor.fleet.restarts += 1
        delay = None if self._is_hopeless(child) else self._delay
        self._supervisor.tell(ProcessDied(self.number, child.pid, child.code or 0, delay))
        if delay is None:
            raise GivesUp(max(child.code or 0, 1))
        self._delay = min(2 * self._delay, LONGEST_DELAY)
        await asyncio.sleep(delay)

    def _is_hopeless(self, child: Child) -> bool:
        if not child.ready.is_set() and self._supervisor.reloads:
            return True
        wrong = child.code == WRONG_USE and not self.begun.is_set()
        return wrong or len(self._deaths) >= DEATHS


def supervise(command: Sequence[str], **options: Any) -> int:
    """Run a :class:`Supervisor` in this process, and return the exit code."""

    async def run() -> int:
        return await Supervisor(command, **options).run()

    return asyncio.run(run())


async def first_of(*awaitables: asyncio.Future[Any] | Coroutine[Any, Any, Any]) -> None:
    """Wait until one of several is done; what was given as a coroutine is cancelled if it is not the one."""
    futures = [asyncio.ensure_future(awaitable) for awaitable in awaitables]
    try:
        await asyncio.wait(futures, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for future, awaitable in zip(futures, awaitables, strict=True):
            if future is not awaitable:
                future.cancel()


async def cancelled(task: asyncio.Future[Any]) -> None:
    """Cancel a task, and wait for its end; an error of its own is dropped."""
    task.cancel()
    await asyncio.wait({task})
    if not task.cancelled():
        task.exception()


def leaves(group: BaseExceptionGroup[GivesUp]) -> list[GivesUp]:
    """Return the errors of a group, however deep."""
    found: list[GivesUp] = []
    for error in group.exceptions:
        found += leaves(error) if isinstance(error, BaseExceptionGroup) else [error]
    return found
