"""From a message's arrival to the end of the attempt."""

from __future__ import annotations

import asyncio
from collections import Counter
from uuid import UUID, uuid4

from mog.engine.records import Record, Requeue, Revocation, StoredValue, Waiting
from mog.engine.redis.answers import Admission, Verdict, WakeUp
from mog.engine.redis.layout import OWN_FIELDS
from mog.engine.redis.store import RedisStore
from mog.states import ResultState

from .place import TTL, VALUE, VALUE_TTL, Place, outcome


async def record_of(store: RedisStore, id_: UUID) -> Record:
    [record] = await store.records.get([id_])
    assert record is not None
    return record


async def admit(store: RedisStore, place: Place, id_: UUID, seq: int | None = 0, *, again: bool = False) -> Admission:
    [admission] = await store.attempts.admit([place.arrival(id_, seq)], again=again)
    return admission


async def parked(place: Place) -> dict[UUID, float]:
    found = await place.call("ZRANGE", place.layout.of("parked"), 0, -1, "WITHSCORES")
    return {UUID(found[at].decode()): float(found[at + 1]) for at in range(0, len(found), 2)}


class TestArrivals:
    async def test_a_task_starts(self, place: Place, store: RedisStore) -> None:
        parent = uuid4()
        id_ = await place.submit(store, parent_id=parent, created=1_795_485_332.25)
        expected = Admission(Verdict.START, 1, 0, 0, 1_795_485_332.25, parent)
        assert await admit(store, place, id_) == expected
        record = await record_of(store, id_)
        assert (record.state, record.number_of_starts, record.node_id) == (ResultState.RUNNING, 1, "node")
        assert record.started is not None
        assert await store.leases.running() == [id_]

    async def test_a_task_that_is_not_known_is_missing(self, place: Place, store: RedisStore) -> None:
        assert await admit(store, place, uuid4()) == Admission(Verdict.MISSING)

    async def test_a_task_that_has_ended_is_done(self, place: Place, store: RedisStore) -> None:
        done, revoked = await place.finish(store), await place.submit(store)
        await store.records.revoke([Revocation(revoked, VALUE, TTL, TTL)])
        for id_ in (done, revoked):
            before = await record_of(store, id_)
            assert await admit(store, place, id_) == Admission(Verdict.DONE)
            assert await record_of(store, id_) == before

    async def test_a_second_message_of_a_running_task_is_parked(self, place: Place, store: RedisStore) -> None:
        other = await place.open()
        id_, attempt = await place.start(store)
        for asker in (other, store):
            assert await admit(asker, place, id_, seq=9) == Admission(Verdict.PARKED)
        lease = float(await place.call("ZSCORE", place.layout.of("nodes"), store.owner))
        assert await parked(place) == {id_: lease}
        assert await store.attempts.settle([outcome(id_, attempt)]) == [True]
        assert await parked(place) == {}

    async def test_the_same_message_twice_in_a_batch_starts_once(self, place: Place, store: RedisStore) -> None:
        arrival = place.arrival(await place.submit(store))
        first, second = await store.attempts.admit([arrival, arrival])
        assert (first.verdict, second.verdict) == (Verdict.START, Verdict.PARKED)

    async def test_a_message_counts_no_more_once_there_is_a_newer_one(self, place: Place, store: RedisStore) -> None:
        id_, attempt = await place.start(store)
        [wake_up] = await store.attempts.requeue([Requeue(id_, attempt)])
        assert isinstance(wake_up, WakeUp)
        assert await admit(store, place, id_, wake_up.seq - 1) == Admission(Verdict.STALE)
        assert (await record_of(store, id_)).state is ResultState.SUSPENDED
        assert (await admit(store, place, id_, wake_up.seq)).attempt == 2

    async def test_parking_makes_earlier_messages_count_no_more(self, place: Place, store: RedisStore) -> None:
        """Whoever parks it may die before the message is acknowledged: it comes again."""
        id_, _ = await place.start(store)
        assert (await admit(store, place, id_)).verdict is Verdict.PARKED
        assert (await admit(store, place, id_)).verdict is Verdict.STALE

    async def test_of_a_dead_owner_a_crash_is_counted(self, place: Place, store: RedisStore) -> None:
        victim = await place.open()
        id_, _ = await place.start(victim)
        assert (await admit(store, place, id_)).verdict is Verdict.PARKED
        await place.lapse(victim)
        again = await admit(store, place, id_, seq=1)
        assert (again.verdict, again.attempt, again.crashes) == (Verdict.START, 2, 1)
        assert await victim.leases.running() == []
        assert await parked(place) == {}
        assert await victim.attempts.settle([outcome(id_, 1)]) == [False]
        assert await store.attempts.settle([outcome(id_, 2)]) == [True]

    async def test_whoever_asks_lives(self, place: Place) -> None:
        """Else what it starts would count as a crash at once."""
        store = await place.open(lease=None)
        id_, _ = await place.start(store)
        other = await place.open()
        assert (await admit(other, place, id_)).verdict is Verdict.PARKED

    async def test_a_start_whose_answer_was_lost_is_told_again(self, place: Place, store: RedisStore) -> None:
        other = await place.open()
        id_, attempt = await place.start(store)
        before = await record_of(store, id_)
        again = await admit(store, place, id_, again=True)
        assert (again.verdict, again.attempt, again.crashes) == (Verdict.START, attempt, 0)
        assert await record_of(store, id_) == before
        assert (await admit(other, place, id_, again=True)).verdict is Verdict.PARKED

    async def test_many_that_ask_for_one_task_start_it_once(self, place: Place) -> None:
        stores = [await place.open(node=f"node-{number}") for number in range(4)]
        for _ in range(25):
            id_ = await place.submit(stores[0])
            admissions = await asyncio.gather(*(admit(one, place, id_) for one in stores))
            verdicts = Counter(admission.verdict for admission in admissions)
            assert verdicts[Verdict.START] == 1

    async def test_the_due_time_is_over_once_it_starts(self, place: Place, store: RedisStore) -> None:
        id_ = await place.submit(store, due=await place.time() - 1)
        [wake_up], _ = await store.schedule.promote()
        await place.start(store, id_, wake_up.seq)
        assert (await record_of(store, id_)).due is None


