"""A random walk over the contract, with an oracle that knows what must be."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import Coroutine
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, initialize, invariant, precondition, rule

from mog.engine.contracts import Engine
from mog.engine.records import Delivery, Outcome, Requeue, StoredValue
from mog.engine.sqlite.engine import file_engine, memory_engine, memory_room
from mog.errors import AlreadySubmitted
from mog.states import TERMINAL_STATES, ResultState
from mog.testing.clock import VirtualClock
from mog.testing.conformance import Deliveries
from mog.testing.conformance.kit import new_task

from .inside import connection_of, store_of

T = TypeVar("T")
QUEUES = ("a", "b")
TTL, VALUE_TTL = 300.0, 100.0


@dataclass
class Task:
    """What the oracle knows of a task."""

    id: UUID
    queue: str
    priority: int
    due: float | None
    state: ResultState = ResultState.PENDING
    starts: int = 0
    stops: int = 0
    owner: int | None = None
    expires: float | None = None
    value: bytes | None = None
    value_expires: float = 0.0
    own_ttl: float | None = None
    memory: bytes | None = None


class EngineMachine(RuleBasedStateMachine):
    """Two engines at one store; one of them may crash, and another takes its place."""

    held = Bundle("held")

    def make(self) -> Engine:
        raise NotImplementedError

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        return self.loop.run_until_complete(asyncio.wait_for(coroutine, 20))

    @initialize()
    def begin(self) -> None:
        self.loop = asyncio.new_event_loop()
        self.clock = VirtualClock()
        self.directory = Path(tempfile.mkdtemp())
        self.tasks: dict[UUID, Task] = {}
        self.engines: list[Engine] = []
        self.deliveries: list[Deliveries] = []
        for number in range(2):
            self.engines.append(self.make())
            self.deliveries.append(self.run(self.opened(number)))

    async def opened(self, number: int) -> Deliveries:
        await self.engines[number].open()
        return await Deliveries.begin(self.engines[number], *QUEUES)

    def teardown(self) -> None:
        if hasattr(self, "loop"):
            for engine in self.engines:
                self.run(engine.close())
            self.loop.close()
            shutil.rmtree(self.directory)

    def known(self, task: Task) -> bool:
        return task.expires is None or task.expires > self.clock()

    def waiting(self) -> list[Task]:
        return [task for task in self.tasks.values() if task.state not in TERMINAL_STATES and task.owner is None]

    @rule(
        by=st.integers(0, 1),
        queue=st.sampled_from(QUEUES),
        priority=st.integers(0, 10),
        delay=st.sampled_from([None, -1.0, 5.0, 50.0]),
        count=st.integers(1, 4),
    )
    def submit(self, by: int, queue: str, priority: int, delay: float | None, count: int) -> None:
        due = None if delay is None else self.clock() + delay
        new = [new_task(queue, priority=priority, due=due, ttl=TTL) for _ in range(count)]
        assert self.run(self.engines[by].results.create(new)) == [None] * count
        for task in new:
            self.tasks[task.record.id] = Task(
                task.record.id, queue, priority, due if due and due > self.clock() else None
            )

    @precondition(lambda self: self.tasks)
    @rule(by=st.integers(0, 1), data=st.data())
    def something_rarer(self, by: int, data: st.DataObject) -> None:
        """One step of those that do not lead a task on."""
        task = data.draw(st.sampled_from(list(self.tasks.values())))
        step = data.draw(st.sampled_from([self.submit_again, self.set_ttl, self.remember, self.delete, self.purge]))
        step(task, by)

    def submit_again(self, task: Task, by: int) -> None:
        [answer] = self.run(self.engines[by].results.create([new_task(task.queue, id=task.id, ttl=TTL)]))
        if self.known(task):
            assert isinstance(answer, AlreadySubmitted)
        else:
            assert answer is None
            self.tasks[task.id] = Task(task.id, task.queue, 5, None)

    @rule(target=held, by=st.integers(0, 1))
    def claim_another(self, by: int) -> tuple[int, Delivery] | None:
        """Claim, twice as often as others."""
        return self.claim(by)

    @precondition(lambda self: self.tasks)
    @rule(target=held, by=st.integers(0, 1))
    def claim(self, by: int) -> tuple[int, Delivery] | None:
        """Take one message, which must be of the highest priority among those that are ready."""
        ready = [task for task in self.waiting() if task.due is None or task.due <= self.clock()]
        collector = self.deliveries[by]
        collector.consumer.grant(1)
        if not ready:
            self.run(self.nothing_comes(by))
            return None
        delivery = self.run(collector.next())
        task = self.tasks[delivery.message.id]
        assert task in ready
        assert task.priority == max(one.priority for one in ready)
        assert (delivery.attempt, delivery.crashes) == (task.starts + 1, task.starts - task.stops)
        task.state, task.owner, task.due = ResultState.RUNNING, by, None
        task.starts += 1
        return by, delivery

    async def nothing_comes(self, by: int) -> None:
        await self.engines[by].broker.depth(QUEUES)
        for _ in range(3):
            await asyncio.sleep(0)
        taken = self.deliveries[by]
        taken.consumer.grant(-1)
        assert taken._waiting.empty()

    def is_current(self, delivery: Delivery) -> bool:
        task = self.tasks[delivery.message.id]
        return task.state is ResultState.RUNNING and task.starts == delivery.attempt

    @rule(one=consumes(held), state=st.sampled_from(sorted(TERMINAL_STATES)), by=st.integers(0, 1), twice=st.booleans())
    def settle(self, one: tuple[int, Delivery] | None, state: ResultState, by: int, twice: bool) -> None:
        if one is None:
            return
        _, delivery = one
        task = self.tasks[delivery.message.id]
        content = f"{state}{delivery.attempt}".encode()
        item = Outcome(task.id, delivery.attempt, state, StoredValue(content), TTL, VALUE_TTL)
        right = self.is_current(delivery)
        answers = self.run(self.engines[by].results.settle([item, item] if twice else [item]))
        assert answers == ([right, False] if twice else [right])
        if right:
            self.end(task, state, content)

    def end(self, task: Task, state: ResultState, value: bytes | None) -> None:
        ttl = TTL if task.own_ttl is None else task.own_ttl
        task.state, task.owner, task.value, task.due, task.memory = state, None, value, None, None
        task.expires = self.clock() + ttl
        task.value_expires = self.clock() + (VALUE_TTL if task.own_ttl is None else ttl)
        task.stops += value is not None

    @rule(one=consumes(held), delay=st.sampled_from([None, -1.0, 5.0, 50.0]))
    def requeue(self, one: tuple[int, Delivery] | None, delay: float | None) -> None:
        if one is None:
            return
        by, delivery = one
        task = self.tasks[delivery.message.id]
        due = None if delay is None else self.clock() + delay
        right = self.is_current(delivery)
        assert self.run(self.engines[by].results.requeue([Requeue(task.id, delivery.attempt, due)])) == [right]
        if right:
            task.state, task.owner, task.stops = ResultState.SUSPENDED, None, task.stops + 1
            task.due = due if due is not None and due > self.clock() else None

    @rule(one=consumes(held))
    def refund(self, one: tuple[int, Delivery] | None) -> None:
        if one is None:
            return
        by, delivery = one
        task = self.tasks[delivery.message.id]
        right = self.is_current(delivery) and task.owner == by
        item = Requeue(task.id, delivery.attempt, refund=True)
        assert self.run(self.engines[by].results.requeue([item])) == [right]
        if right:
            task.owner, task.starts = None, task.starts - 1
            task.state = ResultState.SUSPENDED if task.starts else ResultState.PENDING

    @rule(who=st.integers(0, 1), politely=st.booleans())
    def end_engine(self, who: int, politely: bool) -> None:
        """Crash or close an engine; another takes its place and knows nothing of it."""
        if politely:
            self.run(self.engines[who].close())
        else:
            self.engines[who].abandon()
        self.engines[who] = self.make()
        self.deliveries[who] = self.run(self.opened(who))
        self.run(self.recovered())
        for task in self.tasks.values():
            if task.owner == who:
                task.owner = None
                if politely:
                    task.state, task.stops = ResultState.SUSPENDED, task.stops + 1

    async def recovered(self) -> None:
        for engine in self.engines:
            recovery = store_of(engine)._recovery
            await recovery.stop()
            await recovery._look()

    @rule(seconds=st.sampled_from([1.0, 10.0, 60.0, 150.0, 400.0]))
    def pass_time(self, seconds: float) -> None:
        self.clock.advance(seconds)
        self.run(self.recovered())

    def purge(self, task: Task, by: int) -> None:
        queue = task.queue
        dropped = [one for one in self.waiting() if one.queue == queue]
        assert self.run(self.engines[by].broker.purge([queue])) == {queue: len(dropped)}
        for one in dropped:
            self.end(one, ResultState.REVOKED, None)

    def set_ttl(self, task: Task, by: int) -> None:
        ttl = 5.0 if task.priority < 5 else 1000.0
        assert self.run(self.engines[by].results.set_ttl([(task.id, ttl)])) == [self.known(task)]
        if task.state not in TERMINAL_STATES:
            task.own_ttl = ttl
        elif self.known(task):
            if task.value_expires <= self.clock():
                task.value = None
            task.expires = task.value_expires = self.clock() + ttl

    def remember(self, task: Task, by: int) -> None:
        if task.state in TERMINAL_STATES:
            return
        task.memory = str(self.clock()).encode()
        self.run(self.engines[by].state.set([(task.id, "place", task.memory)]))

    def delete(self, task: Task, by: int) -> None:
        done = task.state in TERMINAL_STATES and self.known(task)
        assert self.run(self.engines[by].results.delete([task.id])) == [done]
        if done:
            task.expires, task.value = self.clock(), None

    @invariant()
    def what_is_stored_is_what_is_known(self) -> None:
        if not hasattr(self, "engines"):
            return
        self.run(self.compare())

    async def compare(self) -> None:
        ids, now = list(self.tasks), self.clock()
        engine = self.engines[0]
        records = await engine.results.get(ids)
        values = await engine.results.get_values(ids)
        states = await engine.state.get([(id_, "place") for id_ in ids])
        for task, record, value, memory in zip(self.tasks.values(), records, values, states, strict=True):
            assert memory == task.memory
            assert (record is not None) == self.known(task)
            alive = task.value is not None and task.value_expires > now and self.known(task)
            assert (value.content if value else None) == (task.value if alive else None)
            if record is not None:
                assert (record.state, record.number_of_starts) == (task.state, task.starts)
                assert (record.number_of_stops, record.expires) == (task.stops, task.expires)
        [one, other] = await self.engines[1].broker.depth(QUEUES)
        for depth in (one, other):
            waiting = [task for task in self.waiting() if task.queue == depth.name]
            delayed = sum(task.due is not None and task.due > now for task in waiting)
            running = sum(task.owner is not None and task.queue == depth.name for task in self.tasks.values())
            assert (depth.ready, depth.delayed, depth.running) == (len(waiting) - delayed, delayed, running)
        assert connection_of(engine).execute("PRAGMA foreign_key_check").fetchall() == []


class FileMachine(EngineMachine):
    def make(self) -> Engine:
        return file_engine(self.directory / "mog.db", clock=self.clock)


class MemoryMachine(EngineMachine):
    def make(self) -> Engine:
        if not self.engines:
            self.room = memory_room("memory://")
        return memory_engine(self.room, clock=self.clock)


@pytest.mark.parametrize(("machine", "examples"), [(FileMachine, 15), (MemoryMachine, 40)])
def test_random_walks(machine: type[EngineMachine], examples: int) -> None:
    walk = machine.TestCase()
    walk.settings = settings(
        max_examples=examples, stateful_step_count=60, deadline=None, suppress_health_check=list(HealthCheck)
    )
    walk.runTest()
