"""One attempt at one task: from its delivery to what is to be stored of it."""

from __future__ import annotations

import asyncio
import contextvars
import logging
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any
from uuid import UUID

from mog.checkpoint import STATE_KEY
from mog.context import Context
from mog.engine.records import Delivery, Requeue
from mog.errors import (
    EngineError,
    EngineUnavailable,
    InvalidRequest,
    InvalidTaskArguments,
    RetriesExhausted,
    StoreUnusable,
    UnknownTask,
)
from mog.interrupts import Pause, Retry, interruption
from mog.request import Request, request_from_json
from mog.states import ResultState
from mog.task import Task
from mog.tracing import enter_trace
from mog.worker.current_run import Run, current_run
from mog.worker.ending import Ending, Endings, one_line
from mog.worker.events import TaskEnded, TaskStarted
from mog.worker.patience import patiently
from mog.worker.refusal import refusal, time_left
from mog.worker.waiting import WaitingForTasks

if TYPE_CHECKING:
    from mog.worker.worker import Worker

log = logging.getLogger("mog.worker")

PARK = 5.0
"""Seconds after which a task that no worker knew is offered again."""


class Attempt:
    """Runs a delivered task on the worker's loop and tells how it ended."""

    __slots__ = (
        "_context",
        "_endings",
        "_retry_policy",
        "_thread",
        "_worker",
        "delivery",
        "ended_elsewhere",
        "name",
        "runner",
        "started",
        "stopped",
    )

    def __init__(self, worker: Worker, delivery: Delivery) -> None:
        self._worker = worker
        self.delivery = delivery
        self.runner: asyncio.Task[None] | None = None
        self.stopped = False
        """The worker asked this attempt to end; a CancelledError that comes then is no failure."""
        self.ended_elsewhere = False
        """The task was revoked: nothing is left to store."""
        self._endings = Endings(delivery, worker.app.config, worker.app.clock)
        self._context: Context | None = None
        self._thread: asyncio.Future[Any] | None = None
        self.name = "?"
        self.started = 0.0
        """When it began, by the monotonic clock; 0 before."""

    async def run(self) -> None:
        """Run the task, store its end, free the slot."""
        self.started = time.monotonic()
        try:
            called_off = self.stopped or self.ended_elsewhere
            ending = self._cancelled() if called_off else await self._reach_ending()
        except Exception as error:  # noqa: BLE001 - a slot must never be lost, and the task neither
            ending = self._failed(error)
        except asyncio.CancelledError:  # before its function was called
            ending = self._cancelled()
        self._tell(ending)
        if await self._store(ending) and ending.state is not ResultState.SUSPENDED:
            await self._worker.completed(self.delivery.message.id, self._context)

    @property
    def waits(self) -> bool:
        """Whether the task waits for others just now."""
        return self._context is not None and self._context.waiting.is_entered

    def stop(self) -> None:
        """Cancel the task; it is then put back, and begins anew on another worker."""
        self.stopped = True
        self._cancel()

    def revoke(self) -> None:
        """Cancel the task, which others have ended."""
        self.ended_elsewhere = True
        self._cancel()

    def _cancel(self) -> None:
        if self.runner is not None and self.started:  # of a runner that has not begun, asyncio would run nothing at all
            self.runner.cancel()

    # -- before the run

    async def _reach_ending(self) -> Ending:
        try:
            request = request_from_json(self.delivery.message.body)
        except InvalidRequest as error:
            return self._endings.failed(error, ResultState.INVALID, dead="unreadable")
        self.name = request.name
        current_run.set(Run(request.id, request.name))
        refused = await refusal(self._worker, request, self.delivery, self._endings)
        if refused is not None:
            return refused
        try:
            task = self._worker.app.tasks.get(request.name)
        except UnknownTask as error:
            return self._unknown(error)
        try:
            args, kwargs = task.load(request.args, request.kwargs)
        except InvalidTaskArguments as error:
            return self._endings.failed(error, ResultState.INVALID)
        return await self._run(task, request, args, kwargs)

    def _unknown(self, error: UnknownTask) -> Ending:
        """Park a task that this worker does not know: during a rolling upgrade another may. In the end, INVALID."""
        if self._worker.parked_for(self.delivery.message.id) >= self._worker.app.config.unknown_task_grace:
            return self._endings.failed(error, ResultState.INVALID, dead="unknown-task")
        log.warning("task %s[%s] is unknown here; parked for %g s", self.name, self.delivery.message.id, PARK)
        return self._endings.parked(PARK)

    # -- the run

    async def _run(self, task: Task, request: Request[Any], args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Ending:
        worker = self._worker
        waiting = WaitingForTasks(worker, self)
        context = Context(worker.app, request, self.delivery, worker.stopping, waiting, blocking=not task.is_async)
        self._context = context
        enter_trace(request)
        worker.tell(TaskStarted(request.id, request.name, self.delivery.attempt))
        left = time_left(request, worker.app.clock())
        timer = self._timer(left, task.timeout)
        try:
            if worker.app.middleware:
                await worker.app.middleware.call("on_task_starting", context)
            if self.delivery.attempt > 1:
                context.checkpoints.load(await self._places(request.id))
            if timer is None:
                value = await self._call(task, context, args, kwargs)
            else:
                async with timer:
                    value = await self._call(task, context, args, kwargs)
            return self._endings.succeeded(value)
        except BaseException as error:  # noqa: BLE001 - whatever user code raises is stored; nothing may end the worker
            if isinstance(error, TimeoutError) and timer is not None and timer.expired():
                ending = self._out_of_time(task, left)
            else:
                ending = self._ending_of(task, error)
            await self._write_places(context, ending)
            return ending
        finally:
            context.flush()

    def _places(self, task_id: UUID) -> Awaitable[bytes | None]:
        waiting = f"task {task_id} does not start before the places of its loops are known"
        return patiently(lambda: self._worker.port.call("state.get", (task_id, STATE_KEY)), waiting)

    def _timer(self, left: float | None, timeout: float | None) -> asyncio.Timeout | None:
        limits = [limit for limit in (left, timeout) if limit is not None]
        return asyncio.timeout(min(limits)) if limits else None

    async def _call(self, task: Task, context: Context, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Any:
        try:
            value = await (
                task.function(context, *args, **kwargs)
                if task.is_async
                else self._in_thread(task, context, args, kwargs)
            )
        except BaseException as error:
            await context.close_services(error)
            raise
        await context.close_services(None)
        return value

    async def _in_thread(self, task: Task, context: Context, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Any:
        call = contextvars.copy_context().run
        self._thread = asyncio.get_running_loop().run_in_executor(
            None, lambda: call(in_this_thread, task.function, context, args, kwargs)
        )
        value, error = await asyncio.shield(self._thread)
        if error is not None:
            raise error
        return value

    # -- after the run

    def _out_of_time(self, task: Task, left: float | None) -> Ending:
        """End a run that its timer has cancelled: the task's timeout is a failure of this run, a deadline final."""
        if task.timeout is not None and (left is None or task.timeout < left):
            return self._ending_of(task, TimeoutError(f"it ran longer than its timeout of {task.timeout:g} s"))
        return self._endings.failed(TimeoutError("its deadline passed while it ran"), ResultState.REVOKED)

    def _ending_of(self, task: Task, error: BaseException) -> Ending:
        if isinstance(error, asyncio.CancelledError) and (self.stopped or self.ended_elsewhere):
            return self._cancelled()
        asked = interruption(error)
        if isinstance(asked, Pause):
            return self._endings.paused(asked.delay)
        return self._retried(task, asked or error) or self._failed(_given_up(asked, self.delivery) or error)

    def _retried(self, task: Task, error: BaseException) -> Ending | None:
        try:
            delay = task.retry.wait(error, self.delivery.retries)
        except Exception:
            log.exception("the backoff of task %s failed; it is not retried", self.name)
            return None
        if delay is None:
            return None
        drop_own_frames(error)
        log.warning("task %s[%s] is retried in %.3g s", self.name, self.delivery.message.id, delay, exc_info=error)
        return self._endings.retried(delay, error)

    def _failed(self, error: BaseException) -> Ending:
        drop_own_frames(error)
        log.error("task %s[%s] failed", self.name, self.delivery.message.id, exc_info=error)
        return self._endings.failed(error)

    def _cancelled(self) -> Ending:
        return self._endings.ended_elsewhere() if self.ended_elsewhere else self._endings.handed_back()

    async def _write_places(self, context: Context, ending: Ending) -> None:
        """Write what checkpointed loops have held back before the task is put back."""
        if isinstance(ending.stored, Requeue) and context.checkpoints.unwritten:
            with suppress(EngineUnavailable):  # the items are worked on again, as after a crash
                await context.checkpoints.write()

    async def _store(self, ending: Ending) -> bool:
        """Send the end to the store and free the slot at once; tell whether this attempt's end is the task's."""
        stored = self._worker.store(ending.stored) if ending.stored is not None else None
        self._free_slot()
        if stored is None:
            return True
        try:
            recorded = await stored
        except EngineError as error:
            log.error("the end of task %s[%s] could not be stored: %s", self.name, self.delivery.message.id, error)
            if isinstance(error, StoreUnusable):
                self._worker.give_up(error)
            return False
        if not recorded:
            log.warning(
                "task %s[%s]: attempt %d was not recorded, the task was ended or taken over meanwhile",
                self.name,
                self.delivery.message.id,
                self.delivery.attempt,
            )
        return recorded

    def _tell(self, ending: Ending) -> None:
        if self._worker.observer is not None:
            line = None if ending.error is None else one_line(ending.error)
            took = time.monotonic() - self.started
            task_id, attempt = self.delivery.message.id, self.delivery.attempt
            self._worker.tell(TaskEnded(task_id, self.name, ending.state, took, attempt, line, ending.delay))

    def _free_slot(self) -> None:
        """Free the slot; that of a `def` task whose thread still runs only once it returns."""
        if self._thread is not None and not self._thread.done():
            self._thread.add_done_callback(lambda _: self._worker.free(self))
        else:
            self._worker.free(self)


def _given_up(asked: Pause | Retry | None, delivery: Delivery) -> BaseException | None:
    """Return what a task fails with that asked for one more retry than it may have: what made it ask, if it said."""
    if asked is None:
        return None
    return asked.__cause__ or RetriesExhausted(delivery.message.id, delivery.retries)


def drop_own_frames(error: BaseException) -> None:
    """Let an error's traceback begin in the task's function: the frames above it tell its author nothing."""
    frame = error.__traceback__
    while frame is not None and frame.tb_frame.f_code.co_filename == __file__:
        frame = frame.tb_next
    if frame is not None:
        error.__traceback__ = frame


def in_this_thread(
    function: Callable[..., Any], context: Context, args: tuple[Any, ...], kwargs: Mapping[str, Any]
) -> tuple[Any, BaseException | None]:
    """Call in the executor's thread; errors travel as values, since a future cannot hold a StopIteration."""
    try:
        return function(context, *args, **kwargs), None
    except BaseException as error:  # noqa: BLE001 - handed on to the loop
        return None, error