class TestMognetsTasks:
    """What a Mognet process has submitted: its hash has its fields alone, its message no seq."""

    async def submit(self, place: Place, **changes: str) -> UUID:
        id_ = changes.pop("id", None) or uuid4()
        fields = {
            "id": f'"{id_}"',
            "name": '"shop.add"',
            "state": '"PENDING"',
            "number_of_starts": "0",
            "number_of_stops": "0",
            "parent_id": "null",
            "created": '"2026-11-24T01:55:32.500445Z"',
            "started": "null",
            "finished": "null",
            "node_id": "null",
            "request_kwargs_repr": '"1, 1"',
        } | changes
        key = place.layout.of_task("result", id_)
        await place.call("HSET", key, *(text for pair in fields.items() for text in pair))
        await place.call("EXPIRE", key, 1814400)
        return id_

    async def test_it_is_adopted_when_it_starts(self, place: Place, store: RedisStore) -> None:
        id_ = await self.submit(place)
        body = b'{"id":"..."}'
        [admission] = await store.attempts.admit([place.arrival(id_, None, body)])
        assert (admission.verdict, admission.attempt) == (Verdict.START, 1)
        assert await place.lives(place.layout.of_task("result", id_)) is None
        [message] = await store.records.get_messages([id_])
        assert message is not None
        assert (message.queue, message.priority, message.body) == (place.queue, 5, body)
        [wake_up] = await store.attempts.requeue([Requeue(id_, 1)])
        assert wake_up == WakeUp(id_, 1, place.queue, 5, body)

    async def test_its_message_counts_no_more_once_there_is_one_of_ours(self, place: Place, store: RedisStore) -> None:
        id_ = await self.submit(place)
        await store.attempts.admit([place.arrival(id_, None)])
        await store.attempts.requeue([Requeue(id_, 1, due=await place.time() + 60)])
        assert (await admit(store, place, id_, None)).verdict is Verdict.STALE

    async def test_one_that_a_mognet_worker_left_running_starts_again(self, place: Place, store: RedisStore) -> None:
        """Its worker has lost its connection, or its life: else the message would not have come."""
        id_ = await self.submit(place, state='"RUNNING"', number_of_starts="1", node_id='"w1"')
        admission = await admit(store, place, id_, None)
        assert (admission.verdict, admission.attempt, admission.crashes) == (Verdict.START, 2, 1)

    async def test_a_mognet_worker_that_takes_over_fences_us(self, place: Place, store: RedisStore) -> None:
        """It writes all of its fields, and knows nothing of ours."""
        for theirs in ({"number_of_starts": "2"}, {"number_of_starts": "1", "node_id": '"w1"'}):
            id_ = await self.submit(place)
            await store.attempts.admit([place.arrival(id_, None)])
            fields = {"state": '"RUNNING"', "node_id": '"w1"', **theirs}
            await self.submit(place, id=id_, **fields)
            assert await store.attempts.settle([outcome(id_, 1)]) == [False]
            assert await store.attempts.requeue([Requeue(id_, 1)]) == [False]
            assert await store.attempts.still_ours([(id_, 1)]) == [False]

    async def test_an_id_that_mognet_submits_again_begins_anew(self, place: Place, store: RedisStore) -> None:
        id_, attempt = await place.start(store)
        [wake_up] = await store.attempts.requeue([Requeue(id_, attempt, retry=True)])
        assert isinstance(wake_up, WakeUp)
        await place.start(store, id_, wake_up.seq)
        await store.attempts.settle([outcome(id_, 2)])
        await self.submit(place, id=id_)
        admission = await admit(store, place, id_, None)
        assert (admission.verdict, admission.attempt, admission.retries) == (Verdict.START, 1, 0)
        fields = await place.hash(place.layout.of_task("result", id_))
        assert fields.keys() & set(OWN_FIELDS) == {"mog_queue", "mog_priority", "mog_owner"}
        assert await store.attempts.settle([outcome(id_, 1)]) == [True]


