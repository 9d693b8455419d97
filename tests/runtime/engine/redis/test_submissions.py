"""Tasks on their way in, and messages on their way to RabbitMQ."""

from __future__ import annotations

import asyncio
import json
from uuid import UUID, uuid4

import pytest

from mog.engine.records import Record, Requeue, StoredValue
from mog.engine.redis.answers import Verdict, WakeUp
from mog.engine.redis.layout import MOGNET_FIELDS
from mog.engine.redis.store import RedisStore
from mog.errors import AlreadySubmitted
from mog.states import ResultState

from .place import TTL, Listener, Place, outcome

WHY = StoredValue(b'{"value_type":"builtins:str","raw_value":"not sent"}')


async def outbox(place: Place) -> list[UUID]:
    return [UUID(found.decode()) for found in await place.call("ZRANGE", place.layout.of("outbox"), 0, -1)]


async def test_a_new_task_has_all_of_mognets_fields(place: Place, store: RedisStore) -> None:
    parent = uuid4()
    task = place.new(parent_id=parent, created=1_795_485_332.500445)
    await store.submissions.create([task])
    fields = await place.hash(place.layout.of_task("result", task.record.id))
    mognets = {name: json.loads(fields[name]) for name in MOGNET_FIELDS}
    assert mognets == {
        "id": str(task.record.id),
        "name": "suite.task",
        "state": "PENDING",
        "number_of_starts": 0,
        "number_of_stops": 0,
        "parent_id": str(parent),
        "created": "2026-11-24T01:55:32.500445Z",
        "started": None,
        "finished": None,
        "node_id": None,
        "request_kwargs_repr": "x=1",
    }
    for text in fields.values():
        json.loads(text)  # Mognet decodes whatever it finds
    children = place.layout.of_task("result", parent, "children")
    assert await place.call("SMEMBERS", children) == [task.record.id.bytes]


async def test_metadata_and_body_come_with_it(place: Place, store: RedisStore) -> None:
    task = place.new(metadata={"a": b"1", "ü": b'"\\u00fc"'})
    await store.submissions.create([task])
    assert await store.records.get_metadata([task.record.id]) == [{"a": b"1", "ü": b'"\\u00fc"'}]
    assert await store.records.get_messages([task.record.id]) == [task.message]


async def test_what_is_created_is_in_the_outbox_until_it_is_sent(place: Place, store: RedisStore) -> None:
    tasks = [place.new() for _ in range(3)]
    await store.submissions.create(tasks)
    ids = [task.record.id for task in tasks]
    assert sorted(await outbox(place)) == sorted(ids)
    assert await store.submissions.sent([(ids[0], 0), (ids[1], 0)]) == [True, True]
    assert await outbox(place) == ids[2:]
    assert await store.submissions.sent([(ids[0], 0), (uuid4(), 0)]) == [True, True], "repeated, or gone"


async def test_what_has_a_due_time_waits_in_the_store(place: Place, store: RedisStore) -> None:
    """Even if it is past: whoever submits need not know what time the server has."""
    due = await place.time() + 60
    late, past = place.new(due=due), place.new(due=due - 120)
    await store.submissions.create([late, past])
    assert await outbox(place) == []
    [record] = await store.records.get([late.record.id])
    assert record is not None
    assert record.due == due
    [backlog] = await store.schedule.counts([place.queue])
    assert (backlog.delayed, backlog.due) == (1, 1)


async def test_a_known_id_is_refused(place: Place, store: RedisStore) -> None:
    task = place.new()
    answers = await store.submissions.create([task, task, place.new()])
    assert [type(answer) for answer in answers] == [type(None), AlreadySubmitted, type(None)]
    other = await place.open()
    [answer] = await other.submissions.create([task])
    assert isinstance(answer, AlreadySubmitted)


async def test_one_of_two_that_submit_an_id_at_once_is_refused(place: Place) -> None:
    stores = [await place.open() for _ in range(4)]
    for _ in range(20):
        task = place.new()
        answers = await asyncio.gather(*(store.submissions.create([task]) for store in stores))
        assert sum(answer == [None] for answer in answers) == 1


async def test_links_to_children_live_as_long_as_the_parent(place: Place, store: RedisStore) -> None:
    parent = await place.submit(store)
    key = place.layout.of_task("result", parent, "children")
    await place.submit(store, parent_id=parent)
    assert await place.lives(key) is None
    _, attempt = await place.start(store, parent)
    await store.attempts.settle([outcome(parent, attempt)])
    assert TTL - 5 < (await place.lives(key) or 0.0) <= TTL
    await place.age(TTL / 2)
    await place.submit(store, parent_id=parent)
    assert (await place.lives(key) or 0.0) <= TTL / 2
    unknown = uuid4()
    await place.submit(store, parent_id=unknown, ttl=77.0)
    assert 70 < (await place.lives(place.layout.of_task("result", unknown, "children")) or 0.0) <= 77


async def test_what_could_not_be_sent_never_starts(place: Place, store: RedisStore) -> None:
    listener = Listener(store)
    task = place.new()
    await store.submissions.create([task])
    await store.watches.watch([task.record.id])
    assert await store.submissions.not_sent([task.record.id], WHY) == [True]
    assert await store.submissions.not_sent([task.record.id], WHY) == [True], "repeated"
    assert await listener.until(1) == [task.record.id]
    [admission] = await store.attempts.admit([place.arrival(task.record.id)])
    assert admission.verdict is Verdict.DONE
    [record] = await store.records.get([task.record.id])
    assert record is not None
    assert (record.state, record.number_of_starts) == (ResultState.REVOKED, 0)
    assert await store.records.get_values([task.record.id]) == [WHY]
    assert await outbox(place) == []
    assert (await place.lives(place.layout.of_task("result", task.record.id)) or 0.0) <= TTL


