"""Dead letters as they lie in RabbitMQ."""

from __future__ import annotations

from uuid import uuid4

from tests.runtime.leftovers import core_of

from mog.engine.distributed.dead_letters import Letter, name_unreadable
from mog.engine.rabbitmq.messages import Parcel
from mog.engine.records import DeadQuery

from .conftest import DistributedKit


def letter(queue: str = "tasks", reason: str = "why", body: bytes = b'{"name":"t"}') -> Letter:
    return Letter(uuid4(), queue, reason, body)


async def test_letters_of_all_queues_come_newest_first_page_by_page(kit: DistributedKit) -> None:
    async with kit.engine() as engine:
        buried = [letter("one"), letter("other"), letter("one", "else"), letter("other")]
        for one in buried:
            assert await core_of(engine).dead_letters.bury([one]) == [None]
            await kit.advance(1)
        newest_first = [one.id for one in reversed(buried)]
        found = await engine.broker.dead(DeadQuery(limit=3))
        assert [one.id for one in found] == newest_first[:3]
        rest = await engine.broker.dead(DeadQuery(limit=3, before=found[-1].id))
        assert [one.id for one in rest] == newest_first[3:]
        assert [one.id for one in await engine.broker.dead(DeadQuery(queue="one"))] == [buried[2].id, buried[0].id]
        assert [one.id for one in await engine.broker.dead(DeadQuery(reason="else"))] == [buried[2].id]
        assert await engine.broker.dead(DeadQuery(before=uuid4())) == []


async def test_one_that_is_there_twice_is_seen_once_and_dropped_for_good(kit: DistributedKit) -> None:
    async with kit.engine() as engine:
        one, other = letter(), letter()
        await core_of(engine).dead_letters.bury([one, other, one])
        assert sorted(found.id for found in await engine.broker.dead(DeadQuery())) == sorted([one.id, other.id])
        assert await engine.broker.drop_dead([one.id, uuid4()]) == [True, False]
        assert [found.id for found in await engine.broker.dead(DeadQuery())] == [other.id]


async def test_what_others_have_put_there_is_shown_as_it_is(kit: DistributedKit) -> None:
    async with kit.engine() as engine:
        await core_of(engine).dead_letters.bury([letter()])
        await core_of(engine).transport.publish([Parcel("tasks.dead", b"[1]", 0, "by hand", {"mog-buried": "now"})])
        found = await engine.broker.dead(DeadQuery())
        assert found[-1] == (name_unreadable(b"[1]"), None, "tasks", "unknown", 0.0, b"[1]")
        assert found[0].name == "t"


async def test_there_is_none_where_nothing_has_failed(kit: DistributedKit) -> None:
    async with kit.engine() as engine:
        assert await engine.broker.dead(DeadQuery()) == []
        assert await engine.broker.dead(DeadQuery(queue="tasks")) == []
        assert await engine.broker.drop_dead([uuid4()]) == [False]
