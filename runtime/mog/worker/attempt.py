"""One attempt at one task: from its delivery to what is to be stored of it."""

from __future__ import annotations

import asyncio
import contextvars
import logging
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from mog.checkpoint import STATE_KEY
from mog.context import Context
from mog.engine.records import Delivery, Outcome, Requeue, StoredValue
from mog.errors import (
    EngineUnavailable,
    InvalidRequest,
    InvalidTaskArguments,
    PayloadTooLarge,
    TooManyRetries,
    UnknownTask,
)
from mog.interrupts import is_pause, pause_delay
from mog.request import Request, request_from_json
from mog.states import ResultState
from mog.task import Task
from mog.values import encode_error, encode_value
from mog.worker.events import TaskEnded, TaskStarted

if TYPE_CHECKING:
    from mog.worker.worker import Worker

log = logging.getLogger("mog.worker")

REPEATED_PAUSE = 0.1
"""Seconds that a task waits at least which pauses without a delay again: else it would spin through its queue."""

PARK = 5.0
"""Seconds after which a task that no worker knew is offered again."""

End = Outcome | Requeue


class Attempt:
    """Runs a delivered task on the worker's loop and tells how it ended."""

    __slots__ = ("_name", "_started", "_task_done", "_worker", "delivery", "runner", "stopped")

    def __init__(self, worker: Worker, delivery: Delivery) -> None:
        self._worker = worker
        self.delivery = delivery
        self.runner: asyncio.Task[None] | None = None
        self.stopped = False
        """The worker asked this attempt to end; a CancelledError that comes then is no failure."""
        self._task_done: asyncio.Future[Any] | None = None
        self._name = "?"
        self._started = 0.0

    async def run(self) -> None:
        """Run the task, store its end, free the slot."""
        self._started = time.monotonic()
        try:
            end = await self._reach_end()
        except Exception as error:  # noqa: BLE001 - a slot must never be lost, and the task neither
            end = self._fail(error)
        stored = self._worker.store(end)
        self._free_slot()
        if not await stored:
            log.warning(
                "task %s[%s]: attempt %d was not recorded, the task was ended or taken over meanwhile",
                self._name,
                self.delivery.message.id,
                self.delivery.attempt,
            )

    def stop(self) -> None:
        """Cancel the task; it is then put back, and begins anew on another worker."""
        self.stopped = True
        if self.runner is not None:
            self.runner.cancel()

    async def _reach_end(self) -> End:
        try:
            request = request_from_json(self.delivery.message.body)
        except InvalidRequest as error:
            return self._fail(error, ResultState.INVALID)
        self._name = request.name
        refusal = self._refusal(request)
        if refusal is not None:
            return refusal
        try:
            task = self._worker.app.tasks.get(request.name)
        except UnknownTask as error:
            return self._unknown(error)
        try:
            args, kwargs = task.load(request.args, request.kwargs)
        except InvalidTaskArguments as error:
            return self._fail(error, ResultState.INVALID)
        return await self._run_task(task, request, args, kwargs)

    def _refusal(self, request: Request[Any]) -> End | None:
        """Return the end of a task that must not be started."""
        config, delivery = self._worker.app.config, self.delivery
        if delivery.crashes > config.max_retries:
            return self._fail(TooManyRetries(request.id, delivery.crashes, config.max_retries))
        if len(request.stack) > config.max_recursion:
            return self._fail(
                RecursionError(f"tasks are nested {len(request.stack)} deep, max_recursion is {config.max_recursion}")
            )
        left = self._time_left(request)
        if left is not None and left <= 0:
            return self._fail(TimeoutError("its deadline had passed before it could start"), ResultState.REVOKED)
        return None

    def _time_left(self, request: Request[Any]) -> float | None:
        """Seconds until the deadline: a datetime is absolute, a timedelta counts from each start."""
        if isinstance(request.deadline, timedelta):
            return request.deadline.total_seconds()
        if isinstance(request.deadline, datetime):
            return (request.deadline.astimezone(UTC)).timestamp() - self._worker.app.clock()
        return None

    def _unknown(self, error: UnknownTask) -> End:
        """Park a task that this worker does not know: during a rolling upgrade another may. In the end, INVALID."""
        if self._worker.parked_for(self.delivery.message.id) >= self._worker.app.config.unknown_task_grace:
            return self._fail(error, ResultState.INVALID)
        log.warning("task %s[%s] is unknown here; parked for %g s", self._name, self.delivery.message.id, PARK)
        return self._requeue(self._worker.app.clock() + PARK, refund=True)

    async def _run_task(
        self, task: Task, request: Request[Any], args: tuple[Any, ...], kwargs: Mapping[str, Any]
    ) -> End:
        worker = self._worker
        context = Context(worker.app, request, self.delivery, worker.stopping, blocking=not task.is_async)
        if worker.observer is not None:
            worker.observer(TaskStarted(request.id, request.name, self.delivery.attempt))
        timer = asyncio.timeout(self._time_left(request)) if request.deadline is not None else None
        try:
            if self.delivery.attempt > 1:
                context.checkpoints.load(await worker.port.call("state.get", (request.id, STATE_KEY)))
            if timer is None:
                value = await self._call(task, context, args, kwargs)
            else:
                async with timer:
                    value = await self._call(task, context, args, kwargs)
            return self._succeed(value)
        except BaseException as error:  # noqa: BLE001 - whatever user code raises is stored; nothing may end the worker
            end = self._end_of(error, expired=timer is not None and timer.expired())
            if isinstance(end, Requeue) and context.checkpoints.unwritten:
                with suppress(EngineUnavailable):  # the items are worked on again, as after a crash
                    await context.checkpoints.write()
            return end
        finally:
            context.flush()

    async def _call(self, task: Task, context: Context, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Any:
        if task.is_async:
            return await task.function(context, *args, **kwargs)
        call = contextvars.copy_context().run
        self._task_done = asyncio.get_running_loop().run_in_executor(
            None, lambda: call(_caught, task.function, context, args, kwargs)
        )
        value, error = await asyncio.shield(self._task_done)
        if error is not None:
            raise error
        return value

    def _succeed(self, value: Any) -> End:
        try:
            stored = encode_value(value, self._worker.app.config.max_message_size)
        except Exception as error:  # noqa: BLE001 - a value that cannot be stored is the task's failure
            return self._fail(error)
        return self._outcome(ResultState.SUCCESS, stored)

    def _end_of(self, error: BaseException, *, expired: bool) -> End:
        if is_pause(error):
            return self._pause(pause_delay(error))
        if self.stopped and isinstance(error, asyncio.CancelledError):
            return self._requeue(None)
        if expired and isinstance(error, TimeoutError):
            return self._fail(TimeoutError("its deadline passed while it ran"), ResultState.REVOKED)
        return self._fail(error)

    def _pause(self, delay: float | None) -> End:
        paused_before = self.delivery.attempt - self.delivery.crashes > 1
        wait = max(delay or 0.0, REPEATED_PAUSE if paused_before else 0.0)
        return self._requeue(self._worker.app.clock() + wait if wait else None, delay=wait)

    def _fail(self, error: BaseException, state: ResultState = ResultState.FAILURE) -> End:
        if state is ResultState.FAILURE:
            drop_own_frames(error)
            log.error("task %s[%s] failed", self._name, self.delivery.message.id, exc_info=error)
        try:
            stored = encode_error(error, self._worker.app.config.max_message_size)
        except PayloadTooLarge as too_large:
            stored = encode_error(too_large, self._worker.app.config.max_message_size)
        return self._outcome(state, stored, error)

    def _outcome(self, state: ResultState, value: StoredValue, error: BaseException | None = None) -> Outcome:
        self._tell(state, error)
        config = self._worker.app.config
        return Outcome(
            self.delivery.message.id, self.delivery.attempt, state, value, config.result_ttl, config.result_value_ttl
        )

    def _requeue(self, due: float | None, *, refund: bool = False, delay: float | None = None) -> Requeue:
        self._tell(ResultState.SUSPENDED, None, delay)
        return Requeue(self.delivery.message.id, self.delivery.attempt, due, refund)

    def _tell(self, state: ResultState, error: BaseException | None, delay: float | None = None) -> None:
        if self._worker.observer is not None:
            line = None if error is None else one_line(error)
            took = time.monotonic() - self._started
            self._worker.observer(TaskEnded(self.delivery.message.id, self._name, state, took, line, delay))

    def _free_slot(self) -> None:
        """Free the slot; that of a `def` task whose thread still runs only once it returns."""
        thread = self._task_done
        if thread is not None and not thread.done():
            thread.add_done_callback(lambda _: self._worker.free(self))
        else:
            self._worker.free(self)


def drop_own_frames(error: BaseException) -> None:
    """Let an error's traceback begin in the task's function: the frames above it tell its author nothing."""
    frame = error.__traceback__
    while frame is not None and frame.tb_frame.f_code.co_filename == __file__:
        frame = frame.tb_next
    if frame is not None:
        error.__traceback__ = frame


def one_line(error: BaseException) -> str:
    """Return an error's class and text in one line."""
    try:
        text = " ".join(str(error).split())
    except Exception:  # noqa: BLE001 - a broken __str__ must not hide the error
        text = "(its text cannot be read)"
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def _caught(
    function: Callable[..., Any], context: Context, args: tuple[Any, ...], kwargs: Mapping[str, Any]
) -> tuple[Any, BaseException | None]:
    """Call in the executor's thread; errors travel as values, since a future cannot hold a StopIteration."""
    try:
        return function(context, *args, **kwargs), None
    except BaseException as error:  # noqa: BLE001 - handed on to the loop
        return None, error