async def test_what_has_started_was_sent_after_all(place: Place, store: RedisStore) -> None:
    running, _ = await place.start(store)
    done = await place.finish(store)
    assert await store.submissions.not_sent([running, done, uuid4()], WHY) == [False, False, False]
    [record] = await store.records.get([running])
    assert record is not None
    assert record.state is ResultState.RUNNING


async def test_either_it_starts_or_it_was_not_sent(place: Place, store: RedisStore) -> None:
    other = await place.open()
    for _ in range(50):
        task = place.new()
        await store.submissions.create([task])
        [not_sent], [admission] = await asyncio.gather(
            store.submissions.not_sent([task.record.id], WHY), other.attempts.admit([place.arrival(task.record.id)])
        )
        assert not_sent is (admission.verdict is not Verdict.START)


async def test_what_stays_in_the_outbox_is_brought_up_again(place: Place, store: RedisStore) -> None:
    task = place.new(priority=7)
    await store.submissions.create([task])
    assert await store.submissions.unsent(older_than=5.0) == []
    wake_up = WakeUp(task.record.id, 0, place.queue, 7, task.message.body)
    assert await store.submissions.unsent(older_than=0.0) == [wake_up]
    assert await store.submissions.unsent(older_than=5.0) == [], "it is on its way again"
    assert await outbox(place) == [task.record.id]


async def test_the_outbox_forgets_what_needs_no_message(place: Place, store: RedisStore) -> None:
    tasks = [place.new() for _ in range(4)]
    running, done, gone, waiting = [task.record.id for task in tasks]
    await store.submissions.create(tasks)
    await place.start(store, running)
    _, attempt = await place.start(store, done)
    await store.attempts.settle([outcome(done, attempt)])
    await place.call("DEL", place.layout.of_task("result", gone))
    assert [wake_up.id for wake_up in await store.submissions.unsent(0.0)] == [waiting]
    assert await outbox(place) == [waiting]


async def test_a_message_that_nobody_confirmed_does_not_start_a_task_before_it_is_due(
    place: Place, store: RedisStore
) -> None:
    task = place.new()
    await store.submissions.create([task])
    id_, attempt = await place.start(store, task.record.id)
    await store.attempts.requeue([Requeue(id_, attempt, due=await place.time() + 60)])
    assert await store.submissions.unsent(0.0) == []


async def test_at_most_so_many_oldest_first(place: Place, store: RedisStore) -> None:
    ids = []
    for _ in range(4):
        task = place.new()
        await store.submissions.create([task])
        ids.append(task.record.id)
    assert [wake_up.id for wake_up in await store.submissions.unsent(0.0, limit=3)] == ids[:3]


async def test_a_message_that_is_confirmed_late_does_not_hide_a_newer_one(place: Place, store: RedisStore) -> None:
    task = place.new()
    await store.submissions.create([task])
    id_, attempt = await place.start(store, task.record.id)
    [wake_up] = await store.attempts.requeue([Requeue(id_, attempt)])
    assert isinstance(wake_up, WakeUp)
    assert wake_up.seq == 1
    assert await store.submissions.sent([(id_, 0)]) == [False]
    assert await outbox(place) == [id_]
    assert await store.submissions.sent([(id_, wake_up.seq)]) == [True]
    assert await outbox(place) == []


@pytest.mark.parametrize("size", [0, 1, 3_000_000])
async def test_bodies_are_bytes_of_any_size(place: Place, store: RedisStore, size: int) -> None:
    task = place.new()
    body = bytes(range(256)) * (size // 256) + b"\0" * (size % 256)
    task = task._replace(message=task.message._replace(body=body))
    await store.submissions.create([task, place.new()])
    assert await store.records.get_messages([task.record.id]) == [task.message]
    bodies = {wake_up.id: wake_up.body for wake_up in await store.submissions.unsent(0.0)}
    assert bodies[task.record.id] == task.message.body


async def test_names_and_arguments_may_be_any_text(place: Place, store: RedisStore) -> None:
    task = place.new(queue=f'{place.app}.größe"\\\n')
    task.record.name, task.record.request_kwargs_repr = "größe\n\0", "x='\"\\'" * 1000
    task.record.created, task.record.due = 1_795_485_332.5, None
    await store.submissions.create([task])
    assert await store.records.get([task.record.id]) == [task.record]
    assert [wake_up.queue for wake_up in await store.submissions.unsent(0.0)] == [task.message.queue]
    late = place.new(queue=task.message.queue, due=await place.time() + 50)
    await store.submissions.create([late])
    assert [backlog.delayed for backlog in await store.schedule.counts([late.message.queue])] == [1]


async def test_a_record_without_a_name(place: Place, store: RedisStore) -> None:
    task = place.new()
    task = task._replace(record=Record(task.record.id, queue=place.queue))
    await store.submissions.create([task])
    [record] = await store.records.get([task.record.id])
    assert record is not None
    assert (record.name, record.request_kwargs_repr) == (None, None)


async def test_empty_batches_ask_nothing(place: Place) -> None:
    store = place.store()
    assert await store.submissions.create([]) == []
    assert await store.attempts.admit([]) == []
    assert await store.records.get([]) == []
