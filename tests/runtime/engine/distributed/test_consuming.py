"""What one process takes in, holds, hands over and gives back."""

from __future__ import annotations

import asyncio

import pytest
from tests.runtime.leftovers import core_of

from mog.engine.contracts import Engine
from mog.engine.distributed.dead_letters import name_unreadable
from mog.engine.rabbitmq.messages import Parcel
from mog.engine.records import QueueDepth, Waiting
from mog.engine.redis.answers import ServerInfo
from mog.testing.conformance.kit import Deliveries, Submitter, eventually, new_task, record_of

from .conftest import DistributedKit, letters_of


async def handed_over(engine: Engine) -> None:
    """Wait until the message of the one task that runs is acknowledged."""

    async def acknowledged() -> bool:
        [run] = core_of(engine).running.all()
        return run.held is None

    await eventually(acknowledged)


async def test_a_long_run_needs_no_message(kit: DistributedKit) -> None:
    async with kit.engine() as survivor:
        victim = kit.make(consumer_timeout=1.0)
        await victim.open()
        id_ = await Submitter(survivor).submit_new()
        await (await Deliveries.begin(victim, slots=1)).next()
        await handed_over(victim)
        deliveries = await Deliveries.begin(survivor, slots=1)
        await kit.quiet()
        assert deliveries.taken == []
        await kit.crash(victim)
        again = await deliveries.next()
        assert (again.message.id, again.attempt, again.crashes) == (id_, 2, 1)


async def test_a_long_run_is_settled_like_any_other(kit: DistributedKit) -> None:
    async with kit.opened(consumer_timeout=0.2) as engine:
        await Submitter(engine).submit_new()
        deliveries = await Deliveries.begin(engine, slots=1)
        delivery = await deliveries.next()
        await handed_over(engine)
        assert await deliveries.settle(delivery)
        assert len(core_of(engine).running) == 0


async def test_tasks_that_wait_for_others_fill_no_window(kit: DistributedKit) -> None:
    async with kit.opened(look_ahead=0) as engine:
        await Submitter(engine).submit(*(new_task() for _ in range(20)))
        deliveries = await Deliveries.begin(engine, slots=1)
        for _ in range(20):
            parent = await deliveries.next()
            assert await engine.results.set_waiting([Waiting(parent.message.id, parent.attempt, waits=True)]) == [True]
            deliveries.consumer.grant(1)
        for parent in deliveries.taken:
            assert await deliveries.settle(parent)


async def test_more_slots_than_at_first_widen_the_window(kit: DistributedKit) -> None:
    async with kit.opened(look_ahead=2) as engine:
        await Submitter(engine).submit(*(new_task() for _ in range(30)))
        deliveries = await Deliveries.begin(engine, slots=1)
        await deliveries.next()
        deliveries.consumer.grant(29)
        await deliveries.several(29)


async def test_what_lies_ahead_of_busy_slots_goes_to_who_is_idle(kit: DistributedKit) -> None:
    async with kit.engine() as busy, kit.engine() as idle:
        ids = await Submitter(busy).submit(*(new_task() for _ in range(4)))
        holding = await Deliveries.begin(busy, slots=2)
        await holding.several(2)
        rest = await (await Deliveries.begin(idle, slots=4)).several(2)
        assert sorted(one.message.id for one in (*holding.taken, *rest)) == sorted(ids)


async def test_quick_tasks_are_taken_in_ahead_again(kit: DistributedKit) -> None:
    async with kit.engine() as engine:
        await Submitter(engine).submit(*(new_task() for _ in range(4)))
        deliveries = await Deliveries.begin(engine, slots=2)
        slow = await deliveries.several(2)
        consumer = core_of(engine).consumer
        assert consumer is not None

        async def looks_ahead(*, expected: bool) -> bool:
            return consumer._window.looks_ahead is expected

        await eventually(lambda: looks_ahead(expected=False))
        await Submitter(engine).submit(*(new_task() for _ in range(300)))

        async def work() -> None:
            for delivery in slow:
                await deliveries.settle(delivery)
                deliveries.consumer.grant(1)
            while True:
                await deliveries.settle(await deliveries.next())
                deliveries.consumer.grant(1)

        working = asyncio.ensure_future(work())
        await eventually(lambda: looks_ahead(expected=True))
        working.cancel()


