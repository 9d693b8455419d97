"""Workers that die, messages that get lost or come twice, all at once: every task ends once, and nothing is left.

RabbitMQ is played by a list; a worker is killed by cancelling it wherever it stands, and ending its lease. Its ghost
may still say how the last attempts ended.
"""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import Sequence
from random import Random
from uuid import UUID

import pytest

from mog.engine.records import Requeue, Revocation, Waiting
from mog.engine.redis.answers import Arrival, Verdict, WakeUp
from mog.engine.redis.store import RedisStore
from mog.states import TERMINAL_STATES, ResultState
from mog.testing.clock import VirtualClock

from .place import TTL, VALUE, Place, eventually, outcome

TASKS, WORKERS, KILLS = 150, 4, 25
CLUMSINESS = 0.1


class Worker:
    """Takes messages and does something with what it may start."""

    def __init__(self, walk: Walk, store: RedisStore) -> None:
        self.walk, self.store, self.dice = walk, store, walk.dice
        self.unacknowledged: list[WakeUp] = []
        self.attempts: dict[UUID, int] = {}
        self.tasks = [asyncio.create_task(self.work()) for _ in range(5)]
        self.tasks.append(asyncio.create_task(self.keep_up()))

    async def work(self) -> None:
        while True:
            while not self.walk.ready:
                await asyncio.sleep(0.001)
            message = self.walk.ready.popleft()
            self.unacknowledged.append(message)
            arrival = Arrival(message.id, message.seq, message.queue, message.priority, message.body)
            [admission] = await self.store.attempts.admit([arrival])
            if admission.verdict is Verdict.START:
                await self.run(message.id, admission.attempt)
            self.unacknowledged.remove(message)

    async def run(self, id_: UUID, attempt: int) -> None:
        walk = self.walk
        assert id_ not in walk.runs, "two run it at once"
        assert walk.clock() >= walk.due.pop(id_, 0.0), "it starts before it is due"
        walk.runs[id_] = self
        self.attempts[id_] = attempt
        try:
            for _ in range(self.dice.randrange(4)):
                await self.act(id_, attempt)
            await self.end(id_, attempt)
        finally:
            if walk.runs.get(id_) is self:
                del walk.runs[id_]

    async def act(self, id_: UUID, attempt: int) -> None:
        match self.dice.randrange(4):
            case 0:
                await self.store.attempts.hand_over([(id_, attempt)])
            case 1:
                await self.store.attempts.set_waiting([Waiting(id_, attempt, self.dice.random() < 0.5)])
            case 2:
                await self.store.scripts.run("state_set", (), [(str(id_), "place", b"1")])
            case 3:
                await asyncio.sleep(0)

    async def end(self, id_: UUID, attempt: int) -> None:
        if self.dice.random() < 0.4:
            due = self.dice.choice([None, self.walk.clock() + 2])
            refund = self.dice.random() < 0.3
            [answer] = await self.store.attempts.requeue([Requeue(id_, attempt, due, refund, retry=not refund)])
            del self.walk.runs[id_]
            if isinstance(answer, WakeUp):
                await self.publish([answer])
            elif answer and due:
                self.walk.due[id_] = due
            return
        state = self.dice.choice([ResultState.SUCCESS, ResultState.FAILURE])
        [settled] = await self.store.attempts.settle([outcome(id_, attempt, state)])
        self.walk.ends[id_] += settled

    async def publish(self, wake_ups: Sequence[WakeUp]) -> None:
        for wake_up in wake_ups:
            luck = self.dice.random() / (self.walk.clumsiness or 1e-9)
            if luck < 1:
                continue  # lost
            self.walk.ready += [wake_up] * (2 if luck < 2 else 1)
            if luck >= 3:  # else nobody says that it was confirmed
                await self.store.submissions.sent([(wake_up.id, wake_up.seq)])

    async def keep_up(self) -> None:
        while True:
            await self.store.leases.renew()
            found, _ = await self.store.schedule.promote(20)
            found += await self.store.leases.void()
            found += await self.store.submissions.unsent(0.05)
            await self.publish(found)
            self.walk.clock.advance(0.2)
            await asyncio.sleep(0.01)

    async def stop(self) -> None:
        for task in self.tasks:
            task.cancel()
        for ended in await asyncio.gather(*self.tasks, return_exceptions=True):
            if not isinstance(ended, asyncio.CancelledError):
                raise ended


