"""Context: what a task's function is given first."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterable, Awaitable, Callable, Coroutine, Iterable
from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any, Concatenate, NoReturn, ParamSpec, TypeVar, overload
from uuid import UUID

from mog.checkpoint import Checkpointed, Checkpoints, Key
from mog.engine.records import Delivery, Record
from mog.gathering import gather
from mog.interrupts import Pause
from mog.progress import Progress, ProgressReporter
from mog.request import Request
from mog.services import TaskServices
from mog.state import State
from mog.worker.stopping import Stopping

if TYPE_CHECKING:
    from mog.app import App
    from mog.result import Result
    from mog.worker.waiting import WaitingForTasks

P = ParamSpec("P")
R = TypeVar("R")
T = TypeVar("T")


AsyncTask = Callable[Concatenate["Context", P], Awaitable[R]]
PlainTask = Callable[Concatenate["Context", P], R]


class Context:
    """One run of a task: its request, its State, and how to speak with the app and the worker.

    ``attempt`` counts the runs of this task from 1; it grows with each pause, retry and crash, ``retries`` with each
    retry alone. ``stopping`` is set once the
    worker is asked to stop: a task that watches it can pause before it is cancelled.
    """

    def __init__(
        self,
        app: App,
        request: Request[Any],
        delivery: Delivery,
        stopping: Stopping,
        waiting: WaitingForTasks,
        *,
        blocking: bool,
    ) -> None:
        self.app = app
        self.request = request
        self.attempt = delivery.attempt
        self.retries = delivery.retries
        self.has_children = False
        self.stopping = stopping
        self.state = State(app.port, request.id)
        self._waiting = waiting
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

    # -- other tasks

    @overload
    def create_request(self, task: AsyncTask[P, R], *args: P.args, **kwargs: P.kwargs) -> Request[R]: ...
    @overload
    def create_request(self, task: PlainTask[P, R], *args: P.args, **kwargs: P.kwargs) -> Request[R]: ...
    @overload
    def create_request(self, task: str, *args: Any, **kwargs: Any) -> Request[Any]: ...
    def create_request(self, task: Any, *args: Any, **kwargs: Any) -> Request[Any]:
        """See :meth:`App.create_request`."""
        return self.app.create_request(task, *args, **kwargs)

    @overload
    async def submit(self, task: Request[R]) -> Result[R]: ...
    @overload
    async def submit(self, task: AsyncTask[P, R], *args: P.args, **kwargs: P.kwargs) -> Result[R]: ...
    @overload
    async def submit(self, task: PlainTask[P, R], *args: P.args, **kwargs: P.kwargs) -> Result[R]: ...
    @overload
    async def submit(self, task: str, *args: Any, **kwargs: Any) -> Result[Any]: ...
    async def submit(self, task: Any, *args: Any, **kwargs: Any) -> Result[Any]:
        """Submit a task as a child of this one: it is revoked when this one is. Raises what ``App.submit`` raises."""
        return self._result(await self.app.submitter.submit(self._child(task, args, kwargs), self))

    async def submit_many(self, requests: Iterable[Request[R]]) -> list[Result[R]]:
        """Submit many children in few round trips; see :meth:`App.submit_many`."""
        children = [self._child(request, (), {}) for request in requests]
        return [self._result(record) for record in await self.app.submitter.submit_many(children, self)]

    @overload
    async def run(self, task: Request[R]) -> R: ...
    @overload
    async def run(self, task: AsyncTask[P, R], *args: P.args, **kwargs: P.kwargs) -> R: ...
    @overload
    async def run(self, task: PlainTask[P, R], *args: P.args, **kwargs: P.kwargs) -> R: ...
    @overload
    async def run(self, task: str, *args: Any, **kwargs: Any) -> Any: ...
    async def run(self, task: Any, *args: Any, **kwargs: Any) -> Any:
        """Submit a child, wait for it, and return its value or raise its error; meanwhile this task needs no slot."""
        result = await self.submit(task, *args, **kwargs)
        with self._waiting:
            return await result

    async def gather(
        self,
        *tasks: Result[Any] | UUID | Request[Any] | Awaitable[Any],
        return_exceptions: bool = False,
        cancel_siblings: bool = False,
    ) -> list[Any]:
        """Wait for many tasks at once, and return their values in order; meanwhile this task needs no slot.

        ``tasks`` are results, ids of results, requests (which are submitted as children, together) or other
        awaitables. All are waited for. What failed is raised as an ExceptionGroup, or with ``return_exceptions``
        stands among the values. With ``cancel_siblings`` the first failure revokes the tasks that are not done.
        """
        return await gather(self, tasks, return_exceptions=return_exceptions, cancel_siblings=cancel_siblings)

    @property
    def waiting(self) -> WaitingForTasks:
        """Entered while this task waits for others, it lends its slot to them."""
        return self._waiting

    def _child(self, task: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Request[Any]:
        request = task if isinstance(task, Request) else self.app.create_request(task, *args, **kwargs)
        self.has_children = True
        return request.model_copy(update={"stack": [*self.request.stack, self.request.id]})

    def _result(self, record: Record) -> Result[Any]:
        from mog.result import Result  # noqa: PLC0415 - a result knows its app, and the app makes contexts

        return Result(self.app, record)

    # -- services

    def get_service(self, service: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """Return what ``service`` gives to this task.

        A function is called with this context and the arguments; so is the one instance of a ClassService. What a
        generator yields is the service's value until the task ends; that of an asynchronous one must be awaited.
        ``app.services`` may name another service in its place, as tests do.
        """
        return self._services.get(service, *args, **kwargs)

    async def close_services(self, error: BaseException | None) -> None:
        """End the services that live as long as this run, which ended with ``error``."""
        if "_services" in self.__dict__:
            await self._services.close(error)

    @cached_property
    def _services(self) -> TaskServices:
        return TaskServices(self.app.service_registry, self)

    # -- this task

    def checkpointed(
        self,
        items: Iterable[T] | AsyncIterable[T],
        *,
        name: str | None = None,
        key: Callable[[T], Key] | None = None,
        every: int = 1,
        budget: float | timedelta | None = None,
        progress: bool = False,
    ) -> Checkpointed[T]:
        """Iterate (``for`` or ``async for``) over ``items`` from where an earlier run of this task stopped.

        The place is the number of finished items; so ``items`` must come in the same order each time. With ``key``
        it is the last finished item's key (a str or number), which must be found again (else CheckpointLost).
        ``name`` tells several loops of one task apart. The place is written after ``every`` items; each item is
        worked on at least once, and at most ``every`` of them again after a crash (in a plain ``for`` inside an
        ``async def`` a few more: those whose write was on its way).

        Between two items the loop raises Pause when ``budget`` seconds are spent in this run, and as soon as the
        worker is asked to stop. A loop that ran to its end stays finished: in a later run it yields nothing.

        With ``progress`` the task's progress is told after each item: how many are done, over all runs, of how many,
        where ``items`` have a length. A task has one progress, so let one of its loops tell it.
        """
        seconds = budget.total_seconds() if isinstance(budget, timedelta) else budget
        report = self.progress if progress else None
        return Checkpointed(self.checkpoints, items, name=name, key=key, every=every, budget=seconds, report=report)

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
        if asyncio._get_running_loop() is self._loop:
            coroutine.close()
            raise RuntimeError("call_threadsafe is for `def` tasks; in an `async def` task await the coroutine itself")
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result()

    def flush(self) -> None:
        """Send the progress that is still to be sent."""
        if "_progress" in self.__dict__:
            self._progress.flush()
