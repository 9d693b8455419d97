"""What waits in the store: when it comes up, how it is counted, revoked and cleared up."""

from __future__ import annotations

import asyncio
from uuid import UUID, uuid4

import pytest

from mog.engine.records import Requeue, Revocation, Waiting
from mog.engine.redis import schedule
from mog.engine.redis.answers import Backlog, Verdict, WakeUp
from mog.engine.redis.leases import Leases
from mog.engine.redis.store import RedisStore
from mog.states import ResultState
from mog.testing.clock import VirtualClock

from .place import TTL, VALUE, Listener, Place, outcome


class TestPromotion:
    async def test_what_is_due_comes_up_once(self, place: Place) -> None:
        clock = VirtualClock()
        store = await place.open(clock=clock)
        now, later = place.new(due=clock() + 10, priority=7), place.new(due=clock() + 30)
        await store.submissions.create([now, later])
        assert await store.schedule.promote() == ([], 10.0)
        clock.advance(10)
        wake_up = WakeUp(now.record.id, 0, place.queue, 7, now.message.body)
        assert await store.schedule.promote() == ([wake_up], 20.0)
        assert await store.schedule.promote() == ([], 20.0)
        assert await store.submissions.unsent(0.0) == [wake_up], "it is in the outbox"
        clock.advance(20)
        assert [found.id for found in (await store.schedule.promote())[0]] == [later.record.id]
        assert await store.schedule.promote() == ([], None)
        assert not await place.call("EXISTS", place.layout.of("queues"))

    async def test_of_several_queues_at_most_so_many(self, place: Place) -> None:
        clock = VirtualClock()
        store = await place.open(clock=clock)
        tasks = [place.new(queue=f"{place.app}.{number % 3}", due=clock() + number) for number in range(1, 10)]
        await store.submissions.create(tasks)
        clock.advance(10)
        first, wait = await store.schedule.promote(limit=5)
        assert (len(first), wait) == (5, 0.0)
        second, wait = await store.schedule.promote(limit=5)
        assert (len(second), wait) == (4, None)
        assert {found.id for found in first + second} == {task.record.id for task in tasks}

    async def test_what_two_promote_at_once_comes_up_once(self, place: Place) -> None:
        clock = VirtualClock()
        stores = [await place.open(clock=clock) for _ in range(4)]
        await stores[0].submissions.create([place.new(due=clock() - 1) for _ in range(50)])
        found = await asyncio.gather(*(store.schedule.promote(20) for store in stores))
        ids = [wake_up.id for wake_ups, _ in found for wake_up in wake_ups]
        assert len(ids) == len(set(ids)) == 50

    async def test_what_is_over_or_gone_does_not_come_up(self, place: Place) -> None:
        clock = VirtualClock()
        store = await place.open(clock=clock)
        revoked, gone, there = [place.new(due=clock() + 1) for _ in range(3)]
        await store.submissions.create([revoked, gone, there])
        await store.records.revoke([Revocation(revoked.record.id, VALUE, TTL, TTL)])
        await place.call("DEL", place.layout.of_task("result", gone.record.id))
        clock.advance(5)
        found, _ = await store.schedule.promote()
        assert [wake_up.id for wake_up in found] == [there.record.id]

    async def test_what_is_parked_comes_up_when_its_owner_has_died(self, place: Place, store: RedisStore) -> None:
        victim = await place.open(lease=60)
        id_, attempt = await place.start(victim)
        await victim.attempts.hand_over([(id_, attempt)])
        found, wait = await store.schedule.promote()
        assert found == []
        assert wait is not None
        assert 50 < wait <= 60
        await place.lapse(victim)
        await Leases(victim.scripts, victim.owner, "node", 120.0).renew()
        found, wait = await store.schedule.promote()
        assert found == [], "it was renewed"
        assert (await store.schedule.promote())[0] == []
        found, wait = await store.schedule.promote()
        assert wait is not None
        assert 110 < wait <= 120, "it is parked until the new end"
        await place.lapse(victim)
        [wake_up], _ = await store.schedule.promote()
        assert (wake_up.id, wake_up.seq) == (id_, 1)
        [admission] = await store.attempts.admit([place.arrival(id_, wake_up.seq)])
        assert (admission.verdict, admission.crashes) == (Verdict.START, 1)

    async def test_what_was_parked_and_put_back_comes_up_by_its_due_time(self, place: Place, store: RedisStore) -> None:
        id_, attempt = await place.start(store)
        await store.attempts.hand_over([(id_, attempt)])
        await store.attempts.requeue([Requeue(id_, attempt, due=await place.time() + 60)])
        found, wait = await store.schedule.promote()
        assert found == []
        assert wait is not None
        assert wait > 50


class TestCounts:
    async def test_what_waits_and_runs(self, place: Place, store: RedisStore) -> None:
        other = await place.open()
        now = await place.time()
        await store.submissions.create([place.new(due=now + 60), place.new(due=now + 60), place.new(due=now - 1)])
        await store.submissions.create([place.new(queue=f"{place.app}.other", due=now + 60), place.new()])
        await place.start(store)
        id_, attempt = await place.start(other)
        await other.attempts.set_waiting([Waiting(id_, attempt, waits=True)])
        names = [place.queue, f"{place.app}.other", f"{place.app}.unknown"]
        assert await store.schedule.counts(names) == [Backlog(2, 1, 2), Backlog(1, 0, 0), Backlog(0, 0, 0)]


