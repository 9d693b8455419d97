"""What every :class:`~mog.engine.contracts.Broker` promises."""

# The name of a test says what it checks.
# ruff: noqa: D102

from __future__ import annotations

import asyncio

import mog.errors
from mog.engine.records import QueueDepth, Unparked
from mog.states import ResultState
from mog.testing.conformance.kit import Deliveries, EngineKit, Submitter, eventually, new_task, outcome, record_of


class BrokerConformance:
    """Subclass it, and give it a fixture ``kit`` that returns an :class:`EngineKit`."""

    async def test_a_message_comes_to_a_consumer_of_its_queue(self, kit: EngineKit) -> None:
        async with kit.engine() as engine:
            task = new_task()
            await Submitter(engine).submit(task)
            delivery = await (await Deliveries.begin(engine, slots=1)).next()
            assert delivery.message.id == task.record.id
            assert delivery.message.queue == "tasks"
            assert delivery.message.body == task.message.body
            assert (delivery.attempt, delivery.crashes) == (1, 0)

    async def test_a_message_wakes_a_consumer_that_waits(self, kit: EngineKit) -> None:
        async with kit.engine() as worker, kit.engine() as client:
            deliveries = await Deliveries.begin(worker, slots=1)
            await kit.quiet()
            id_ = await Submitter(client).submit_new()
            assert (await deliveries.next()).message.id == id_

    async def test_a_delivery_says_whose_child_and_when_created(self, kit: EngineKit) -> None:
        async with kit.engine() as engine:
            parent = await Submitter(engine).submit_new("elsewhere")
            task = new_task(parent_id=parent)
            task.record.created = kit.now() - 5
            await Submitter(engine).submit(task)
            delivery = await (await Deliveries.begin(engine, slots=1)).next()
            assert (delivery.parent_id, delivery.created) == (parent, task.record.created)

    async def test_nothing_comes_without_credit(self, kit: EngineKit) -> None:
        async with kit.engine() as engine:
            await Submitter(engine).submit_new()
            deliveries = await Deliveries.begin(engine)
            await kit.quiet()
            assert deliveries.taken == []

    async def test_no_more_comes_than_was_granted(self, kit: EngineKit) -> None:
        async with kit.engine() as engine:
            await Submitter(engine).submit(*(new_task() for _ in range(5)))
            deliveries = await Deliveries.begin(engine, slots=2)
            await deliveries.several(2)
            await kit.quiet()
            assert len(deliveries.taken) == 2
            deliveries.consumer.grant(3)
            await deliveries.several(3)

    async def test_credit_can_be_taken_back(self, kit: EngineKit) -> None:
        async with kit.engine() as engine:
            deliveries = await Deliveries.begin(engine)
            deliveries.consumer.grant(3)
            deliveries.consumer.grant(-2)
            await Submitter(engine).submit(*(new_task() for _ in range(3)))
            await deliveries.next()
            await kit.quiet()
            assert len(deliveries.taken) == 1

    async def test_a_stopped_consumer_hands_out_nothing(self, kit: EngineKit) -> None:
        async with kit.engine() as engine:
            deliveries = await Deliveries.begin(engine, slots=5)
            await deliveries.consumer.stop()
            await Submitter(engine).submit_new()
            await kit.quiet()
            assert deliveries.taken == []

    async def test_what_a_stopped_consumer_delivered_stays_owned(self, kit: EngineKit) -> None:
        async with kit.engine() as engine, kit.engine() as other:
            await Submitter(engine).submit_new()
            deliveries = await Deliveries.begin(engine, slots=1)
            delivery = await deliveries.next()
            await deliveries.consumer.stop()
            others = await Deliveries.begin(other, slots=1)
            await kit.quiet()
            assert others.taken == []
            assert await deliveries.settle(delivery)

    async def test_only_the_queues_asked_for_come(self, kit: EngineKit) -> None:
        async with kit.engine() as engine:
            await Submitter(engine).submit(new_task("other"), new_task("tasks"), new_task("more"))
            deliveries = await Deliveries.begin(engine, "tasks", "more", slots=5)
            assert {one.message.queue for one in await deliveries.several(2)} == {"tasks", "more"}
            await kit.quiet()
            assert len(deliveries.taken) == 2

    async def test_a_message_goes_to_one_of_several_consumers(self, kit: EngineKit) -> None:
        async with kit.engine() as first, kit.engine() as second:
            ids = await Submitter(first).submit(*(new_task() for _ in range(20)))
            takers = [await Deliveries.begin(engine, slots=20) for engine in (first, second)]

            async def all_came() -> bool:
                return sum(len(taker.taken) for taker in takers) >= 20

            await eventually(all_came)
            await kit.quiet()
            assert sorted(one.message.id for taker in takers for one in taker.taken) == sorted(ids)

    async def test_the_higher_priority_comes_first(self, kit: EngineKit) -> None:
        async with kit.engine() as engine:
            await Submitter(engine).submit(*(new_task(priority=priority) for priority in (5, 0, 10, 7, 5)))
            deliveries = await Deliveries.begin(engine, slots=1)
            order = []
            for _ in range(5):
                delivery = await deliveries.next()
                order.append(delivery.message.priority)
                await deliveries.settle(delivery)
                deliveries.consumer.grant(1)
            assert order == [10, 7, 5, 5, 0]

    async def test_a_delayed_message_comes_when_due_and_not_before(self, kit: EngineKit) -> None:
        async with kit.engine() as engine:
            await Submitter(engine).submit_new(due=kit.now() + 30)
            deliveries = await Deliveries.begin(engine, slots=1)
            await kit.advance(29)
            await kit.quiet()
            assert deliveries.taken == []
            await kit.advance(2)
            await deliveries.next()

    async def test_a_due_time_that_is_past_means_at_once(self, kit: EngineKit) -> None:
        async with kit.engine() as engine:
            await Submitter(engine).submit_new(due=kit.now() - 5)
            await (await Deliveries.begin(engine, slots=1)).next()

    async def test_the_tasks_of_a_dead_engine_come_again(self, kit: EngineKit) -> None:
        async with kit.engine() as survivor:
            victim = kit.make()
            await victim.open()
            ids = await Submitter(survivor).submit(new_task(), new_task())
            await (await Deliveries.begin(victim, slots=2)).several(2)
            deliveries = await Deliveries.begin(survivor, slots=2)
            await kit.crash(victim)
            async with asyncio.timeout(kit.recovery_time):
                again = await deliveries.several(2)
            assert sorted(one.message.id for one in again) == sorted(ids)
            assert {(one.attempt, one.crashes) for one in again} == {(2, 1)}

    async def test_a_closed_engine_gives_back_what_it_owned(self, kit: EngineKit) -> None:
        async with kit.engine() as survivor:
            async with kit.engine() as leaver:
                id_ = await Submitter(survivor).submit_new()
                await (await Deliveries.begin(leaver, slots=1)).next()
            again = await (await Deliveries.begin(survivor, slots=1)).next()
            assert (again.message.id, again.crashes) == (id_, 0)

    async def test_messages_outlive_the_engine_that_stored_them(self, kit: EngineKit) -> None:
        async with kit.engine() as engine:
            id_ = await Submitter(engine).submit_new()
        async with kit.engine() as engine:
            assert (await (await Deliveries.begin(engine, slots=1)).next()).message.id == id_

    async def test_depth_counts_ready_delayed_and_running(self, kit: EngineKit) -> None:
        async with kit.engine() as engine:
            submitter = Submitter(engine)
            await submitter.submit(new_task(), new_task(), new_task(), new_task(due=kit.now() + 60))
            await (await Deliveries.begin(engine, slots=1)).next()
            depths = await engine.broker.depth(["tasks", "unknown"])
            assert depths == [QueueDepth("tasks", ready=2, delayed=1, running=1), QueueDepth("unknown")]

    async def test_purge_drops_what_waits_and_nothing_else(self, kit: EngineKit) -> None:
        async with kit.engine() as engine:
            submitter = Submitter(engine)
            running = await submitter.submit_new()
            deliveries = await Deliveries.begin(engine, slots=1)
            delivery = await deliveries.next()
            await submitter.submit(new_task(), new_task(due=kit.now() + 60))
            other = await submitter.submit_new("other")
            assert await engine.broker.purge(["tasks", "unknown"]) == {"tasks": 2, "unknown": 0}
            assert await engine.broker.depth(["tasks"]) == [QueueDepth("tasks", running=1)]
            assert (await record_of(engine, other)).state is ResultState.PENDING
            assert (await record_of(engine, running)).state is ResultState.RUNNING
            assert await deliveries.settle(delivery)

    async def test_purged_tasks_are_revoked(self, kit: EngineKit) -> None:
        async with kit.engine() as engine:
            id_ = await Submitter(engine).submit_new()
            await engine.broker.purge(["tasks"])
            record = await record_of(engine, id_)
            assert (record.state, record.finished) == (ResultState.REVOKED, kit.now())

    async def test_what_is_unparked_still_waits(self, kit: EngineKit) -> None:
        async with kit.engine() as engine:
            await Submitter(engine).submit_new(due=kit.now() + 60)
            unparked = await engine.broker.unpark(["tasks", "unknown"])
            [depth] = await engine.broker.depth(["tasks"])
            assert unparked == Unparked({"tasks": depth.ready, "unknown": 0}, 0)
            assert depth.ready + depth.delayed == 1

    async def test_a_settled_message_never_comes_again(self, kit: EngineKit) -> None:
        async with kit.engine() as engine:
            await Submitter(engine).submit_new()
            deliveries = await Deliveries.begin(engine, slots=5)
            assert await deliveries.settle(await deliveries.next())
        async with kit.engine() as engine:
            deliveries = await Deliveries.begin(engine, slots=5)
            await kit.quiet()
            assert deliveries.taken == []

    async def test_open_and_close_may_be_repeated(self, kit: EngineKit) -> None:
        engine = kit.make()
        for _ in range(2):
            await engine.open()
            await engine.open()
            await engine.broker.depth(["tasks"])
            await engine.close()
            await engine.close()

    async def test_a_closed_engine_says_that_it_is_not_connected(self, kit: EngineKit) -> None:
        engine = kit.make()
        await _raises_not_connected(engine.broker.depth(["tasks"]))
        await engine.open()
        await engine.close()
        await _raises_not_connected(engine.broker.depth(["tasks"]))
        await _raises_not_connected(engine.results.create([new_task()]))

    async def test_two_engines_settle_what_each_was_given(self, kit: EngineKit) -> None:
        async with kit.engine() as first, kit.engine() as second:
            ids = await Submitter(first).submit(*(new_task() for _ in range(10)))
            takers = [await Deliveries.begin(engine, slots=5) for engine in (first, second)]
            for taker in takers:
                batch = await taker.several(5)
                assert all(await taker.engine.results.settle([outcome(one) for one in batch]))
            records = await second.results.get(ids)
            assert {record.state for record in records if record} == {ResultState.SUCCESS}


async def _raises_not_connected(call: object) -> None:
    try:
        await call  # type: ignore[misc] # any awaitable will do
    except mog.errors.NotConnected:
        return
    raise AssertionError("NotConnected was not raised")
