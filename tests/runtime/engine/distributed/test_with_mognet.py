"""Processes of Mognet in the same fleet, as far as their messages and keys tell: what was seen of Mognet 2.0.0."""

from __future__ import annotations

import asyncio
import json
from contextlib import aclosing
from uuid import UUID, uuid4

from tests.runtime.leftovers import core_of

from mog.engine.contracts import Engine
from mog.engine.distributed.control import Status, read_status, write_revoked, write_status, write_status_query
from mog.engine.rabbitmq.messages import ControlMessage, Parcel
from mog.engine.records import Node, Revocation, StoredValue
from mog.engine.redis.client import Client
from mog.states import ResultState
from mog.testing.conformance.kit import Deliveries, Submitter, eventually, record_of

from .conftest import DistributedKit


def mognets_request(task_id: UUID) -> bytes:
    payload = {
        "id": str(task_id),
        "name": "x.fact",
        "args": [3],
        "kwargs": {},
        "stack": [],
        "metadata": {},
        "deadline": None,
        "queue_name": None,
        "kwargs_repr": "3",
        "priority": 7,
    }
    return json.dumps({"id": str(task_id), "kind": "Request", "payload": payload, "priority": 7}).encode()


def mognets_result(task_id: UUID, state: str = "PENDING") -> dict[str, str]:
    fields = {
        "id": str(task_id),
        "name": "x.fact",
        "state": state,
        "number_of_starts": 0,
        "number_of_stops": 0,
        "parent_id": None,
        "created": "2026-11-24T01:55:32.500445Z",
        "started": None,
        "finished": None,
        "node_id": None,
        "request_kwargs_repr": "3",
    }
    return {name: json.dumps(value) for name, value in fields.items()}


async def write(kit: DistributedKit, task_id: UUID, fields: dict[str, str]) -> None:
    client = Client(kit.redis)
    await client.open()
    key = f"{kit.app}.mognet.result.{task_id}"
    await client.call([("HSET", key, *(text for pair in fields.items() for text in pair)), ("EXPIRE", key, 1814400)])
    await client.close()


async def publish_as_mognet(engine: Engine, task_id: UUID) -> None:
    transport = core_of(engine).transport
    await transport.declare(["tasks"])
    assert await transport.publish([Parcel("tasks", mognets_request(task_id), 7, str(task_id))]) == [None]


async def submit_as_mognet(kit: DistributedKit, engine: Engine) -> UUID:
    task_id = uuid4()
    await write(kit, task_id, mognets_result(task_id))
    await publish_as_mognet(engine, task_id)
    return task_id


async def test_a_request_of_mognets_is_run(kit: DistributedKit) -> None:
    async with kit.engine() as engine:
        id_ = await submit_as_mognet(kit, engine)
        deliveries = await Deliveries.begin(engine, slots=1)
        delivery = await deliveries.next()
        assert (delivery.message.id, delivery.message.priority, delivery.attempt, delivery.crashes) == (id_, 7, 1, 0)
        assert json.loads(delivery.message.body)["args"] == [3]
        assert await deliveries.settle(delivery)
        record = await record_of(engine, id_)
        assert (record.name, record.state, record.queue) == ("x.fact", ResultState.SUCCESS, "tasks")


async def test_a_request_of_mognets_that_is_put_back_comes_as_one_of_mogs(kit: DistributedKit) -> None:
    async with kit.engine() as engine:
        await submit_as_mognet(kit, engine)
        deliveries = await Deliveries.begin(engine, slots=2)
        first = await deliveries.next()
        assert await deliveries.requeue(first)
        again = await deliveries.next()
        assert (again.attempt, again.message) == (2, first.message)


async def test_the_same_message_twice_is_run_once(kit: DistributedKit) -> None:
    async with kit.engine() as engine:
        id_ = await submit_as_mognet(kit, engine)
        await publish_as_mognet(engine, id_)
        deliveries = await Deliveries.begin(engine, slots=2)
        assert await deliveries.settle(await deliveries.next())
        await kit.quiet()
        assert len(deliveries.taken) == 1


async def test_a_revocation_of_mognets_ends_the_run_at_once(kit: DistributedKit) -> None:
    async with kit.opened(tick=60.0) as worker, kit.engine() as client:
        id_ = await Submitter(client).submit_new()
        deliveries = await Deliveries.begin(worker, slots=1)
        delivery = await deliveries.next()
        await write(kit, id_, {"state": '"REVOKED"'})
        await core_of(client).transport.broadcast(write_revoked(id_), expiration_ms=300_000)

        async def told() -> bool:
            return deliveries.ended == [id_]

        await eventually(told)
        assert not await deliveries.settle(delivery)


async def test_a_false_revocation_ends_nothing(kit: DistributedKit) -> None:
    async with kit.engine() as engine:
        id_ = await Submitter(engine).submit_new()
        deliveries = await Deliveries.begin(engine, slots=1)
        delivery = await deliveries.next()
        for body in (write_revoked(id_), write_revoked(uuid4()), b"noise", b'{"kind":"Revoke","payload":[]}'):
            await core_of(engine).transport.broadcast(body, expiration_ms=300_000)
        await kit.quiet()
        assert deliveries.ended == []
        assert await deliveries.settle(delivery)


async def test_a_revocation_of_ours_reaches_all_at_once(kit: DistributedKit) -> None:
    async with kit.opened(tick=60.0) as worker, kit.engine() as client:
        id_ = await Submitter(client).submit_new()
        deliveries = await Deliveries.begin(worker, slots=1)
        await deliveries.next()
        await client.results.revoke([Revocation(id_, StoredValue(b'"off"'), 60.0, 60.0)])

        async def told() -> bool:
            return deliveries.ended == [id_]

        await eventually(told)
        assert len(core_of(worker).running) == 0


async def test_who_asks_as_mognet_does_is_told_what_runs(kit: DistributedKit) -> None:
    async with kit.engine() as worker, kit.engine() as client:
        id_ = await Submitter(client).submit_new()
        await (await Deliveries.begin(worker, slots=1)).next()
        node_id = core_of(worker).options.node_id
        async with aclosing(core_of(client).transport.ask(write_status_query(), 10.0)) as asking:
            assert read_status(await anext(asking)) == Status(node_id, (id_,))


async def test_nodes_of_mognet_are_listed_where_they_take_part(kit: DistributedKit) -> None:
    async with kit.opened(mognet_interop=True) as engine, kit.engine() as mognet:
        await Deliveries.begin(engine)
        running, transport, replies = uuid4(), core_of(mognet).transport, set[asyncio.Task[None]]()

        def answer(messages: list[ControlMessage]) -> None:
            for message in messages:
                assert message.reply_to is not None
                for body in (write_status(Status("mognet-1", (running,))), b"noise"):
                    replies.add(asyncio.ensure_future(transport.reply(message.reply_to, body)))

        await transport.on_control(answer)
        nodes = await engine.broker.nodes()
        assert nodes == [Node(core_of(engine).options.node_id), Node("mognet-1", (running,))]
        await asyncio.gather(*replies)
