"""What is known of tasks."""

from __future__ import annotations

import asyncio
from uuid import uuid4

import pytest

from mog.engine.records import Query, Revocation, StoredValue
from mog.engine.redis import records as records_module
from mog.engine.redis.answers import Verdict
from mog.engine.redis.layout import MOGNET_FIELDS
from mog.engine.redis.store import RedisStore
from mog.errors import ResultError, ResultLost
from mog.states import ResultState
from mog.testing.clock import VirtualClock

from .place import TTL, VALUE, Listener, Place, outcome

WHY = StoredValue(b'{"value_type":"builtins:str","raw_value":"off"}', "gzip")


class TestRevoking:
    async def test_what_waits_never_starts(self, place: Place, store: RedisStore) -> None:
        waiting, late = await place.submit(store), await place.submit(store, due=await place.time() + 60)
        for id_ in (waiting, late):
            [revoked] = await store.records.revoke([Revocation(id_, WHY, TTL, TTL / 2)])
            assert revoked.changed
            record = revoked.record
            assert (record.state, record.number_of_starts, record.number_of_stops) == (ResultState.REVOKED, 0, 1)
            assert (record.due, record.finished is None) == (None, False)
            [admission] = await store.attempts.admit([place.arrival(id_)])
            assert admission.verdict is Verdict.DONE
        assert await store.schedule.promote() == ([], None)
        assert await store.records.get_values([waiting, late]) == [WHY, WHY]
        assert (await place.lives(place.layout.of_task("result", late, "value")) or 0.0) <= TTL / 2

    async def test_what_runs_is_nobodys_any_more(self, place: Place, store: RedisStore) -> None:
        other = await place.open()
        id_, attempt = await place.start(store)
        await store.attempts.hand_over([(id_, attempt)])
        [revoked] = await other.records.revoke([Revocation(id_, WHY, TTL, TTL)])
        assert revoked.changed
        assert (revoked.record.number_of_starts, revoked.record.number_of_stops) == (1, 1)
        assert await store.leases.running() == []
        assert await store.attempts.settle([outcome(id_, attempt)]) == [False]
        assert await store.schedule.promote() == ([], None)

    async def test_whoever_waits_is_told(self, place: Place, store: RedisStore) -> None:
        listener = Listener(store)
        ids = [await place.submit(store), (await place.start(store))[0]]
        await store.watches.watch(ids)
        await store.records.revoke([Revocation(id_, WHY, TTL, TTL) for id_ in ids])
        assert sorted(await listener.until(2)) == sorted(ids)

    async def test_what_is_done_stays_unless_forced(self, place: Place, store: RedisStore) -> None:
        id_ = await place.finish(store)
        [before] = await store.records.get([id_])
        [kept] = await store.records.revoke([Revocation(id_, WHY, TTL, TTL)])
        assert (kept.record, kept.changed) == (before, False)
        [forced] = await store.records.revoke([Revocation(id_, WHY, TTL, TTL, force=True)])
        assert (forced.record.state, forced.record.number_of_stops, forced.changed) == (ResultState.REVOKED, 2, True)
        [again] = await store.records.revoke([Revocation(id_, WHY, TTL, TTL, force=True)])
        assert (again.record.number_of_stops, again.changed) == (2, False)
        assert await store.records.get_values([id_]) == [VALUE]

    async def test_what_is_unknown_is_remembered(self, place: Place, store: RedisStore) -> None:
        id_ = uuid4()
        [revoked] = await store.records.revoke([Revocation(id_, WHY, 50.0, TTL)])
        assert (revoked.record.state, revoked.record.name, revoked.changed) == (ResultState.REVOKED, None, True)
        assert await store.submissions.create([place.new(id=id_)]) != [None]
        [admission] = await store.attempts.admit([place.arrival(id_)])
        assert admission.verdict is Verdict.DONE
        fields = await place.hash(place.layout.of_task("result", id_))
        assert fields.keys() >= set(MOGNET_FIELDS)
        for part in (None, "value"):
            assert (await place.lives(place.layout.of_task("result", id_, part)) or 0.0) <= 50

    async def test_one_of_many_that_revoke_at_once_has_done_it(self, place: Place) -> None:
        stores = [await place.open() for _ in range(4)]
        for _ in range(20):
            id_, _ = await place.start(stores[0])
            answers = await asyncio.gather(*(one.records.revoke([Revocation(id_, WHY, TTL, TTL)]) for one in stores))
            assert sum(answer[0].changed for answer in answers) == 1
            assert answers[0][0].record.number_of_stops == 1

    async def test_a_start_and_a_revoke_at_once(self, place: Place, store: RedisStore) -> None:
        other = await place.open()
        for _ in range(50):
            id_ = await place.submit(store)
            [admission], [revoked] = await asyncio.gather(
                store.attempts.admit([place.arrival(id_)]), other.records.revoke([Revocation(id_, WHY, TTL, TTL)])
            )
            [record] = await store.records.get([id_])
            assert record is not None
            assert record.state is ResultState.REVOKED
            assert revoked.changed
            assert record.number_of_starts == (1 if admission.verdict is Verdict.START else 0)
            assert await store.attempts.settle([outcome(id_, 1)]) == [False]


