"""Servers that are gone for a while: nothing is lost, nothing runs twice, and all goes on by itself."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from uuid import uuid4

import pytest
from pamqp import commands
from tests.runtime.leftovers import ask, core_of
from tests.runtime.proxy import Proxy
from tests.services import RedisServer

from mog.engine.contracts import Engine
from mog.engine.records import DeadLetter, Delivery, Requeue
from mog.engine.redis.answers import Arrival, Verdict, WakeUp
from mog.engine.redis.client import Client
from mog.engine.redis.settings import RedisSettings
from mog.errors import CouldNotSubmit, EngineUnavailable, StoreUnusable
from mog.states import ResultState
from mog.testing.conformance.kit import Deliveries, Submitter, eventually, new_task, outcome, record_of

from .conftest import DistributedKit, letters_of


async def quiet(proxy: Proxy) -> None:
    """Take the server away."""
    await proxy.refuse()
    proxy.cut()


async def outbox_is_swept(engine: Engine, deliveries: Deliveries) -> None:
    """Wait until what is in the outbox now would have been published: until what is put there later has been."""
    last = new_task()
    assert await core_of(engine).store.submissions.create([last]) == [None]
    while (await deliveries.next()).message.id != last.record.id:
        pass


async def settle_at_last(deliveries: Deliveries, delivery: Delivery) -> bool:
    """Send the end of an attempt until the store answers, and return whether it was recorded."""
    answers: list[bool] = []

    async def answered() -> bool:
        with suppress(EngineUnavailable):
            answers.append(await deliveries.settle(delivery))
        return bool(answers)

    await eventually(answered)
    return answers[0]


# -- RabbitMQ


async def test_a_lost_broker_costs_no_run(kit: DistributedKit, amqp_proxy: Proxy) -> None:
    async with kit.opened(amqp_url=amqp_proxy.url) as worker, kit.engine() as client:
        ids = await Submitter(client).submit(*(new_task() for _ in range(10)))
        deliveries = await Deliveries.begin(worker, slots=3)
        running = await deliveries.several(3)
        amqp_proxy.cut()
        assert [await deliveries.settle(one) for one in running] == [True, True, True]
        deliveries.consumer.grant(7)
        rest = await deliveries.several(7)
        assert sorted(one.message.id for one in (*running, *rest)) == sorted(ids)
        assert {(one.attempt, one.crashes) for one in rest} == {(1, 0)}
        await kit.quiet()
        assert len(deliveries.taken) == 10


async def test_what_runs_while_the_broker_is_lost_is_not_begun_again(kit: DistributedKit, amqp_proxy: Proxy) -> None:
    async with kit.opened(amqp_url=amqp_proxy.url) as worker, kit.engine() as other:
        await Submitter(other).submit_new()
        deliveries = await Deliveries.begin(worker, slots=1)
        running = [await deliveries.next()]
        others = await Deliveries.begin(other, slots=2)
        amqp_proxy.cut()
        await outbox_is_swept(other, others)  # its message has come back by then, and the lease was renewed
        assert running[0].message.id not in {one.message.id for one in (*deliveries.taken[1:], *others.taken)}
        assert await deliveries.settle(running[0])


async def test_without_a_broker_nothing_is_submitted_and_nothing_stays(kit: DistributedKit, amqp_proxy: Proxy) -> None:
    async with kit.opened(amqp_url=amqp_proxy.url) as client, kit.engine() as worker:
        await client.broker.declare(["tasks"])
        deliveries = await Deliveries.begin(worker, slots=5)
        await quiet(amqp_proxy)
        tasks = [new_task(), new_task()]
        answers = await client.results.create(tasks)
        assert [type(answer) for answer in answers] == [CouldNotSubmit, CouldNotSubmit]
        for task in tasks:
            record = await record_of(worker, task.record.id)
            assert (record.state, record.number_of_starts) == (ResultState.REVOKED, 0)
        await outbox_is_swept(worker, deliveries)
        assert len(deliveries.taken) == 1
        await amqp_proxy.listen()

        async def submitted() -> bool:
            return await client.results.create([new_task()]) == [None]

        await eventually(submitted)
        await deliveries.next()


async def test_a_requeue_without_a_broker_is_published_later(kit: DistributedKit, amqp_proxy: Proxy) -> None:
    async with kit.opened(amqp_url=amqp_proxy.url) as leaver, kit.engine() as stayer:
        await Submitter(stayer).submit_new()
        deliveries = await Deliveries.begin(leaver, slots=1)
        delivery = await deliveries.next()
        await quiet(amqp_proxy)
        assert await deliveries.requeue(delivery)
        again = await (await Deliveries.begin(stayer, slots=1)).next()
        assert (again.message.id, again.attempt, again.crashes) == (delivery.message.id, 2, 0)


async def test_a_queue_that_is_deleted_is_made_again(kit: DistributedKit) -> None:
    async with kit.engine() as worker, kit.engine() as client:
        deliveries = await Deliveries.begin(worker, slots=2)
        await Submitter(client).submit_new()
        await deliveries.next()
        await ask(kit.rabbit, [commands.Queue.Delete(queue=f"{kit.app}.tasks")])
        id_ = await Submitter(client).submit_new()
        assert (await deliveries.next()).message.id == id_


async def delete_queue(kit: DistributedKit) -> None:
    await ask(kit.rabbit, [commands.Queue.Delete(queue=f"{kit.app}.tasks")])


async def test_what_waits_in_a_queue_that_is_deleted_comes_all_the_same(kit: DistributedKit) -> None:
    async with kit.engine() as worker, kit.engine() as client:
        deliveries = await Deliveries.begin(worker, slots=2)
        ids = await Submitter(client).submit(*(new_task() for _ in range(30)))
        running = await deliveries.several(2)
        later = await Submitter(client).submit_new(due=kit.now() + 60.0)
        await delete_queue(kit)
        assert [await deliveries.settle(one) for one in running] == [True, True]
        deliveries.consumer.grant(30)
        came = await deliveries.several(28)
        assert sorted(one.message.id for one in (*running, *came)) == sorted(ids)
        assert {(one.attempt, one.crashes) for one in came} == {(1, 0)}
        await kit.quiet()
        assert later not in {one.message.id for one in deliveries.taken}


async def test_what_waits_comes_though_its_queue_was_deleted_while_nobody_consumed(kit: DistributedKit) -> None:
    async with kit.engine() as client:
        ids = await Submitter(client).submit(*(new_task() for _ in range(3)))
    await delete_queue(kit)
    async with kit.engine() as worker:
        came = await (await Deliveries.begin(worker, slots=5)).several(3)
        assert sorted(one.message.id for one in came) == sorted(ids)


async def test_a_submitter_that_makes_a_queue_anew_brings_back_what_waited_in_it(kit: DistributedKit) -> None:
    async with kit.engine() as client:
        ids = await Submitter(client).submit(*(new_task() for _ in range(3)))
        await delete_queue(kit)
        ids.append(await Submitter(client).submit_new())
    async with kit.engine() as worker:
        came = await (await Deliveries.begin(worker, slots=5)).several(4)
        assert sorted(one.message.id for one in came) == sorted(ids)


# -- Redis


async def test_without_a_store_consumption_pauses_and_goes_on(kit: DistributedKit, redis_proxy: Proxy) -> None:
    async with kit.opened(redis_url=redis_proxy.url) as worker, kit.engine() as client:
        deliveries = await Deliveries.begin(worker, slots=5)
        await quiet(redis_proxy)
        ids = await Submitter(client).submit(*(new_task() for _ in range(3)))
        await kit.quiet()
        assert deliveries.taken == []
        await redis_proxy.listen()
        came = await deliveries.several(3)
        assert sorted(one.message.id for one in came) == sorted(ids)
        assert {(one.attempt, one.crashes) for one in came} == {(1, 0)}


async def test_that_the_store_is_away_is_told_once(
    kit: DistributedKit, redis_proxy: Proxy, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "mog.engine.distributed")

    def told() -> list[str]:
        return [line for line in caplog.messages if line.startswith("no task begins") or line.endswith("is back")]

    async def lines(count: int) -> None:
        await eventually(lambda: asyncio.sleep(0, len(told()) >= count))

    async with kit.opened(redis_url=redis_proxy.url) as worker:
        await Deliveries.begin(worker)
        for outage in (1, 2):
            await quiet(redis_proxy)
            await lines(2 * outage - 1)
            await kit.quiet()
            await redis_proxy.listen()
            await lines(2 * outage)
    assert [line.endswith("is back") for line in told()] == [False, True] * 2


async def test_a_store_that_lets_nobody_in_any_more_ends_consumption(
    kit: DistributedKit, own_redis: RedisServer
) -> None:
    async with kit.opened(redis_url=own_redis.url) as worker:
        deliveries = await Deliveries.begin(worker)
        client = Client(RedisSettings.from_url(own_redis.url))
        await client.open()
        await client.call([("CONFIG", "SET", "requirepass", "new"), ("CLIENT", "KILL", "TYPE", "normal")])
        await client.close()
        with pytest.raises(StoreUnusable, match="asks for a password"):
            await deliveries.consumer.stopped()


async def test_an_outcome_is_refused_with_the_reason_and_taken_later(kit: DistributedKit, redis_proxy: Proxy) -> None:
    async with kit.opened(redis_url=redis_proxy.url) as worker, kit.engine() as client:
        id_ = await Submitter(client).submit_new()
        deliveries = await Deliveries.begin(worker, slots=1)
        delivery = await deliveries.next()
        await quiet(redis_proxy)
        with pytest.raises(EngineUnavailable):
            await deliveries.settle(delivery)
        await redis_proxy.listen()
        assert await settle_at_last(deliveries, delivery)
        assert (await record_of(client, id_)).state is ResultState.SUCCESS


async def test_an_admission_whose_answer_is_lost_is_no_crash(kit: DistributedKit, redis_proxy: Proxy) -> None:
    """The store has started the task when the wire is cut: asked again, it says so once more."""
    async with kit.opened(redis_url=redis_proxy.url) as worker, kit.engine() as client:
        deliveries = await Deliveries.begin(worker, slots=1)
        redis_proxy.down.open.clear()
        id_ = await Submitter(client).submit_new()

        async def started() -> bool:
            return (await record_of(client, id_)).state is ResultState.RUNNING

        await eventually(started)
        redis_proxy.cut()
        redis_proxy.heal()
        delivery = await deliveries.next()
        assert (delivery.message.id, delivery.attempt, delivery.crashes) == (id_, 1, 0)
        assert await deliveries.settle(delivery)


async def test_without_a_store_nothing_of_a_batch_starts(kit: DistributedKit, redis_proxy: Proxy) -> None:
    """The store has the tasks, and its answer was lost: they are taken back once it is there again."""
    async with kit.opened(redis_url=redis_proxy.url) as client, kit.engine() as worker:
        deliveries = await Deliveries.begin(worker, slots=5)
        task = new_task()
        redis_proxy.down.open.clear()
        creating = asyncio.ensure_future(client.results.create([task]))

        async def known() -> bool:
            return await worker.results.get([task.record.id]) != [None]

        await eventually(known)
        await quiet(redis_proxy)
        with pytest.raises(EngineUnavailable):
            await creating
        redis_proxy.heal()
        await redis_proxy.listen()

        async def revoked() -> bool:
            return (await record_of(worker, task.record.id)).state is ResultState.REVOKED

        await eventually(revoked)
        await outbox_is_swept(worker, deliveries)
        assert len(deliveries.taken) == 1


async def test_whoever_loses_the_store_for_long_loses_his_tasks(kit: DistributedKit, redis_proxy: Proxy) -> None:
    async with kit.opened(redis_url=redis_proxy.url) as cut_off, kit.engine() as worker:
        id_ = await Submitter(worker).submit_new()
        deliveries = await Deliveries.begin(cut_off, slots=1)
        delivery = await deliveries.next()
        await quiet(redis_proxy)
        again = await (await Deliveries.begin(worker, slots=1)).next()
        assert (again.message.id, again.attempt, again.crashes) == (id_, 2, 1)
        await redis_proxy.listen()

        async def told() -> bool:
            return id_ in deliveries.ended

        await eventually(told)
        assert not await deliveries.settle(delivery)
        assert await worker.results.settle([outcome(again)]) == [True]


async def test_whoever_loses_the_store_for_long_keeps_what_nobody_has_taken(
    kit: DistributedKit, redis_proxy: Proxy
) -> None:
    async with kit.opened(redis_url=redis_proxy.url) as worker, kit.engine() as client:
        await Submitter(client).submit_new()
        deliveries = await Deliveries.begin(worker, slots=1)
        delivery = await deliveries.next()
        await quiet(redis_proxy)

        async def taken_for_dead() -> bool:
            return await client.broker.nodes() == []

        await eventually(taken_for_dead)
        await redis_proxy.listen()
        assert await settle_at_last(deliveries, delivery)


# -- processes that die in between


async def test_what_was_stored_and_not_published_is_published_by_a_worker(kit: DistributedKit) -> None:
    async with kit.engine() as client, kit.engine() as worker:
        task = new_task()
        assert await core_of(client).store.submissions.create([task]) == [None]
        delivery = await (await Deliveries.begin(worker, slots=1)).next()
        assert (delivery.message.id, delivery.message.body) == (task.record.id, task.message.body)


async def test_a_dead_letter_that_was_not_written_is_written_by_a_worker(kit: DistributedKit) -> None:
    async with kit.engine() as worker, kit.engine() as client:
        id_ = await Submitter(client).submit_new()
        delivery = await (await Deliveries.begin(worker, slots=2)).next()
        end = outcome(delivery, ResultState.FAILURE)._replace(dead="why")
        assert await core_of(worker).store.attempts.settle([end]) == [True]
        [letter] = await letters_of(client)
        assert (letter.id, letter.reason) == (id_, "why")


async def test_a_start_that_nobody_heard_of_is_undone(kit: DistributedKit) -> None:
    async with kit.engine() as worker, kit.engine() as client:
        deliveries = await Deliveries.begin(worker)
        id_ = await Submitter(client).submit_new()
        arrival = Arrival(id_, 0, "tasks", 5, b"{}")
        [admission] = await core_of(worker).store.attempts.admit([arrival])
        assert getattr(admission, "verdict", None) is Verdict.START
        deliveries.consumer.grant(1)
        again = await deliveries.next()
        assert (again.message.id, again.attempt, again.crashes) == (id_, 1, 0)


async def test_a_message_of_which_the_store_knows_nothing_is_a_dead_letter(kit: DistributedKit) -> None:
    async with kit.engine() as worker:
        await Deliveries.begin(worker, slots=1)
        lost = WakeUp(uuid4(), 0, "tasks", 5, b'{"name":"lost"}')
        assert await core_of(worker).dispatch.send([lost]) == [None]
        [letter] = await letters_of(worker)
        assert letter[:4] == (lost.id, "lost", "tasks", "result-missing")
        assert letter.body == lost.body


async def test_of_tasks_that_a_forgetful_store_has_lost_the_messages_are_kept(
    kit: DistributedKit, own_redis: RedisServer
) -> None:
    """Redis starts anew without an append-only file: what waits and what runs is gone from it."""
    async with kit.opened(redis_url=own_redis.url) as worker:
        deliveries = await Deliveries.begin(worker, slots=1)
        tasks = [new_task() for _ in range(4)]
        await Submitter(worker).submit(*tasks)
        running = await deliveries.next()
        own_redis.kill()
        own_redis.start()
        assert not await settle_at_last(deliveries, running), "of its task the store knows nothing any more"
        deliveries.consumer.grant(4)
        lost = {task.record.id: task.message.body for task in tasks if task.record.id != running.message.id}
        letters: list[DeadLetter] = []

        async def buried() -> bool:
            letters[:] = await letters_of(worker)
            return len(letters) == len(lost)

        await eventually(buried)
        assert {letter.id: letter.body for letter in letters} == lost
        assert {letter.reason for letter in letters} == {"result-missing"}
        assert deliveries.taken == [running]


async def test_refunds_of_a_process_that_stops_reach_another(kit: DistributedKit) -> None:
    async with kit.engine() as stayer:
        async with kit.engine() as leaver:
            ids = await Submitter(stayer).submit(*(new_task() for _ in range(6)))
            deliveries = await Deliveries.begin(leaver, slots=2)
            running = await deliveries.several(2)
            await deliveries.consumer.stop()
            answers = await leaver.results.requeue(
                [Requeue(one.message.id, one.attempt, refund=True) for one in running]
            )
            assert answers == [True, True]
        came = await (await Deliveries.begin(stayer, slots=6)).several(6)
        assert sorted(one.message.id for one in came) == sorted(ids)
        assert {(one.attempt, one.crashes) for one in came} == {(1, 0)}