async def test_depth_counts_what_lies_ahead_as_ready(kit: DistributedKit) -> None:
    async with kit.engine() as engine:
        await Submitter(engine).submit(*(new_task() for _ in range(3)))
        await (await Deliveries.begin(engine, slots=2)).several(2)
        assert await engine.broker.depth(["tasks"]) == [QueueDepth("tasks", ready=1, running=2)]


async def test_a_stopped_consumer_gives_back_what_has_not_begun(kit: DistributedKit) -> None:
    async with kit.engine() as stopped, kit.engine() as other:
        ids = await Submitter(stopped).submit(*(new_task() for _ in range(4)))
        deliveries = await Deliveries.begin(stopped, slots=2)
        await deliveries.several(2)
        await deliveries.consumer.stop()
        rest = await (await Deliveries.begin(other, slots=4)).several(2)
        assert sorted(one.message.id for one in (*deliveries.taken, *rest)) == sorted(ids)
        assert {(one.attempt, one.crashes) for one in rest} == {(1, 0)}


async def test_another_consumer_takes_the_place_of_the_first(kit: DistributedKit) -> None:
    async with kit.engine() as engine:
        first = await Deliveries.begin(engine, slots=1)
        second = await Deliveries.begin(engine, "other", slots=1)
        await Submitter(engine).submit(new_task(), new_task("other"))
        assert (await second.next()).message.queue == "other"
        await kit.quiet()
        assert first.taken == []
        await first.consumer.stopped()


async def test_what_a_deliver_raises_costs_no_later_delivery(kit: DistributedKit) -> None:
    told: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: told.append(context["message"]))
    async with kit.engine() as engine:
        await engine.broker.declare(["tasks"])
        came = asyncio.Event()

        def deliver(deliveries: object) -> None:
            if not told:
                raise ValueError("not this time")
            came.set()

        consumer = await engine.broker.consume(["tasks"], deliver, lambda _: None)
        consumer.grant(2)
        await Submitter(engine).submit_new()

        async def failed() -> bool:
            return told == ["deliveries could not be taken"]

        await eventually(failed)
        await Submitter(engine).submit_new()
        await asyncio.wait_for(came.wait(), 10)


@pytest.mark.parametrize("body", [b"", b"no JSON", b'{"kind":"Revoke","payload":{}}', b"\xff" * 100])
async def test_what_is_no_request_is_a_dead_letter(kit: DistributedKit, body: bytes) -> None:
    async with kit.engine() as engine:
        deliveries = await Deliveries.begin(engine, slots=1)
        await core_of(engine).transport.publish([Parcel("tasks", body, 5, "any")])
        [letter] = await letters_of(engine)
        assert (letter.id, letter.reason, letter.queue, letter.body) == (
            name_unreadable(body),
            "unreadable",
            "tasks",
            body,
        )
        assert letter.buried == kit.now()
        id_ = await Submitter(engine).submit_new()
        assert (await deliveries.next()).message.id == id_
        assert await engine.broker.drop_dead([letter.id]) == [True]


async def test_a_purged_queue_has_nothing_ahead(kit: DistributedKit) -> None:
    async with kit.engine() as engine:
        ids = await Submitter(engine).submit(*(new_task() for _ in range(5)))
        deliveries = await Deliveries.begin(engine, slots=1)
        first = await deliveries.next()
        assert await engine.broker.purge(["tasks", "tasks"]) == {"tasks": 4}
        assert await deliveries.settle(first)
        deliveries.consumer.grant(1)
        await kit.quiet()
        assert len(deliveries.taken) == 1
        states = {(await record_of(engine, id_)).state.value for id_ in ids}
        assert states == {"SUCCESS", "REVOKED"}


@pytest.mark.parametrize(
    ("server", "says"),
    [
        (ServerInfo(aof=False), ["keeps no append-only file"]),
        (ServerInfo(aof=True, eviction="allkeys-lru"), ["evicts tasks"]),
        (ServerInfo(aof=True, eviction="noeviction"), []),
        (ServerInfo(), []),
    ],
)
async def test_a_forgetful_store_is_told_of(
    kit: DistributedKit, caplog: pytest.LogCaptureFixture, server: ServerInfo, says: list[str]
) -> None:
    async with kit.engine() as engine:
        core_of(engine).store.server = server
        await Deliveries.begin(engine)
        warnings = [record.getMessage() for record in caplog.records]
        assert len(warnings) == len(says)
        assert all(text in warning for text, warning in zip(says, warnings, strict=True))