class TestReading:
    async def test_unknown_ids(self, place: Place, store: RedisStore) -> None:
        id_ = uuid4()
        assert await store.records.get([id_]) == [None]
        assert await store.records.get_values([id_]) == [None]
        assert await store.records.get_with_values([id_]) == [None]
        assert await store.records.get_messages([id_]) == [None]
        assert await store.records.get_metadata([id_]) == [{}]
        assert await store.records.children([(id_, None)]) == [[]]

    async def test_values_of_a_kind_that_is_not_known(self, place: Place, store: RedisStore) -> None:
        good, bad = await place.finish(store), await place.finish(store)
        await place.call("HSET", place.layout.of_task("result", bad, "value"), "content_type", '"text/plain"')
        values = await store.records.get_values([bad, good])
        assert isinstance(values[0], ResultError)
        assert values[1] == VALUE

    async def test_messages_until_success(self, place: Place, store: RedisStore) -> None:
        task = place.new(due=await place.time() + 60, priority=3)
        await store.submissions.create([task])
        done = await place.finish(store)
        assert await store.records.get_messages([done, task.record.id]) == [None, task.message]

    async def test_when_a_result_expires_that_mognet_has_written(self, place: Place, store: RedisStore) -> None:
        id_ = await place.submit(store)
        key = place.layout.of_task("result", id_)
        await place.call("HSET", key, "state", '"SUCCESS"')
        await place.call("EXPIRE", key, 500)
        [record] = await store.records.get([id_])
        assert record is not None
        assert record.expires is not None
        assert abs(record.expires - await place.time() - 500) < 5

    async def test_children_come_in_order_of_submission(self, place: Place) -> None:
        store = await place.open(clock=VirtualClock())
        parent, childless = await place.submit(store), await place.submit(store)
        first = [await place.submit(store, parent_id=parent) for _ in range(5)]
        batch = [place.new(parent_id=parent) for _ in range(250)]
        await store.submissions.create(batch)
        expected = first + [task.record.id for task in batch]
        asked = [(parent, None), (childless, None), (parent, 3), (parent, 0)]
        assert await store.records.children(asked) == [expected, [], expected[:3], []]

    async def test_children_that_are_gone_are_not_listed(self, place: Place, store: RedisStore) -> None:
        parent = await place.submit(store)
        there, gone = [await place.submit(store, parent_id=parent) for _ in range(2)]
        await place.call("DEL", place.layout.of_task("result", gone))
        assert await store.records.children([(parent, None)]) == [[there]]

    async def test_children_that_mognet_has_submitted_come_in_by_their_time(
        self, place: Place, store: RedisStore
    ) -> None:
        parent = await place.submit(store)
        ids = [await place.submit(store, parent_id=parent, created=1_795_485_332.0 + number) for number in range(3)]
        for number, place_in_index in ((0, 1_795_485_332), (2, 1_795_485_334)):
            await place.call("ZADD", place.layout.of("index"), place_in_index * 1_000_000, str(ids[number]))
        await place.call("ZREM", place.layout.of("index"), str(ids[1]))
        assert await store.records.children([(parent, None)]) == [ids]