class TestEnds:
    async def test_all_is_written_together(self, place: Place, store: RedisStore) -> None:
        id_, attempt = await place.start(store)
        value = StoredValue(b"\x1f\x8b\0", "gzip")
        assert await store.attempts.settle([outcome(id_, attempt, ResultState.FAILURE, value=value)]) == [True]
        record = await record_of(store, id_)
        assert (record.state, record.number_of_starts, record.number_of_stops) == (ResultState.FAILURE, 1, 1)
        assert record.finished is not None
        assert record.expires is not None
        assert abs(record.expires - record.finished - TTL) < 1e-5
        assert await store.records.get_values([id_]) == [value]
        assert await store.records.get_with_values([id_, uuid4()]) == [(record, value), None]
        stored = await place.hash(place.layout.of_task("result", id_, "value"))
        assert stored == {"contents": value.content, "encoding": b'"gzip"', "content_type": b'"application/json"'}
        assert await store.leases.running() == []

    async def test_what_is_kept_expires(self, place: Place, store: RedisStore) -> None:
        id_ = await place.finish(store, metadata={"a": b"1"})
        key = place.layout.of_task
        assert TTL - 5 < (await place.lives(key("result", id_)) or 0.0) <= TTL
        assert TTL - 5 < (await place.lives(key("result", id_, "metadata")) or 0.0) <= TTL
        assert (await place.lives(key("result", id_, "value")) or 0.0) <= VALUE_TTL
        assert {name for name in await place.keys() if str(id_) in name} == {
            f"mognet.result.{id_}",
            f"mognet.result.{id_}/value",
            f"mognet.result.{id_}/metadata",
        }, "a success keeps no body"

    async def test_a_failure_keeps_its_body(self, place: Place, store: RedisStore) -> None:
        id_, attempt = await place.start(store)
        await store.attempts.settle([outcome(id_, attempt, ResultState.FAILURE)])
        [message] = await store.records.get_messages([id_])
        assert message is not None
        assert TTL - 5 < (await place.lives(place.layout.of_task("body", id_)) or 0.0) <= TTL

    async def test_a_value_does_not_outlive_its_record(self, place: Place, store: RedisStore) -> None:
        id_, attempt = await place.start(store)
        await store.attempts.settle([outcome(id_, attempt, ttl=10.0, value_ttl=TTL)])
        assert (await place.lives(place.layout.of_task("result", id_, "value")) or 0.0) <= 10

    async def test_once(self, place: Place, store: RedisStore) -> None:
        id_, attempt = await place.start(store)
        end = outcome(id_, attempt)
        assert await store.attempts.settle([end, end._replace(state=ResultState.FAILURE)]) == [True, False]
        assert await store.attempts.settle([end]) == [False]
        assert await store.attempts.requeue([Requeue(id_, attempt)]) == [False]
        assert await store.attempts.set_waiting([Waiting(id_, attempt, waits=True)]) == [False]
        assert (await record_of(store, id_)).state is ResultState.SUCCESS

    async def test_of_the_last_attempt_alone(self, place: Place, store: RedisStore) -> None:
        id_, attempt = await place.start(store)
        [wake_up] = await store.attempts.requeue([Requeue(id_, attempt)])
        assert await store.attempts.settle([outcome(id_, attempt)]) == [False]
        assert isinstance(wake_up, WakeUp)
        await place.start(store, id_, wake_up.seq)
        assert await store.attempts.settle([outcome(id_, attempt), outcome(id_, attempt + 1)]) == [False, True]

    async def test_of_ones_own_attempt_alone(self, place: Place, store: RedisStore) -> None:
        """A refund lets an attempt's number recur, even under the same node's name."""
        other = await place.open()
        id_, attempt = await place.start(store)
        refund = Requeue(id_, attempt, refund=True)
        [wake_up] = await store.attempts.requeue([refund])
        assert isinstance(wake_up, WakeUp)
        assert (await place.start(other, id_, wake_up.seq))[1] == attempt
        assert await store.attempts.requeue([refund]) == [False]
        assert await store.attempts.settle([outcome(id_, attempt)]) == [False]
        assert await other.attempts.settle([outcome(id_, attempt)]) == [True]

    async def test_an_end_and_a_revoke_at_once(self, place: Place, store: RedisStore) -> None:
        other = await place.open()
        winners = Counter[ResultState]()
        for _ in range(50):
            id_, attempt = await place.start(store)
            [settled], [revoked] = await asyncio.gather(
                store.attempts.settle([outcome(id_, attempt)]),
                other.records.revoke([Revocation(id_, VALUE, TTL, TTL)]),
            )
            record = await record_of(store, id_)
            assert settled is (record.state is ResultState.SUCCESS)
            assert revoked.changed is (record.state is ResultState.REVOKED)
            assert record.number_of_stops == 1
            winners[record.state] += 1
        assert sum(winners.values()) == 50

    async def test_an_end_drops_what_state_keeps(self, place: Place, store: RedisStore) -> None:
        id_, attempt = await place.start(store)
        await store.scripts.run("state_set", (), [(str(id_), "place", b"1")])
        await store.attempts.settle([outcome(id_, attempt)])
        assert not await place.call("EXISTS", place.layout.of_task("state", id_))

    async def test_a_dead_letter_is_brought_up_until_it_is_buried(self, place: Place, store: RedisStore) -> None:
        id_, attempt = await place.start(store)
        assert await store.attempts.settle([outcome(id_, attempt, ResultState.FAILURE, dead='too "often"')]) == [True]
        [wake_up] = await store.submissions.unsent(0.0)
        assert wake_up.id == id_
        assert wake_up.body != b""
        assert await admit(store, place, id_, wake_up.seq) == Admission(Verdict.DONE, dead='too "often"')
        assert await store.attempts.buried([id_, uuid4()]) == [None, None]
        assert await admit(store, place, id_, wake_up.seq) == Admission(Verdict.DONE)
        assert await store.submissions.unsent(0.0) == []


