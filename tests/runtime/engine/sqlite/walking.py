"""The rules of a random walk over the contract: what may be done next, and what must be thereafter."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, ClassVar, TypeVar
from uuid import UUID, uuid4

from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    initialize,
    invariant,
    multiple,
    precondition,
    rule,
)

from mog.engine.contracts import Engine
from mog.engine.records import DeadQuery, Delivery, Outcome, Requeue, Revocation, StoredValue, Waiting
from mog.errors import AlreadySubmitted
from mog.states import TERMINAL_STATES, ResultState
from mog.testing.clock import VirtualClock
from mog.testing.conformance import Deliveries
from mog.testing.conformance.kit import new_task

from .expected import TTL, VALUE_TTL, Expected, Task
from .inside import connection_of, store_of

T = TypeVar("T")
QUEUES = ("a", "b")
ENGINES = st.integers(0, 1)
DELAYS = st.sampled_from([None, -1.0, 5.0, 50.0])
Held = tuple[int, Delivery]
"""A delivery, and the number of the engine that has taken it."""


class EngineMachine(RuleBasedStateMachine):
    """Two engines at one store; one of them may crash, and another takes its place."""

    steps: ClassVar[int] = 0
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
        self.expected = Expected(self.clock)
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

    def has_tasks(self) -> bool:
        return bool(self.expected.tasks)

    def task_of(self, delivery: Delivery) -> Task:
        return self.expected.tasks[delivery.message.id]

    def any_task(self, data: st.DataObject) -> Task:
        """Draw a task; those that are of few, such as the running, as often as those of many."""
        return data.draw(st.sampled_from(data.draw(st.sampled_from(self.expected.kinds()))))

    # -- submit and claim

    @rule(
        by=ENGINES,
        queue=st.sampled_from(QUEUES),
        priority=st.integers(0, 10),
        delay=DELAYS,
        count=st.integers(1, 3),
        twice=st.booleans(),
        data=st.data(),
    )
    def submit(
        self, *, by: int, queue: str, priority: int, delay: float | None, count: int, twice: bool, data: st.DataObject
    ) -> None:
        """Submit some tasks, perhaps as children of another, perhaps one of them twice in one batch."""
        due = None if delay is None else self.clock() + delay
        parent = data.draw(st.sampled_from([None, *self.expected.tasks]))
        new = [new_task(queue, priority=priority, due=due, ttl=TTL, parent_id=parent) for _ in range(count)]
        answers = self.run(self.engines[by].results.create([*new, new[0]] if twice else new))
        assert answers[:count] == [None] * count
        assert all(isinstance(answer, AlreadySubmitted) for answer in answers[count:])
        for task in new:
            self.expected.add(Task(task.record.id, queue, priority, due, parent))

    @rule(by=ENGINES, queue=st.sampled_from(QUEUES))
    def submit_one(self, by: int, queue: str) -> None:
        """Submit, twice as often as others."""
        new = new_task(queue, ttl=TTL)
        assert self.run(self.engines[by].results.create([new])) == [None]
        self.expected.add(Task(new.record.id, queue))

    @precondition(lambda self: self.expected.ready())
    @rule(target=held, by=ENGINES)
    def claim_ready(self, by: int) -> Any:
        """Claim what is there."""
        return self.claim(by)

    @precondition(lambda self: self.expected.ready())
    @rule(target=held, by=ENGINES)
    def claim_another(self, by: int) -> Any:
        """Claim, three times as often as others."""
        return self.claim(by)

    @precondition(has_tasks)
    @rule(target=held, by=ENGINES)
    def claim(self, by: int) -> Any:
        collector = self.deliveries[by]
        ready = self.expected.ready()
        collector.consumer.grant(1)
        if not ready:
            self.run(self.nothing_comes(by))
            return multiple()
        delivery = self.run(collector.next())
        self.expected.claim(delivery, by)
        collector.ended[:] = [id_ for id_ in collector.ended if id_ != delivery.message.id]  # of an earlier life
        return by, delivery

    async def nothing_comes(self, by: int) -> None:
        await self.engines[by].broker.depth(QUEUES)
        for _ in range(3):
            await asyncio.sleep(0)
        taken = self.deliveries[by]
        taken.consumer.grant(-1)
        assert taken._waiting.empty()

    # -- what becomes of attempts

    @rule(
        one=consumes(held),
        state=st.sampled_from(sorted(TERMINAL_STATES)),
        by=ENGINES,
        twice=st.booleans(),
        reason=st.sampled_from([None, "gone", "lost"]),
    )
    def settle(self, one: Held, state: ResultState, by: int, twice: bool, reason: str | None) -> None:
        task, attempt = self.task_of(one[1]), one[1].attempt
        content = f"{state}{attempt}".encode()
        dead = None if state is ResultState.SUCCESS else reason
        item = Outcome(task.id, attempt, state, StoredValue(content), TTL, VALUE_TTL, dead)
        right = self.expected.is_current(one[1])
        answers = self.run(self.engines[by].results.settle([item, item] if twice else [item]))
        assert answers == ([right, False] if twice else [right])
        if right:
            self.expected.end(task, state, content)
        if right and dead is not None:
            self.expected.bury(task, dead)

    @rule(one=consumes(held), delay=DELAYS, retry=st.booleans(), twice=st.booleans())
    def put_back(self, one: Held, delay: float | None, retry: bool, twice: bool) -> None:
        """Pause or retry."""
        by, delivery = one
        due = None if delay is None else self.clock() + delay
        right = self.expected.is_current(delivery)
        item = Requeue(delivery.message.id, delivery.attempt, due, retry=retry)
        answers = self.run(self.engines[by].results.requeue([item, item] if twice else [item]))
        assert answers == ([right, False] if twice else [right])
        if right:
            self.expected.put_back(self.task_of(delivery), due, retry=retry)

    @rule(one=consumes(held), other=st.booleans())
    def refund(self, one: Held, other: bool) -> None:
        """Hand back what has not begun; only its owner may."""
        by, delivery = one
        by = 1 - by if other else by
        right = self.expected.is_current(delivery) and self.task_of(delivery).owner == by
        item = Requeue(delivery.message.id, delivery.attempt, refund=True)
        assert self.run(self.engines[by].results.requeue([item])) == [right]
        if right:
            self.expected.refund(self.task_of(delivery))

    @rule(one=held, by=ENGINES, waits=st.booleans())
    def set_waiting(self, one: Held, by: int, waits: bool) -> None:
        task, attempt = self.task_of(one[1]), one[1].attempt
        right = self.expected.is_current(one[1])
        assert self.run(self.engines[by].results.set_waiting([Waiting(task.id, attempt, waits)])) == [right]
        if right:
            task.state = ResultState.SUSPENDED if waits else ResultState.RUNNING

    # -- calling off

    @precondition(lambda self: self.expected.not_revoked())
    @rule(
        by=ENGINES,
        force=st.booleans(),
        twice=st.booleans(),
        ttls=st.sampled_from([(TTL, VALUE_TTL), (50.0, 100.0)]),
        data=st.data(),
    )
    def revoke(self, by: int, force: bool, twice: bool, ttls: tuple[float, float], data: st.DataObject) -> None:
        """Revoke a task that waits, runs or is done; who runs it is told."""
        task = data.draw(st.sampled_from(data.draw(st.sampled_from(self.expected.not_revoked()))))
        owner = task.owner
        self.revoke_id(task.id, by, force=force, twice=twice, ttls=ttls)
        if owner is not None:
            self.run(self.told(owner, task.id))

    def revoke_id(
        self, id_: UUID, by: int, *, force: bool, twice: bool = False, ttls: tuple[float, float] = (TTL, VALUE_TTL)
    ) -> None:
        item = Revocation(id_, StoredValue(b"off"), *ttls, force)
        records = self.run(self.engines[by].results.revoke([item, item] if twice else [item]))
        self.expected.revoke(id_, b"off", force=force, ttl=ttls[0], value_ttl=ttls[1])
        assert {(record.id, record.state) for record in records} == {(id_, self.expected.tasks[id_].state)}

    async def told(self, owner: int, id_: UUID) -> None:
        while id_ not in self.deliveries[owner].ended:
            await asyncio.sleep(0.001)

    # -- processes and time

    @rule(who=ENGINES, politely=st.booleans())
    def end_engine(self, who: int, politely: bool) -> None:
        """Crash or close an engine; another takes its place and knows nothing of it."""
        if politely:
            self.run(self.engines[who].close())
        else:
            self.engines[who].abandon()
        self.engines[who] = self.make()
        self.deliveries[who] = self.run(self.opened(who))
        self.run(self.recovered())
        self.expected.lose_engine(who, politely=politely)

    async def recovered(self) -> None:
        for engine in self.engines:
            recovery = store_of(engine)._recovery
            await recovery.stop()
            await recovery._look()
            store_of(engine)._hear_ended(())  # as at each tick
        self.expected.sweep()

    @rule(seconds=st.sampled_from([1.0, 10.0, 60.0, 150.0, 400.0]), sweep=st.booleans())
    def pass_time(self, seconds: float, sweep: bool) -> None:
        """Let time pass; what expires is forgotten, whether it is cleared away at once or not."""
        self.clock.advance(seconds)
        if sweep:
            self.run(self.recovered())

    @rule(seconds=st.sampled_from([1.0, 30.0, 1000.0]))
    def set_clock_back(self, seconds: float) -> None:
        """Turn the clock as no clock should turn; what is due or swept stays so."""
        self.run(self.recovered())
        self.clock._now -= seconds

    # -- what does not lead a task on

    @precondition(has_tasks)
    @rule(by=ENGINES, data=st.data())
    def something_rarer(self, by: int, data: st.DataObject) -> None:
        steps = [
            self.revoke_needlessly,
            self.submit_again,
            self.set_ttl,
            self.remember,
            self.delete,
            self.purge,
            self.drop_dead,
        ]
        data.draw(st.sampled_from(steps))(self.any_task(data), by)

    def revoke_needlessly(self, task: Task, by: int) -> None:
        """Revoke what is revoked or forgotten, or was never there."""
        if task.state is ResultState.REVOKED or not self.expected.known(task):
            self.revoke_id(task.id if task.starts else uuid4(), by, force=bool(task.priority % 2))

    def submit_again(self, task: Task, by: int) -> None:
        queue = task.queue or QUEUES[0]
        [answer] = self.run(self.engines[by].results.create([new_task(queue, id=task.id, ttl=TTL)]))
        if self.expected.known(task):
            assert isinstance(answer, AlreadySubmitted)
        else:
            assert answer is None
            self.expected.add(Task(task.id, queue))

    def purge(self, task: Task, by: int) -> None:
        dropped = self.expected.in_queue(task.queue)
        assert self.run(self.engines[by].broker.purge([task.queue])) == {task.queue: len(dropped)}
        for one in dropped:
            self.expected.end(one, ResultState.REVOKED, None)

    def set_ttl(self, task: Task, by: int) -> None:
        ttl, known = 5.0 if task.priority < 5 else 1000.0, self.expected.known(task)
        assert self.run(self.engines[by].results.set_ttl([(task.id, ttl)])) == [known]
        if not task.done:
            task.own_ttl = ttl
        elif known:
            task.value = self.expected.value_of(task)
            task.expires = task.value_expires = self.clock() + ttl

    def remember(self, task: Task, by: int) -> None:
        """Write State, as a run may that does not know yet that its task was revoked."""
        memory = str(self.clock()).encode()
        self.run(self.engines[by].state.set([(task.id, "place", memory)]))
        if not task.done:
            task.memory = memory

    def delete(self, task: Task, by: int) -> None:
        deleted = task.done and self.expected.known(task)
        assert self.run(self.engines[by].results.delete([task.id])) == [deleted]
        if deleted:
            self.expected.forget(task)

    def drop_dead(self, task: Task, by: int) -> None:
        dropped = self.expected.letters.pop(task.id, None) is not None
        assert self.run(self.engines[by].broker.drop_dead([task.id])) == [dropped]

    # -- what must be

    @invariant()
    def what_is_stored_is_what_is_known(self) -> None:
        if hasattr(self, "engines"):
            type(self).steps += 1
            self.run(self.compare_tasks())
            self.run(self.compare_the_rest())

    async def compare_tasks(self) -> None:
        expected, results = self.expected, self.engines[0].results
        ids = list(expected.tasks)
        records, values = await results.get(ids), await results.get_values(ids)
        messages = await results.get_messages(ids)
        states = await self.engines[1].state.get([(id_, "place") for id_ in ids])
        children = await results.children([(id_, None) for id_ in ids])
        for number, task in enumerate(expected.tasks.values()):
            record, value = records[number], values[number]
            assert states[number] == task.memory
            assert children[number] == expected.children(task.id)
            assert (value.content if value else None) == expected.value_of(task)
            assert (record is not None) == expected.known(task)
            if record is not None:
                assert (messages[number] is not None) == task.has_message
                assert (record.state, record.expires, record.parent_id) == (task.state, task.expires, task.parent)
                counts = (record.number_of_starts, record.number_of_stops, record.number_of_retries)
                assert counts == (task.starts, task.stops, task.retries)

    async def compare_the_rest(self) -> None:
        expected, broker = self.expected, self.engines[1].broker
        for depth in await broker.depth(QUEUES):
            assert (depth.ready, depth.delayed, depth.running) == expected.depth(depth.name)
        letters = [(one.id, one.reason, one.queue) for one in await broker.dead(DeadQuery(limit=1000))]
        assert letters == [(id_, *letter) for id_, letter in reversed(expected.letters.items())]
        running = [id_ for node in await broker.nodes() for id_ in node.running]
        assert sorted(running) == sorted(task.id for task in expected.tasks.values() if task.owner is not None)
        for number, deliveries in enumerate(self.deliveries):
            mistaken = [id_ for id_ in deliveries.ended if expected.tasks[id_].owner == number]
            assert mistaken == [], "a worker is told that what it runs has ended"
        assert connection_of(self.engines[0]).execute("PRAGMA foreign_key_check").fetchall() == []