class TestPurge:
    async def test_all_that_waits_in_a_queue_is_revoked(self, place: Place, store: RedisStore) -> None:
        listener = Listener(store)
        now = await place.time()
        waiting = [await place.submit(store) for _ in range(7)]
        waiting += [await place.submit(store, due=now + 60) for _ in range(3)]
        suspended, attempt = await place.start(store)
        await store.attempts.requeue([Requeue(suspended, attempt, due=now + 60)])
        waiting.append(suspended)
        other = await place.submit(store, queue=f"{place.app}.other")
        running, attempt = await place.start(store)
        parent, parents_attempt = await place.start(store)
        await store.attempts.set_waiting([Waiting(parent, parents_attempt, waits=True)])
        done = await place.finish(store)
        await store.watches.watch(waiting[:1])
        queues = [place.queue, f"{place.app}.unknown", place.queue]
        assert await store.schedule.purge(queues) == [11, 0, 11]
        records = await store.records.get([*waiting, other, running, parent, done])
        states = [record.state for record in records if record]
        assert states[:11] == [ResultState.REVOKED] * 11
        assert states[11:] == [
            ResultState.PENDING,
            ResultState.RUNNING,
            ResultState.SUSPENDED,
            ResultState.SUCCESS,
        ]
        assert await listener.until(1) == waiting[:1]
        assert await store.schedule.promote() == ([], None)
        ends = [outcome(running, attempt), outcome(parent, parents_attempt)]
        assert await store.attempts.settle(ends) == [True, True]

    async def test_more_than_one_stretch(
        self, place: Place, store: RedisStore, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(schedule, "STRETCH", 3)
        await store.submissions.create([place.new(queue=f"{place.app}.{number % 2}") for number in range(20)])
        assert await store.schedule.purge([f"{place.app}.0"]) == [10]
        assert await store.schedule.purge([f"{place.app}.0", f"{place.app}.1"]) == [0, 10]


class TestSweep:
    async def walk(self, store: RedisStore, place: Place) -> None:
        """Walk through the whole index."""
        for _ in range(3):
            await place.call("HDEL", place.layout.of("sweeping"), "time")
            await store.schedule.sweep()

    async def test_nothing_is_left_when_all_has_expired(self, place: Place, store: RedisStore) -> None:
        parent, attempt = await place.start(store)
        await place.submit(store, parent_id=parent, metadata={"a": b"1"}, due=await place.time() + 60)
        await store.submissions.create([place.new(), place.new(due=await place.time() + 60)])
        await store.attempts.settle([outcome(parent, attempt, ResultState.FAILURE)])
        await store.schedule.purge([place.queue])
        await store.records.revoke([Revocation(uuid4(), VALUE, TTL, TTL)])
        await place.finish(store, metadata={"a": b"1"})
        watched, attempt = await place.start(store)
        await store.watches.watch([watched])
        await store.attempts.settle([outcome(watched, attempt)])
        await store.leases.release()
        await place.age(TTL + 1)
        await self.walk(store, place)
        assert await store.schedule.promote() == ([], None)
        assert await place.keys() == set()

    async def test_what_is_there_stays(self, place: Place, store: RedisStore) -> None:
        await place.submit(store, metadata={"a": b"1"})
        await place.submit(store, due=await place.time() + 60)
        await place.finish(store)
        await place.start(store)
        before = await place.keys()
        await self.walk(store, place)
        assert await place.keys() - before == {"mog.sweeping"}
        assert not before - await place.keys()

    async def test_what_a_mognet_worker_has_ended_is_cleared_up(self, place: Place, store: RedisStore) -> None:
        id_ = await place.submit(store, due=await place.time() + 60)
        await store.watches.watch([id_])
        key = place.layout.of_task("result", id_)
        await place.call("HSET", key, "state", '"SUCCESS"', "number_of_starts", "1", "number_of_stops", "1")
        await place.call("EXPIRE", key, 1000)
        await self.walk(store, place)
        assert await store.schedule.promote() == ([], None)
        assert 900 < (await place.lives(place.layout.of_task("body", id_)) or 0.0) <= 1000
        [record] = await store.records.get([id_])
        assert record is not None
        assert record.expires is not None
        assert await store.submissions.unsent(0.0) == []

    async def test_nothing_of_what_a_mognet_worker_has_ended_is_left_for_ever(
        self, place: Place, store: RedisStore
    ) -> None:
        id_ = await place.submit(store, metadata={"a": b"1"})
        await place.submit(store, parent_id=id_)
        await place.call("HSET", place.layout.of_task("state", id_), "place", "1")
        key = place.layout.of_task("result", id_)
        await place.call("HSET", key, "state", '"REVOKED"')
        await place.call("EXPIRE", key, 1000)
        await self.walk(store, place)
        for part in ("children", "metadata"):
            assert 900 < (await place.lives(place.layout.of_task("result", id_, part)) or 0.0) <= 1000
        assert not await place.call("EXISTS", place.layout.of_task("state", id_))

    async def test_the_fleet_goes_one_stretch_at_a_time(
        self, place: Place, store: RedisStore, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        other = await place.open()
        await place.submit(store)
        looked_at = [await one.schedule.sweep() for one in (store, other, store)]
        assert looked_at == [1, 0, 0]
        monkeypatch.setattr(schedule, "SWEPT_EVERY", 0.0)
        assert await other.schedule.sweep() == 0, "it was at the end"
        assert await store.schedule.sweep() == 1

    async def test_the_walk_begins_again_at_its_end(self, place: Place, store: RedisStore) -> None:
        ids: list[UUID] = [await place.submit(store) for _ in range(5)]
        await self.walk(store, place)
        await place.call("DEL", place.layout.of_task("result", ids[0]))
        await self.walk(store, place)
        assert await place.call("ZCARD", place.layout.of("index")) == 4