class TestPuttingBack:
    async def test_a_task_waits_until_it_is_due(self, place: Place, store: RedisStore) -> None:
        id_, attempt = await place.start(store)
        due = await place.time() + 60
        assert await store.attempts.requeue([Requeue(id_, attempt, due)]) == [True]
        record = await record_of(store, id_)
        assert (record.state, record.number_of_starts, record.number_of_stops) == (ResultState.SUSPENDED, 1, 1)
        assert record.due == due
        assert await store.leases.running() == []
        assert (await store.schedule.counts([place.queue]))[0].delayed == 1

    async def test_one_that_is_due_is_to_be_published(self, place: Place, store: RedisStore) -> None:
        for due in (None, 5.0):
            id_, attempt = await place.start(store)
            [wake_up] = await store.attempts.requeue([Requeue(id_, attempt, due)])
            assert isinstance(wake_up, WakeUp)
            assert (wake_up.id, wake_up.seq, wake_up.queue) == (id_, 1, place.queue)
            assert id_ in {one.id for one in await store.submissions.unsent(0.0)}, "it is in the outbox"

    async def test_retries_are_counted_apart(self, place: Place, store: RedisStore) -> None:
        id_, attempt = await place.start(store)
        for retries in (1, 2):
            [wake_up] = await store.attempts.requeue([Requeue(id_, attempt, retry=True)])
            assert isinstance(wake_up, WakeUp)
            admission = await admit(store, place, id_, wake_up.seq)
            assert (admission.retries, admission.crashes) == (retries, 0)
            attempt = admission.attempt
        assert (await record_of(store, id_)).number_of_retries == 2

    async def test_a_refund_is_as_if_nothing_had_started(self, place: Place, store: RedisStore) -> None:
        id_ = await place.submit(store)
        before = await record_of(store, id_)
        _, attempt = await place.start(store, id_)
        [wake_up] = await store.attempts.requeue([Requeue(id_, attempt, refund=True)])
        assert await record_of(store, id_) == before
        assert isinstance(wake_up, WakeUp)
        _, attempt = await place.start(store, id_, wake_up.seq)
        assert attempt == 1

    async def test_a_refund_of_one_that_was_put_back_leaves_it_suspended(self, place: Place, store: RedisStore) -> None:
        id_, attempt = await place.start(store)
        [wake_up] = await store.attempts.requeue([Requeue(id_, attempt)])
        assert isinstance(wake_up, WakeUp)
        await place.start(store, id_, wake_up.seq)
        await store.attempts.requeue([Requeue(id_, 2, refund=True)])
        record = await record_of(store, id_)
        assert (record.state, record.number_of_starts, record.number_of_stops) == (ResultState.SUSPENDED, 1, 1)

    async def test_state_that_mognet_lets_expire_stays(self, place: Place, store: RedisStore) -> None:
        id_, attempt = await place.start(store)
        key = place.layout.of_task("state", id_)
        await place.call("HSET", key, "place", "1")
        await place.call("EXPIRE", key, 7200)
        await store.attempts.requeue([Requeue(id_, attempt)])
        assert await place.lives(key) is None


