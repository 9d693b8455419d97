"""An app on the bench: its tasks run in memory, on a clock that stands still until it is turned."""

from __future__ import annotations

import asyncio
import inspect
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from weakref import WeakSet

from mog.arguments import format_arguments
from mog.config import GuardConfig
from mog.errors import ConfigError, MogError
from mog.request import Request
from mog.result import Result
from mog.services import Services
from mog.states import ResultState
from mog.testing.clock import VirtualClock
from mog.testing.recording import RecordingSubmitter
from mog.worker.alarm import LoopBlocked, LoopFreed

if TYPE_CHECKING:
    from mog.app import App
    from mog.worker.worker import Worker

QUIET_LOOKS = 3
"""Looks in a row that must find nothing to do: what a task's end sets in motion takes a few turns of the loop."""

LOOK_INTERVAL = 0.002
"""Seconds between looks while tasks run in real time, or nothing happens."""

UNFINISHED = (ResultState.PENDING, ResultState.RUNNING, ResultState.SUSPENDED)


class NotSettled(MogError, AssertionError):
    """Tasks were still at work, or put off time and again, when patience was over."""


class LoopWasBlocked(MogError, AssertionError):
    """A task kept the event loop from moving for longer than the test allows."""


class Bench:
    """What a test does with a running app: turn its clock, run everything, look at what was submitted."""

    def __init__(self, app: App, clock: VirtualClock, recorder: RecordingSubmitter, worker: Worker) -> None:
        self.app = app
        self.clock = clock
        self.worker = worker
        self._recorder = recorder
        self._step = asyncio.Lock()

    async def settle(self, *, timeout: float = 10.0) -> None:
        """Run all that was submitted, and what that submits, to the end: delayed, retried and paused tasks too.

        The clock is turned to each due time as soon as nothing is left to do before it. Code that waits by other
        means, such as ``asyncio.sleep``, takes its time. Raises NotSettled after ``timeout`` real seconds.
        """
        await self._turn_until(None, timeout)

    async def advance(self, seconds: float | timedelta, *, timeout: float = 10.0) -> None:
        """Turn the clock by ``seconds`` and run what is due by then, each at its time. Raises NotSettled."""
        length = seconds.total_seconds() if isinstance(seconds, timedelta) else seconds
        await self._turn_until(self.clock() + length, timeout)

    def submitted(self, task: Callable[..., Any] | str | None = None) -> list[Request[Any]]:
        """Return the requests that were submitted since the start, those of one task or all, the oldest first."""
        requests = list(self._recorder.requests)
        if task is None:
            return requests
        name = self._name(task)
        return [request for request in requests if self._name(request.name) == name]

    def assert_submitted(self, task: Callable[..., Any] | str, /, *args: Any, **kwargs: Any) -> Request[Any]:
        """Return the one request of this task with these arguments. Raises AssertionError if there is none, or more.

        Arguments compare as they arrive in the task, whether they were given by position, by name or by default.
        """
        wanted = self._call(self._name(task), args, kwargs)
        found = [one for one in self.submitted(task) if self._call(one.name, one.args, one.kwargs) == wanted]
        if len(found) == 1:
            return found[0]
        shown = "".join(f"\n  {one.name}({format_arguments(one.args, one.kwargs)})" for one in self.submitted())
        call = f"{self._name(task)}({format_arguments(args, kwargs)})"
        raise AssertionError(f"{call} was submitted {len(found)} times; all requests:{shown or ' none'}")

    async def skip_time(self) -> None:
        """Turn the clock to the next due time whenever nothing else is left to do, until cancelled."""
        while True:
            async with self._step:
                turned = await self._is_quiet() and await self._turn(None)
            if not turned:
                await asyncio.sleep(LOOK_INTERVAL)

    async def _turn_until(self, until: float | None, timeout: float) -> None:
        patience = time.monotonic() + timeout
        while not await self._is_done(until):
            if time.monotonic() > patience:
                raise NotSettled(f"not settled within {timeout:g} s: {await self._unfinished()}")
        if until is not None:
            self.clock.advance(max(0.0, until - self.clock()))

    async def _is_done(self, until: float | None) -> bool:
        """Do one step; tell whether nothing was left to do until then."""
        async with self._step:
            if await self._is_quiet():
                if await self._turn(until):
                    return False
                if until is not None or not self.worker.running:
                    return True
        await asyncio.sleep(LOOK_INTERVAL)
        return False

    async def _is_quiet(self) -> bool:
        """Tell whether no task can go on without the clock: none runs, save those that wait for others."""
        for _ in range(QUIET_LOOKS):
            depths = await self.app.queue_depths(self.app.get_task_queue_names())
            running = await self.app.find_results(states=[ResultState.RUNNING], limit=1)
            if running or any(depth.ready for depth in depths):
                return False
        return True

    async def _turn(self, until: float | None) -> bool:
        """Turn the clock to the next due time, ``until`` at the latest; tell whether there was one."""
        depths = await self.app.queue_depths(self.app.get_task_queue_names())
        due = self.clock.next_call
        if due is None or not any(depth.delayed for depth in depths) or (until is not None and due > until):
            return False
        self.clock.advance(max(0.0, due - self.clock()))
        return True

    async def _unfinished(self) -> str:
        results: list[Result[Any]] = await self.app.find_results(states=UNFINISHED, limit=5)
        return ", ".join(f"{one.name}[{one.id}] is {one.state}, run {one.number_of_starts}" for one in results)

    def _name(self, task: Callable[..., Any] | str) -> str:
        """Return a task's name; where it goes by an alias, the one behind that."""
        if not isinstance(task, str):
            return self.app.tasks.for_function(task).name
        known = self.app.tasks.find(task)
        return task if known is None else known.name

    def _call(self, name: str, args: Any, kwargs: Any) -> Any:
        """Return the arguments in a form that compares: by the names that a known task has for them."""
        known = self.app.tasks.find(name)
        if known is None:
            return tuple(args), dict(kwargs)
        args, kwargs = known.check(args, kwargs)
        bound = inspect.Signature(known.parameters).bind(*args, **kwargs)
        bound.apply_defaults()
        return bound.arguments


