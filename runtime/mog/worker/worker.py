"""The worker: takes deliveries from the engine and runs each as an attempt on the user's loop."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any
from uuid import UUID

from mog.engine.port import Consumption
from mog.engine.records import Delivery, Outcome, QueueDepth, Record, Requeue
from mog.errors import StoreUnusable
from mog.middleware import RunningCount
from mog.result import Result
from mog.revoking import revoke_children
from mog.worker.attempt import Attempt
from mog.worker.events import Event, Observer, WorkerStarted, WorkerStopping
from mog.worker.guard import Guard
from mog.worker.long_runs import LongRuns, long_after
from mog.worker.patience import patiently
from mog.worker.slots import Slots
from mog.worker.stopping import Stopping
from mog.worker.valve import Valve

if TYPE_CHECKING:
    from mog.app import App
    from mog.context import Context
    from mog.worker.alarm import Alarm

log = logging.getLogger("mog.worker")

CANCEL_PATIENCE = 5.0
"""Seconds that a cancelled task may take to clean up before it is put back over its head."""

SPARE_THREADS = 8
"""Threads beyond one per slot: DNS look-ups and ``asyncio.to_thread`` use the same executor as `def` tasks."""


class Worker:
    """Runs the tasks of some queues until it is asked to stop."""

    def __init__(
        self,
        app: App,
        *,
        queues: Sequence[str],
        concurrency: int,
        once: bool = False,
        observer: Observer | None = None,
        alarm: Alarm | None = None,
    ) -> None:
        self.app = app
        self.port = app.port()
        self.stopping = Stopping()
        self.observer = observer
        self._queues = tuple(queues)
        self._slots = Slots(concurrency, app.config.maximum_concurrency)
        self._once = once
        self._attempts: dict[UUID, Attempt] = {}
        long_runs = LongRuns(self._attempts, long_after(app.config))
        own = [task.function for task in app.tasks]
        self.guard = Guard(app.config.guard, own, alarm=alarm, on_beat=long_runs.look)
        self._idle = asyncio.Event()
        self._first_parked: dict[UUID, float] = {}
        self._consumption: Consumption | None = None
        self._valve = Valve(self.port)
        self._count = RunningCount(app.middleware)
        self._broken: StoreUnusable | None = None
        self.ended = asyncio.Event()
        self.ended.set()

    @property
    def running(self) -> int:
        """How many attempts run."""
        return len(self._attempts)

    @property
    def threads_left(self) -> bool:
        """Whether attempts are left that could not be ended: `def` tasks whose threads still run."""
        return bool(self._attempts)

    async def run(self) -> None:
        """Consume until ``stopping`` is set (or, with ``once``, until nothing is ready), then end in good order.

        Raises EngineError if the store cannot be reached at the start, or is found to be unusable later.
        """
        with self.guard:
            await self._run()
        if self._broken is not None:
            raise self._broken

    async def _run(self) -> None:
        self.ended.clear()
        self._size_executor()
        await self.app.middleware.call("on_app_starting", self.app)
        full_names = [self.app.queues.full_name(queue) for queue in self._queues]
        watching: asyncio.Task[None] | None = None
        try:
            self._consumption = await self.port.consume(full_names, self._deliver, self._ended_elsewhere)
            self.guard.enlist(self.port)
            self.tell(WorkerStarted(self._queues, self._slots.concurrency))
            await self.app.middleware.call("on_app_started", self.app)
            self._consumption.grant(self._slots.concurrency)
            watching = asyncio.create_task(self._give_up_if_lost(self._consumption))
            await (self._run_once(full_names) if self._once else self.stopping.wait())
        finally:
            self.stopping.set()
            await asyncio.shield(self._end())
            if watching is not None:
                watching.cancel()
            await self._count.told()
            await self.app.middleware.call("on_app_stopped", self.app)
            self.ended.set()

    def tell(self, event: Event) -> None:
        """Tell the observer, if there is one."""
        if self.observer is not None:
            try:
                self.observer(event)
            except Exception as error:  # noqa: BLE001 - a screen that is gone must not cost a task's end
                log.warning("what is told of %s cannot be shown: %r", type(event).__name__, error)

    def unfinished(self) -> list[Requeue]:
        """Return what puts back all that runs; for a process that ends at once. Callable from any thread."""
        return [
            Requeue(attempt.delivery.message.id, attempt.delivery.attempt) for attempt in list(self._attempts.values())
        ]

    def store(self, end: Outcome | Requeue) -> Awaitable[bool]:
        """Send the end of an attempt to the store at once; the answer tells whether it was recorded."""
        operation = "results.settle" if isinstance(end, Outcome) else "results.requeue"
        return patiently(lambda: self.port.call(operation, end), f"the end of task {end.id} is not stored yet")

    def free(self, attempt: Attempt) -> None:
        """Take the attempt off the books and let the engine deliver another task in its place."""
        self._attempts.pop(attempt.delivery.message.id, None)
        self._count.changed(len(self._attempts))
        if not self._attempts:
            self._idle.set()
            self._valve.stop()
        self._grant(1)

    def lend_slot(self) -> None:
        """Let the engine deliver a task in the place of one that waits for others, as far as the maximum allows."""
        self._grant(self._slots.lend())

    def take_back_slot(self) -> None:
        """Let the engine deliver one task less, from now on or once a running one has ended."""
        self._grant(-self._slots.take_back())

    def _grant(self, slots: int) -> None:
        if slots and self._consumption is not None and not self.stopping.is_set():
            self._consumption.grant(slots)

    async def completed(self, task_id: UUID, context: Context | None) -> None:
        """Do what follows the end of a task: middleware is told, a revoked parent's children are called off."""
        record: Record | None = None
        if self.app.middleware.fills("on_task_completed") or (context is not None and context.has_children):
            record = await patiently(
                lambda: self.port.call("results.get", task_id), f"what follows the end of task {task_id} waits"
            )
        if record is None:
            return
        result: Result[Any] = Result(self.app, record)
        await self.app.middleware.call("on_task_completed", result, context=context)
        if result.revoked and context is not None and context.has_children:
            await patiently(
                lambda: revoke_children(self.app, [task_id]), f"the children of task {task_id} are not called off yet"
            )

    def give_up(self, error: StoreUnusable) -> None:
        """End, because the store cannot be used any more and trying again does not help; run() raises ``error``."""
        self._broken = error
        self.stopping.set()

    def parked_for(self, task_id: UUID) -> float:
        """Return for how many seconds this worker has known of a task that it cannot run."""
        now = time.monotonic()
        if len(self._first_parked) > 10_000:
            horizon = now - 2 * self.app.config.unknown_task_grace
            self._first_parked = {key: at for key, at in self._first_parked.items() if at > horizon}
        return now - self._first_parked.setdefault(task_id, now)

    def _deliver(self, deliveries: Sequence[Delivery]) -> None:
        if self.stopping.is_set():
            for delivery in deliveries:
                self.port.send("results.requeue", Requeue(delivery.message.id, delivery.attempt, refund=True))
            return
        loop = asyncio.get_running_loop()
        self._idle.clear()
        self._valve.start()
        for delivery in deliveries:
            attempt = Attempt(self, delivery)
            self._attempts[delivery.message.id] = attempt
            self._count.changed(len(self._attempts))
            attempt.runner = loop.create_task(attempt.run())

    def _ended_elsewhere(self, ids: Sequence[UUID]) -> None:
        for task_id in ids:
            attempt = self._attempts.get(task_id)
            if attempt is not None and not attempt.ended_elsewhere:
                attempt.revoke()

    async def _run_once(self, full_names: Sequence[str]) -> None:
        while not self.stopping.is_set():
            depths: list[QueueDepth] = await self.port.call("broker.depth", full_names)
            if not self._attempts and not any(depth.ready for depth in depths):
                return
            await self._wait_idle()

    async def _wait_idle(self) -> None:
        """Wait until no attempt runs, or a moment has passed."""
        waits = [asyncio.ensure_future(self._idle.wait()), asyncio.ensure_future(self.stopping.wait())]
        await asyncio.wait(waits, timeout=0.05 if self._idle.is_set() else 1.0, return_when=asyncio.FIRST_COMPLETED)
        for wait in waits:
            wait.cancel()

    async def _give_up_if_lost(self, consumption: Consumption) -> None:
        try:
            await consumption.stopped()
        except StoreUnusable as error:
            self.give_up(error)

    async def _end(self) -> None:
        """Stop claiming, let running tasks end within the grace period, cancel the rest, put back what is left."""
        if self._consumption is not None:
            await self._consumption.stop()
        self.tell(WorkerStopping(self.running, self.app.config.grace))
        await self.app.middleware.call("on_app_stopping", self.app)
        if await self._wait_runners(self.app.config.grace):
            for attempt in self._attempts.values():
                attempt.stop()
            await self._wait_runners(CANCEL_PATIENCE)
        for requeue in self.unfinished():
            self.port.send("results.requeue", requeue)
        self._valve.stop()

    async def _wait_runners(self, timeout: float) -> bool:
        """Wait for the attempts' own tasks; tell whether some still run. Nothing else may be left of an attempt."""
        runners = [attempt.runner for attempt in self._attempts.values() if attempt.runner is not None]
        if not runners:
            return False
        _, pending = await asyncio.wait(runners, timeout=timeout)
        return bool(pending)

    def _size_executor(self) -> None:
        """Give `def` tasks as many threads as there are slots, unless the user has set an executor."""
        loop = asyncio.get_running_loop()
        if getattr(loop, "_default_executor", None) is None:  # no public way to ask
            threads = self._slots.concurrency + SPARE_THREADS
            loop.set_default_executor(ThreadPoolExecutor(threads, thread_name_prefix="mog-task"))
