"""The oracle of the random walk: what must be known of each task, by the contract alone."""

from __future__ import annotations

from dataclasses import dataclass, field
from uuid import UUID

from mog.engine.records import Delivery
from mog.states import TERMINAL_STATES, ResultState
from mog.testing.clock import VirtualClock

TTL, VALUE_TTL = 300.0, 100.0
"""What a result brings with it: seconds that its record and its value are kept."""


@dataclass
class Task:
    """What is known of a task; ``owner`` is the number of the engine that runs it."""

    id: UUID
    queue: str
    priority: int = 5
    due: float | None = None
    parent: UUID | None = None
    state: ResultState = ResultState.PENDING
    starts: int = 0
    stops: int = 0
    retries: int = 0
    owner: int | None = None
    expires: float | None = None
    value: bytes | None = None
    value_expires: float = 0.0
    own_ttl: float | None = None
    memory: bytes | None = None
    has_message: bool = True

    @property
    def done(self) -> bool:
        return self.state in TERMINAL_STATES

    @property
    def waits(self) -> bool:
        """Whether it lies in its queue."""
        return not self.done and self.owner is None


@dataclass
class Expected:
    """What is known of all tasks, in order of submission, and of the dead letters, in order of burial."""

    clock: VirtualClock
    tasks: dict[UUID, Task] = field(default_factory=dict)
    letters: dict[UUID, tuple[str, str]] = field(default_factory=dict)
    """Reason and queue."""

    def known(self, task: Task) -> bool:
        return task.expires is None or task.expires > self.clock()

    def all_known(self) -> list[Task]:
        return [task for task in self.tasks.values() if self.known(task)]

    def not_revoked(self) -> list[list[Task]]:
        """Return the tasks that run, wait, are done and known, without the revoked; kinds of which there is one."""
        kinds: list[list[Task]] = [[], [], []]
        for task in self.all_known():
            if task.state is not ResultState.REVOKED:
                kinds[2 if task.done else task.waits].append(task)
        return [tasks for tasks in kinds if tasks]

    def kinds(self) -> list[list[Task]]:
        """Return all tasks by kind: those of :meth:`not_revoked`, the revoked, the forgotten."""
        revoked = [task for task in self.all_known() if task.state is ResultState.REVOKED]
        forgotten = [task for task in self.tasks.values() if not self.known(task)]
        return [*self.not_revoked(), *(tasks for tasks in (revoked, forgotten) if tasks)]

    def value_of(self, task: Task) -> bytes | None:
        return task.value if self.known(task) and task.value_expires > self.clock() else None

    def in_queue(self, queue: str | None = None) -> list[Task]:
        return [task for task in self.tasks.values() if task.waits and queue in (None, task.queue)]

    def ready(self) -> list[Task]:
        return [task for task in self.in_queue() if task.due is None or task.due <= self.clock()]

    def children(self, parent: UUID) -> list[UUID]:
        return [task.id for task in self.all_known() if task.parent == parent]

    def is_current(self, delivery: Delivery) -> bool:
        """Whether an attempt is its task's: while an engine owns it, and after a crash until another begins.

        Not after a crash while it waited for others: nothing then tells it from a task that was put back.
        """
        task = self.tasks[delivery.message.id]
        runs = task.owner is not None or task.state is ResultState.RUNNING
        return runs and not task.done and task.starts == delivery.attempt

    # -- what happens

    def add(self, task: Task) -> None:
        self.tasks.pop(task.id, None)  # submitted anew: now the youngest
        task.due = self.later(task.due)
        self.tasks[task.id] = task

    def later(self, due: float | None) -> float | None:
        return due if due is not None and due > self.clock() else None

    def claim(self, delivery: Delivery, owner: int) -> None:
        """Take note of a delivery, which must be of the highest priority among those that are ready."""
        ready, task = self.ready(), self.tasks[delivery.message.id]
        assert task in ready
        assert task.priority == max(one.priority for one in ready)
        counts = (delivery.attempt, delivery.crashes, delivery.retries)
        assert counts == (task.starts + 1, task.starts - task.stops, task.retries)
        for one in ready:  # due once is ready for good, even if the clock is set back
            one.due = None
        task.state, task.owner, task.starts = ResultState.RUNNING, owner, task.starts + 1

    def end(
        self, task: Task, state: ResultState, value: bytes | None, ttl: float = TTL, value_ttl: float = VALUE_TTL
    ) -> None:
        kept = ttl if task.own_ttl is None else task.own_ttl
        task.state, task.owner, task.value, task.due, task.memory = state, None, value, None, None
        task.expires = self.clock() + kept
        task.value_expires = self.clock() + (min(ttl, value_ttl) if task.own_ttl is None else kept)
        task.stops += value is not None
        task.has_message = state is not ResultState.SUCCESS

    def bury(self, task: Task, reason: str) -> None:
        self.letters.pop(task.id, None)
        self.letters[task.id] = (reason, task.queue)

    def put_back(self, task: Task, due: float | None, *, retry: bool) -> None:
        task.state, task.owner, task.due = ResultState.SUSPENDED, None, self.later(due)
        task.stops += 1
        task.retries += retry

    def refund(self, task: Task) -> None:
        task.owner, task.starts = None, task.starts - 1
        task.state = ResultState.SUSPENDED if task.starts else ResultState.PENDING

    def revoke(self, id_: UUID, reason: bytes, *, force: bool, ttl: float, value_ttl: float) -> None:
        task = self.tasks.get(id_)
        if task is None or not self.known(task):
            task = Task(id_, "")
            self.add(task)
            self.end(task, ResultState.REVOKED, reason, ttl, value_ttl)
            task.has_message = False
        elif not task.done:
            self.end(task, ResultState.REVOKED, reason, ttl, value_ttl)
        elif force and task.state is not ResultState.REVOKED:
            task.state, task.stops = ResultState.REVOKED, task.stops + 1

    def lose_engine(self, owner: int, *, politely: bool) -> None:
        for task in self.tasks.values():
            if task.owner == owner:
                task.owner = None
                if politely:
                    task.state, task.stops = ResultState.SUSPENDED, task.stops + 1

    def sweep(self) -> None:
        """Forget for good what has expired, whatever the clock says later."""
        for task in self.tasks.values():
            if task.value_expires <= self.clock() and task.done:
                task.value = None
            if not self.known(task):
                self.forget(task)

    def forget(self, task: Task) -> None:
        task.expires, task.value = 0.0, None

    def depth(self, queue: str) -> tuple[int, int, int]:
        """Count what is ready, delayed, running."""
        waiting = self.in_queue(queue)
        delayed = sum(self.later(task.due) is not None for task in waiting)
        running = sum(task.owner is not None and task.queue == queue for task in self.tasks.values())
        return len(waiting) - delayed, delayed, running
