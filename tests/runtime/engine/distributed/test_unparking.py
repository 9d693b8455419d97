"""The way back: what waits in the store becomes messages that Mognet, and every release of mog, reads."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

import pytest
from tests.runtime.leftovers import core_of
from tests.runtime.proxy import Proxy

from mog.engine.contracts import Engine
from mog.engine.records import Message, NewTask, Unparked
from mog.engine.redis import unparking
from mog.engine.redis.client import Client
from mog.errors import EngineUnavailable
from mog.states import ResultState
from mog.testing.conformance.kit import Deliveries, Submitter, eventually, new_task, outcome, record_of

from .conftest import DistributedKit
from .test_consuming import handed_over

WITH_METADATA = {"who": b'"Ada"'}


def task(queue: str = "tasks", **fields: Any) -> NewTask:
    """Return a new task whose message names it, as Mognet's must."""
    record, message, ttl, metadata = new_task(queue, **fields)
    body = b'{"id":"%s","name":"suite.task"}' % str(message.id).encode()
    return NewTask(record, Message(message.id, message.queue, message.priority, body, message.due), ttl, metadata)


async def messages(engine: Engine, queue: str = "tasks") -> dict[UUID, Any]:
    """Return what lies in a queue, as JSON."""
    browsed = await core_of(engine).transport.browse(queue, 1000)
    return {UUID(message.message_id): json.loads(message.body) for message in browsed}


async def keys_of(kit: DistributedKit, id_: UUID) -> dict[str, int]:
    """Return the keys that bear an id, less the app's name, and whether each expires; and in which sets it stands."""
    client = Client(kit.redis)
    await client.open()
    [keys] = await client.call([("KEYS", f"{kit.app}.*")])
    found = {}
    for key in keys:
        kind, left = await client.call([("TYPE", key), ("PTTL", key)])
        name = key.decode().removeprefix(f"{kit.app}.")
        if str(id_) in name:
            found[name.replace(str(id_), "ID")] = left > 0
        elif kind == b"zset" and (await client.call([("ZSCORE", key, str(id_))]))[0] is not None:
            found[name] = False
    await client.close()
    return found


async def test_what_is_purged_then_is_counted(kit: DistributedKit) -> None:
    async with kit.engine() as engine:
        await Submitter(engine).submit(task(due=kit.now() + 3600))
        await engine.broker.unpark([])
        assert await engine.broker.purge(["tasks"]) == {"tasks": 1}


async def test_what_is_delayed_becomes_a_message_as_mognet_writes_it(kit: DistributedKit) -> None:
    async with kit.engine() as engine:
        [id_] = await Submitter(engine).submit(task(due=kit.now() + 3600, priority=7, metadata=WITH_METADATA))
        assert await engine.broker.unpark([]) == Unparked({"tasks": 1}, 0)
        payload = {"id": str(id_), "name": "suite.task"}
        assert await messages(engine) == {id_: {"id": str(id_), "kind": "Request", "payload": payload, "priority": 7}}
        record = await record_of(engine, id_)
        assert (record.state, record.due, record.queue) == (ResultState.PENDING, None, None)
        assert await keys_of(kit, id_) == {
            "mognet.result.ID": True,
            "mognet.result.ID/metadata": True,
            "mog.index": False,
        }
        assert await engine.broker.unpark([]) == Unparked({}, 0)


async def test_what_was_unparked_runs_on_mog_too(kit: DistributedKit) -> None:
    async with kit.engine() as engine:
        [id_] = await Submitter(engine).submit(task(due=kit.now() + 3600))
        await engine.broker.unpark([])
        deliveries = await Deliveries.begin(engine, slots=2)
        delivery = await deliveries.next()
        assert (delivery.message.id, delivery.attempt, delivery.crashes) == (id_, 1, 0)
        assert await deliveries.requeue(delivery)
        again = await deliveries.next()
        assert (again.attempt, again.message) == (2, delivery.message)
        assert await deliveries.settle(again)


async def test_what_was_put_back_until_later_runs_with_its_counts(kit: DistributedKit) -> None:
    async with kit.engine() as engine:
        await Submitter(engine).submit(task())
        deliveries = await Deliveries.begin(engine, slots=1)
        assert await deliveries.requeue(await deliveries.next(), due=kit.now() + 3600)
        assert await engine.broker.unpark([]) == Unparked({"tasks": 1}, 0)
        deliveries.consumer.grant(1)
        delivery = await deliveries.next()
        assert (delivery.attempt, delivery.crashes) == (2, 0)