class TestWaiting:
    async def test_a_waiting_attempt_keeps_its_task(self, place: Place, store: RedisStore) -> None:
        other = await place.open()
        id_, attempt = await place.start(store)
        assert await store.attempts.set_waiting([Waiting(id_, attempt, waits=True)]) == [True]
        record = await record_of(store, id_)
        assert (record.state, record.number_of_starts, record.number_of_stops) == (ResultState.SUSPENDED, 1, 0)
        assert (await admit(other, place, id_)).verdict is Verdict.PARKED
        assert await store.attempts.set_waiting([Waiting(id_, attempt, waits=False)]) == [True]
        assert (await record_of(store, id_)).state is ResultState.RUNNING
        await store.attempts.set_waiting([Waiting(id_, attempt, waits=True)])
        assert await store.attempts.settle([outcome(id_, attempt, ResultState.REVOKED)]) == [True]

    async def test_a_waiting_attempt_of_a_dead_owner_is_a_crash(self, place: Place, store: RedisStore) -> None:
        victim = await place.open()
        id_, attempt = await place.start(victim)
        await victim.attempts.set_waiting([Waiting(id_, attempt, waits=True)])
        await place.lapse(victim)
        admission = await admit(store, place, id_)
        assert (admission.verdict, admission.attempt, admission.crashes) == (Verdict.START, 2, 1)

    async def test_handed_over_a_task_needs_no_message(self, place: Place, store: RedisStore) -> None:
        id_, attempt = await place.start(store)
        assert await store.attempts.hand_over([(id_, attempt), (id_, attempt + 1), (uuid4(), 1)]) == [
            True,
            False,
            False,
        ]
        assert (await admit(store, place, id_)).verdict is Verdict.STALE
        assert await store.attempts.still_ours([(id_, attempt)]) == [True]
        assert await store.attempts.settle([outcome(id_, attempt)]) == [True]
        assert await parked(place) == {}

    async def test_what_is_ours_no_longer(self, place: Place, store: RedisStore) -> None:
        other = await place.open()
        ours = [await place.start(store) for _ in range(3)]
        await other.records.revoke([Revocation(ours[0][0], VALUE, TTL, TTL)])
        await store.attempts.requeue([Requeue(*ours[1])])
        assert await store.attempts.still_ours(ours) == [False, False, True]
        assert await other.attempts.still_ours(ours) == [False, False, False]
