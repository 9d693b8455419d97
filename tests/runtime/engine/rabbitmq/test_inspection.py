from __future__ import annotations

import asyncio

import pytest

from mog.engine.rabbitmq import inspection
from mog.engine.rabbitmq.messages import Parcel
from mog.engine.rabbitmq.topology import QueueType
from mog.errors import ConfigError

from .conftest import Basket, Rabbit, parcels


def dead(count: int) -> list[Parcel]:
    return [Parcel("tasks.dead", b"%d" % n, 0, f"id-{n}", {"reason": "unreadable", "n": n}) for n in range(count)]


async def test_depth_and_purge(rabbit: Rabbit) -> None:
    transport = await rabbit.open()
    await transport.declare(["other"])
    await transport.publish([*parcels(3), *parcels(2, "other")])
    assert await transport.depth(["tasks", "other", "nowhere", "tasks"]) == [3, 2, 0, 3]
    assert await transport.purge(["other", "nowhere"]) == [2, 0]
    assert await transport.depth(["tasks", "other"]) == [3, 0]


async def test_what_is_delivered_is_neither_counted_nor_purged(rabbit: Rabbit, basket: Basket) -> None:
    transport = await rabbit.open()
    await transport.publish(parcels(3))
    await transport.consume(["tasks"], 1, basket.take)
    await basket.until(1)
    assert await transport.purge(["tasks"]) == [2]
    assert await transport.depth(["tasks"]) == [0]
    await transport.close()
    await rabbit.until_ready("tasks", 1)


async def test_a_name_that_cannot_be(rabbit: Rabbit) -> None:
    transport = await rabbit.open()
    with pytest.raises(ConfigError):
        await transport.depth(["tasks", "é"])


@pytest.mark.parametrize("queue_type", ["classic", "quorum"])
async def test_a_look_leaves_everything_where_it_is(rabbit: Rabbit, queue_type: QueueType) -> None:
    transport = await rabbit.open(queue_type=queue_type)
    await transport.declare(["tasks.dead"])
    await transport.publish(dead(5))
    for _ in range(30):  # more than the deliveries that a quorum queue allows by itself from 4.0 on
        found = await transport.browse("tasks.dead", 10)
        await rabbit.until_ready("tasks.dead", 5)
    assert [(message.body, message.message_id) for message in found] == [(b"%d" % n, f"id-{n}") for n in range(5)]
    assert found[3].headers == {"reason": "unreadable", "n": 3} | {
        name: value for name, value in found[3].headers.items() if name.startswith("x-")
    }


async def test_a_look_at_the_oldest(rabbit: Rabbit) -> None:
    transport = await rabbit.open()
    await transport.declare(["tasks.dead"])
    await transport.publish(dead(5))
    assert [message.body for message in await transport.browse("tasks.dead", 2)] == [b"0", b"1"]
    assert await transport.browse("tasks.dead", 0) == []


async def test_a_look_at_more_than_a_page(rabbit: Rabbit) -> None:
    transport = await rabbit.open()
    await transport.declare(["tasks.dead"])
    count = 2 * inspection.PAGE + 7
    await transport.publish(dead(count))
    assert len(await transport.browse("tasks.dead", inspection.PAGE + 3)) == inspection.PAGE + 3
    assert len(await transport.browse("tasks.dead", 10 * count)) == count
    assert await transport.depth(["tasks.dead"]) == [count]


async def test_a_queue_that_is_not_there(rabbit: Rabbit) -> None:
    transport = await rabbit.open()
    assert await transport.browse("nowhere", 10) == []
    assert await transport.take_out("nowhere", ["id"]) == [False]


async def test_taking_out_leaves_the_others(rabbit: Rabbit) -> None:
    transport = await rabbit.open()
    await transport.declare(["tasks.dead"])
    await transport.publish([*dead(5), *dead(2)])
    assert await transport.take_out("tasks.dead", ["id-3", "id-9", "id-0"]) == [True, False, True]
    assert [message.message_id for message in await transport.browse("tasks.dead", 9)] == [
        "id-1",
        "id-2",
        "id-4",
        "id-1",
    ]
    assert await transport.take_out("tasks.dead", ["id-3"]) == [False]


async def test_what_is_taken_out_is_gone_once_it_is_answered(rabbit: Rabbit) -> None:
    transport = await rabbit.open()
    await transport.declare(["tasks.dead"])
    await transport.publish(dead(3))
    await transport.take_out("tasks.dead", ["id-1"])
    assert await transport.depth(["tasks.dead"]) == [2]


async def test_who_gives_up_looking_leaves_everything_there(rabbit: Rabbit) -> None:
    transport = await rabbit.open()
    await transport.declare(["tasks.dead"])
    await transport.publish(dead(300))
    for turns in range(8):
        looking = asyncio.create_task(transport.browse("tasks.dead", 300))
        for _ in range(turns):
            await asyncio.sleep(0)
        looking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await looking
    await rabbit.until_ready("tasks.dead", 300)