class Walk:
    def __init__(self, place: Place, seed: int) -> None:
        self.place, self.dice, self.clock = place, Random(seed), VirtualClock()
        self.clumsiness = CLUMSINESS
        self.ready: deque[WakeUp] = deque()
        self.runs: dict[UUID, Worker] = {}
        self.ends = Counter[UUID]()
        self.due: dict[UUID, float] = {}
        self.workers: list[Worker] = []
        self.ghosts: list[asyncio.Task[None]] = []

    async def hire(self) -> None:
        self.workers.append(Worker(self, await self.place.open(clock=self.clock)))

    async def kill(self) -> None:
        """Let a worker die: it says nothing, and what it did not acknowledge comes again."""
        victim = self.workers.pop(self.dice.randrange(len(self.workers)))
        await victim.stop()
        self.runs = {id_: worker for id_, worker in self.runs.items() if worker is not victim}
        await self.place.call("ZADD", self.place.layout.of("nodes"), 1, victim.store.owner)
        self.ready.extendleft(victim.unacknowledged)
        self.ghosts.append(asyncio.create_task(self.haunt(victim)))

    async def haunt(self, ghost: Worker) -> None:
        """Settle what was lost with a worker; it counts as long as nobody else has started it."""
        for id_, attempt in ghost.attempts.items():
            await asyncio.sleep(self.dice.random() * 0.01)
            [settled] = await ghost.store.attempts.settle([outcome(id_, attempt)])
            self.ends[id_] += settled
        await ghost.store.close()


@pytest.mark.parametrize("seed", range(4))
async def test_every_task_ends_once_whoever_dies(place: Place, seed: int) -> None:
    walk = Walk(place, seed)
    client = await place.open(clock=walk.clock, lease=None)
    for _ in range(WORKERS):
        await walk.hire()
    ids: list[UUID] = []
    for kill in range(KILLS):
        tasks = [place.new(due=walk.clock() + 1 if walk.dice.random() < 0.2 else None) for _ in range(TASKS // KILLS)]
        await client.submissions.create(tasks)
        ids += [task.record.id for task in tasks]
        published = [task.message for task in tasks if task.message.due is None]
        await walk.workers[0].publish([WakeUp(one.id, 0, one.queue, 5, one.body) for one in published])
        for revocation in [Revocation(walk.dice.choice(ids), VALUE, TTL, TTL)] * (kill % 3 == 0):
            [revoked] = await client.records.revoke([revocation])
            walk.ends[revocation.id] += revoked.changed
        await walk.kill()
        await walk.hire()
    walk.clumsiness = 0.0

    async def all_have_ended() -> bool:
        return all(record and record.state in TERMINAL_STATES for record in await client.records.get(ids))

    await eventually(all_have_ended)
    await asyncio.gather(*walk.ghosts)
    assert max(walk.ends.values()) == 1
    for record in await client.records.get(ids):
        assert record is not None
        assert record.number_of_stops <= record.number_of_starts + (record.state is ResultState.REVOKED)
    await nothing_is_left(place, walk)


async def nothing_is_left(place: Place, walk: Walk) -> None:
    await eventually(lambda: not walk.ready)
    for worker in walk.workers:
        await worker.stop()
        assert await worker.store.leases.release() == []
    store = await place.open(clock=walk.clock, lease=None)
    await store.submissions.unsent(0.0, limit=1000)
    await store.schedule.promote(limit=1000)
    await place.age(TTL + 1)
    for _ in range(2):
        await place.call("HDEL", place.layout.of("sweeping"), "time")
        await store.schedule.sweep()
    assert await store.leases.void() == []
    assert await place.keys() == set()