class TestFinding:
    async def test_newest_first_page_by_page(self, place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(records_module, "STRETCH", 4)
        store = await place.open(clock=VirtualClock())
        ids = [await place.submit(store) for _ in range(11)]
        batch = [place.new() for _ in range(5)]
        await store.submissions.create(batch)
        ids += [task.record.id for task in batch]
        found, before = [], None
        while page := await store.records.find(Query(limit=3, before=before)):
            found += [record.id for record in page]
            before = found[-1]
        assert found == ids[::-1]

    async def test_what_one_run_has_stored_is_not_passed_over(
        self, place: Place, store: RedisStore, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Each has a place of its own in the index, whoever it was that put it there."""
        monkeypatch.setattr(records_module, "STRETCH", 3)
        ids = [uuid4() for _ in range(20)]
        await store.records.revoke([Revocation(id_, WHY, TTL, TTL) for id_ in ids])
        adopted = [uuid4() for _ in range(20)]
        for id_ in adopted:
            await place.call("HSET", place.layout.of_task("result", id_), "id", f'"{id_}"', "state", '"PENDING"')
        await store.attempts.admit([place.arrival(id_, None) for id_ in adopted])
        assert [record.id for record in await store.records.find(Query())] == (ids + adopted)[::-1]

    async def test_filters(self, place: Place, store: RedisStore, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(records_module, "STRETCH", 2)
        done = await place.finish(store)
        failed, attempt = await place.start(store)
        await store.attempts.settle([outcome(failed, attempt, ResultState.FAILURE)])
        other = place.new(queue=f"{place.app}.other")
        other.record.name = "größe"
        await store.submissions.create([other])
        mail = other.record.id
        for query, expected in [
            (Query(), [mail, failed, done]),
            (Query(limit=1), [mail]),
            (Query(limit=0), []),
            (Query(states=frozenset({ResultState.SUCCESS, ResultState.FAILURE})), [failed, done]),
            (Query(states=frozenset({ResultState.RUNNING})), []),
            (Query(queue=place.queue), [failed, done]),
            (Query(name="größe"), [mail]),
            (Query(name="suite.task", queue=f"{place.app}.other"), []),
        ]:
            assert [record.id for record in await store.records.find(query)] == expected

    async def test_what_is_gone_is_passed_over(self, place: Place, store: RedisStore) -> None:
        ids = [await place.submit(store) for _ in range(3)]
        await place.call("DEL", place.layout.of_task("result", ids[1]))
        assert [record.id for record in await store.records.find(Query())] == [ids[2], ids[0]]

    async def test_before_an_id_that_is_unknown(self, store: RedisStore) -> None:
        with pytest.raises(ResultLost):
            await store.records.find(Query(before=uuid4()))


class TestKeeping:
    async def test_metadata_is_merged(self, place: Place, store: RedisStore) -> None:
        id_ = await place.submit(store, metadata={"a": b"1", "b": b"2"})
        unknown = uuid4()
        odd = "\ud800\n\0"
        changes = [(id_, {"b": b"3", odd: b"4"}), (unknown, {"a": b"1"}), (id_, {})]
        assert await store.records.set_metadata(changes) == [None, None, None]
        assert await store.records.get_metadata([id_, unknown]) == [{"a": b"1", "b": b"3", odd: b"4"}, {}]
        assert not await place.call("EXISTS", place.layout.of_task("result", unknown, "metadata"))

    async def test_metadata_lives_as_long_as_the_result(self, place: Place, store: RedisStore) -> None:
        running, done = await place.submit(store), await place.finish(store)
        await place.age(TTL / 2)
        await store.records.set_metadata([(running, {"a": b"1"}), (done, {"a": b"1"})])
        assert await place.lives(place.layout.of_task("result", running, "metadata")) is None
        assert (await place.lives(place.layout.of_task("result", done, "metadata")) or 0.0) <= TTL / 2

    async def test_the_time_to_live_counts_from_now(self, place: Place) -> None:
        clock = VirtualClock()
        store = await place.open(clock=clock)
        id_, attempt = await place.start(store, await place.submit(store, metadata={"a": b"1"}))
        await place.submit(store, parent_id=id_)
        await store.attempts.settle([outcome(id_, attempt, ResultState.FAILURE)])
        clock.advance(5)
        assert await store.records.set_ttl([(id_, 77.5), (uuid4(), 1.0)]) == [True, False]
        [record] = await store.records.get([id_])
        assert record is not None
        assert record.expires == clock() + 77.5
        key = place.layout.of_task
        for name in (key("result", id_), *(key("result", id_, part) for part in ("value", "children", "metadata"))):
            assert 70 < (await place.lives(name) or 0.0) <= 77.5
        assert 70 < (await place.lives(key("body", id_)) or 0.0) <= 77.5

    async def test_before_the_end_it_counts_from_there(self, place: Place, store: RedisStore) -> None:
        settled, attempt = await place.start(store)
        revoked, unsent = await place.submit(store), await place.submit(store)
        purged = await place.submit(store, queue=f"{place.app}.other")
        ids = [settled, revoked, unsent, purged]
        assert await store.records.set_ttl([(id_, 33.0) for id_ in ids]) == [True] * 4
        assert await place.lives(place.layout.of_task("result", settled)) is None
        await store.attempts.settle([outcome(settled, attempt)])
        await store.records.revoke([Revocation(revoked, WHY, TTL, TTL)])
        await store.submissions.not_sent([unsent], WHY)
        await store.schedule.purge([f"{place.app}.other"])
        for id_ in ids:
            assert 30 < (await place.lives(place.layout.of_task("result", id_)) or 0.0) <= 33
        for id_ in ids[:3]:
            assert 30 < (await place.lives(place.layout.of_task("result", id_, "value")) or 0.0) <= 33

    async def test_delete_leaves_nothing_of_what_is_done(self, place: Place, store: RedisStore) -> None:
        done, attempt = await place.start(store, await place.submit(store, metadata={"a": b"1"}))
        child = await place.submit(store, parent_id=done)
        await store.attempts.settle([outcome(done, attempt, ResultState.FAILURE)])
        running, _ = await place.start(store)
        assert await store.records.delete([done, running, child, uuid4()]) == [True, False, False, False]
        assert not {key for key in await place.keys() if str(done) in key}
        assert await store.records.get([done]) == [None]
        assert [record.id for record in await store.records.find(Query())] == [running, child]
        assert await store.submissions.create([place.new(id=done)]) == [None]