@asynccontextmanager
async def running(
    app: App, *, skip_time: bool = False, blocking_limit: float | timedelta | None = None
) -> AsyncIterator[Bench]:
    """Run ``app`` with a worker beside the block: in memory, on a VirtualClock, whatever its settings say.

    The clock stands still until the bench turns it; with ``skip_time`` it jumps to the next due time by itself
    whenever nothing else is left to do, so that a test may await what is delayed or retried. After the block the app
    is as it was before: its settings, services, middleware, and the queue that it was connected to.

    Raises LoopWasBlocked at the end if a task has blocked the loop for ``blocking_limit`` real seconds; what has for
    1.5 times as long is seen for certain. Give it more than a busy machine needs.
    """
    clock = VirtualClock(time.time())
    blocks: list[LoopBlocked] = []
    with _put_on_the_bench(app, clock, _guard(blocking_limit)) as recorder:
        async with app, app.worker(alarm=lambda news: _collect(blocks, news)) as worker:
            bench = recorder.bench = Bench(app, clock, recorder, worker)
            skipping = asyncio.create_task(bench.skip_time()) if skip_time else None
            try:
                yield bench
            finally:
                if skipping is not None:
                    skipping.cancel()
                    with suppress(asyncio.CancelledError):
                        await skipping
    if blocks:
        raise _complaint(blocks)


@contextmanager
def _put_on_the_bench(app: App, clock: VirtualClock, guard: GuardConfig) -> Iterator[RecordingSubmitter]:
    """Give ``app`` other parts for as long as the block runs."""
    if isinstance(app.submitter, RecordingSubmitter):
        raise ConfigError(f"app {app.name!r} is on the bench already; one test at a time can have it there")
    own_parts = dict(vars(app))
    recorder = RecordingSubmitter(app)
    app.config = app.config.model_copy(update={**_settings(), "guard": guard})
    app.clock = clock
    app.submitter = recorder
    app.middleware = app.middleware.copy()
    app.service_registry = Services(app.config)
    app.services.update(own_parts["service_registry"].overrides)
    app._port, app._loop, app._workers = None, None, WeakSet()
    try:
        yield recorder
    finally:
        vars(app).update(own_parts)


def _settings() -> dict[str, Any]:
    """Return settings that a test wants; unknown tasks end at once, and nobody is waited for at the end."""
    urls = dict.fromkeys(("broker", "results", "state"), "memory://")
    return {**urls, "unknown_task_grace": 0.0, "grace": 0.0}


def _guard(limit: float | timedelta | None) -> GuardConfig:
    seconds = limit.total_seconds() if isinstance(limit, timedelta) else limit
    return GuardConfig(enabled=False) if seconds is None else GuardConfig(warn=seconds)


def _collect(blocks: list[LoopBlocked], news: LoopBlocked | LoopFreed) -> None:
    """Keep who has blocked the loop for how long in all, if it was a task: what the test itself does is its own."""
    if isinstance(news, LoopFreed) and news.blocked is not None and news.blocked.culprit.run is not None:
        blocks.append(news.blocked._replace(seconds=news.seconds))


def _complaint(blocks: Sequence[LoopBlocked]) -> LoopWasBlocked:
    error = LoopWasBlocked("; ".join(block.text for block in blocks))
    for block in blocks:
        error.add_note(block.culprit.stack)
    return error
