"""Context: what a task's function is given first."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterable, Callable, Coroutine, Iterable
from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

from mog.checkpoint import Checkpointed, Checkpoints, Key
from mog.engine.records import Delivery
from mog.interrupts import Pause
from mog.progress import Progress, ProgressReporter
from mog.request import Request
from mog.state import State
from mog.worker.stopping import Stopping

if TYPE_CHECKING:
    from mog.app import App
    from mog.result import Result

T = TypeVar("T")


class Context:
    """One run of a task: its request, its State, and how to speak with the app and the worker.

    ``attempt`` counts the runs of this task from 1; it grows with each pause and crash. ``stopping`` is set once the
    worker is asked to stop: a task that watches it can pause before it is cancelled.
    """

    def __init__(
        self, app: App, request: Request[Any], delivery: Delivery, stopping: Stopping, *, blocking: bool
    ) -> None:
        self.app = app
        self.request = request
        self.attempt = delivery.attempt
        self.stopping = stopping
        self.state = State(app.port, request.id)
        self._blocking = blocking
        self._loop = app.loop

    @cached_property
    def logger(self) -> logging.LoggerAdapter[logging.Logger]:
        """A logger named for the task, whose records carry ``task_id`` and ``task_name``."""
        extra = {"task_id": str(self.request.id), "task_name": self.request.name}
        return logging.LoggerAdapter(logging.getLogger(f"mog.task.{self.request.name}"), extra)

    @cached_property
    def checkpoints(self) -> Checkpoints:
        """The places of this run's checkpointed loops."""
        return Checkpoints(self.app.port(), self.request.id, self.stopping.is_set, self._blocking)

    @cached_property
    def _progress(self) -> ProgressReporter:
        return ProgressReporter(self.app.port(), self.request.id, self._loop)

    def create_request(self, task: Callable[..., Any] | str, *args: Any, **kwargs: Any) -> Request[Any]:
        """See :meth:`App.create_request`."""
        return self.app.create_request(task, *args, **kwargs)

    def checkpointed(
        self,
        items: Iterable[T] | AsyncIterable[T],
        *,
        name: str | None = None,
        key: Callable[[T], Key] | None = None,
        every: int = 1,
        budget: float | timedelta | None = None,
    ) -> Checkpointed[T]:
        """Iterate (``for`` or ``async for``) over ``items`` from where an earlier run of this task stopped.

        The place is the number of finished items; so ``items`` must come in the same order each time. With ``key``
        it is the last finished item's key (a str or number), which must be found again (else CheckpointLost).
        ``name`` tells several loops of one task apart. The place is written after ``every`` items; each item is
        worked on at least once, and at most ``every`` of them again after a crash (in a plain ``for`` inside an
        ``async def`` a few more: those whose write was on its way).

        Between two items the loop raises Pause when ``budget`` seconds are spent in this run, and as soon as the
        worker is asked to stop. A loop that ran to its end stays finished: in a later run it yields nothing.
        """
        seconds = budget.total_seconds() if isinstance(budget, timedelta) else budget
        return Checkpointed(self.checkpoints, items, name=name, key=key, every=every, budget=seconds)

    def pause(self, delay: float | timedelta | None = None) -> NoReturn:
        """Raise Pause: put this task back and run it again after ``delay`` seconds, from its start."""
        raise Pause(delay)

    def progress(self, done: float, total: float | None = None, message: str = "") -> None:
        """Tell those who wait for this task how far it is. Never waits; may be called for each item of a tight loop."""
        self._progress.report(Progress(done, total, message))

    async def set_metadata(self, **values: Any) -> None:
        """Merge JSON values into the metadata of this task's result."""
        await self.app.set_metadata(self.request.id, values)

    async def get_result(self) -> Result[Any]:
        """Return this task's own result. Never await it here: the task would wait for itself."""
        return await self.app.result(self.request.id)

    def call_threadsafe(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Run ``coroutine`` on the app's loop and return its value; for ``def`` tasks only.

        Raises RuntimeError on the loop's own thread, where waiting for it would never end.
        """
        if asyncio._get_running_loop() is self._loop:  # noqa: SLF001 - the public one raises where there is none
            coroutine.close()
            raise RuntimeError("call_threadsafe is for `def` tasks; in an `async def` task await the coroutine itself")
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result()

    def flush(self) -> None:
        """Send the progress that is still to be sent."""
        if "_progress" in self.__dict__:
            self._progress.flush()