async def test_what_a_living_process_runs_stays_until_it_is_dead(kit: DistributedKit) -> None:
    async with kit.engine() as engine:
        worker = kit.make(consumer_timeout=0.2, lease=3.0)
        await worker.open()
        [id_] = await Submitter(engine).submit(task())
        await (await Deliveries.begin(worker, slots=1)).next()
        await handed_over(worker)
        assert await engine.broker.unpark([]) == Unparked({}, 1)
        await kit.crash(worker)

        async def unparked() -> bool:
            return (await engine.broker.unpark([])).published == {"tasks": 1}

        await eventually(unparked)
        assert list(await messages(engine)) == [id_]
        deliveries = await Deliveries.begin(engine, slots=1)
        delivery = await deliveries.next()
        assert (delivery.attempt, delivery.crashes) == (2, 1)


async def test_what_nobody_could_publish_is_published(kit: DistributedKit) -> None:
    async with kit.engine() as engine:
        new = task()
        assert await core_of(engine).store.submissions.create([new]) == [None]
        assert await engine.broker.unpark([]) == Unparked({"tasks": 1}, 0)
        assert "seq" not in (await messages(engine))[new.record.id]


async def test_queues_may_be_named(kit: DistributedKit) -> None:
    async with kit.engine() as engine:
        submitter, due = Submitter(engine), kit.now() + 3600
        _, other = await submitter.submit(task("one", due=due), task("two", due=due))
        assert await engine.broker.unpark(["one", "three"]) == Unparked({"one": 1, "three": 0}, 0)
        assert (await record_of(engine, other)).due == due
        assert await engine.broker.unpark([]) == Unparked({"two": 1}, 0)


async def test_many_in_several_stretches(kit: DistributedKit, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unparking, "STRETCH", 7)
    async with kit.engine() as engine:
        submitter, due = Submitter(engine), kit.now() + 3600
        mixed = [task(("one", "two")[number % 2], due=due) for number in range(60)]
        await submitter.submit(*mixed)
        assert await engine.broker.unpark(["two"]) == Unparked({"two": 30}, 0)
        assert await engine.broker.unpark([]) == Unparked({"one": 30}, 0)
        assert len(await messages(engine, "one")) == len(await messages(engine, "two")) == 30


async def test_what_was_revoked_stays_away(kit: DistributedKit) -> None:
    async with kit.engine() as engine:
        [id_] = await Submitter(engine).submit(task(due=kit.now() + 3600))
        client = Client(kit.redis)
        await client.open()
        await client.call([("HSET", f"{kit.app}.mognet.result.{id_}", "state", '"REVOKED"')])  # as Mognet does
        await client.close()
        assert await engine.broker.unpark([]) == Unparked({}, 0)
        assert "mog.due.tasks" not in await keys_of(kit, id_)


async def test_without_rabbitmq_all_stays_as_it_is(kit: DistributedKit, amqp_proxy: Proxy) -> None:
    engine = kit.make(amqp_proxy.url)
    await engine.open()
    due = kit.now() + 3600
    [id_] = await Submitter(engine).submit(task(due=due))
    await amqp_proxy.refuse()
    amqp_proxy.cut()
    with pytest.raises(EngineUnavailable):
        await engine.broker.unpark([])
    assert (await record_of(engine, id_)).due == due
    await engine.close()


async def test_beside_a_worker_each_task_still_runs_once(kit: DistributedKit) -> None:
    async with kit.engine() as engine:
        ids = await Submitter(engine).submit(*(task(due=kit.now() + 3600) for _ in range(100)))
        deliveries = await Deliveries.begin(engine, slots=100)
        assert await engine.broker.unpark([]) == Unparked({"tasks": 100}, 0)
        started = await deliveries.several(100)
        assert await engine.results.settle([outcome(delivery) for delivery in started]) == [True] * 100
        assert {delivery.message.id for delivery in started} == set(ids)
        await kit.advance(7200)
        await kit.quiet()
        assert len(deliveries.taken) == 100
