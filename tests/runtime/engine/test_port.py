"""What holds for every port, whether its engine lives on a thread or inline."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import threading
from uuid import uuid4

import pytest

from mog.engine.operations import RESULTS_CREATE, RESULTS_GET
from mog.engine.records import Query
from mog.errors import AlreadySubmitted, EngineUnavailable, NotConnected, ResultLost, StoreTooNew
from mog.states import ResultState


async def until(condition, seconds=5.0):
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.001)


async def test_a_call_is_answered(port, new_task):
    task = new_task()
    assert await port.call(RESULTS_CREATE, task.new()) is None
    record = await port.call(RESULTS_GET, task.id)
    assert record is not None
    assert record.id == task.id


async def test_a_plain_name_does_as_well(port):
    assert await port.call("results.get", uuid4()) is None
    assert await port.call("results.find", Query()) == []
    assert await port.call("broker.depth", ["a", "b"]) != []


async def test_an_unknown_operation_is_an_error(port):
    with pytest.raises(ValueError, match=r"results\.fetch"):
        await port.call("results.fetch", uuid4())


@pytest.mark.parametrize("promised", [False, True])
async def test_an_engine_that_answers_too_little_leaves_nobody_waiting(port, fake_engine, monkeypatch, promised):
    async def get(results, ids):
        return []

    def promise(results, ids):
        return asyncio.ensure_future(get(results, ids))

    monkeypatch.setattr(type(fake_engine().results), "get", promise if promised else get)
    with pytest.raises(ValueError, match=r"results\.get gave 0 answers for 1 items"):
        await asyncio.wait_for(port.call("results.get", uuid4()), 5)


async def test_calls_of_one_burst_are_one_batch(port, store, new_task):
    await port.open()
    await asyncio.gather(*(port.call("results.create", new_task().new()) for _ in range(100)))
    assert sum(store.sizes("results.create")) == 100
    assert len(store.sizes("results.create")) <= 3  # a thread may begin with what came first


async def test_order_is_kept_between_operations(port, store):
    store.pauses["open"] = asyncio.Event()
    task_id = uuid4()
    port.send("state.set", (task_id, "a", b"1"))
    first = port.call("state.get", (task_id, "a"))
    port.send("state.set", (task_id, "a", b"2"))
    port.send("state.set", (task_id, "b", b"3"))
    second = port.call("state.get", (task_id, "a"))
    await until(lambda: store.calls)
    port.ping(store.pauses["open"].set)
    assert (await first, await second) == (b"1", b"2")
    assert store.calls[1:] == [("state.set", 1), ("state.get", 1), ("state.set", 2), ("state.get", 1)]


async def test_an_items_error_touches_no_neighbour(port, new_task):
    known, fresh = new_task(), new_task()
    await port.call("results.create", known.new())
    again, first = await asyncio.gather(
        port.call("results.create", known.new()), port.call("results.create", fresh.new()), return_exceptions=True
    )
    assert isinstance(again, AlreadySubmitted)
    assert first is None


async def test_a_batchs_error_goes_to_all_of_it(port, store, new_task):
    await port.open()
    store.errors["results.create"] = [EngineUnavailable("locked") for _ in range(3)]
    answers = await asyncio.gather(
        *(port.call("results.create", new_task().new()) for _ in range(3)), return_exceptions=True
    )
    assert {type(answer) for answer in answers} == {EngineUnavailable}


async def test_an_open_error_comes_as_it_is_and_the_next_call_tries_again(port, store):
    error = StoreTooNew("made by a newer mog")
    store.errors["open"] = [error]
    with pytest.raises(StoreTooNew) as caught:
        await port.call("results.get", uuid4())
    assert caught.value is error
    assert await port.call("results.get", uuid4()) is None


async def test_a_cancelled_call_is_still_done(port, store, new_task):
    task = new_task()
    port.call("results.create", task.new()).cancel()
    await port.call("results.get", uuid4())
    assert task.id in store.records


async def test_after_close_only_open_helps(port):
    await port.call("results.get", uuid4())
    await port.close()
    await port.close()
    with pytest.raises(NotConnected):
        await port.call("results.get", uuid4())
    with pytest.raises(NotConnected):
        port.send("state.set", (uuid4(), "a", b""))
    await port.open()
    assert await port.call("results.get", uuid4()) is None


async def test_close_flushes_what_was_sent(port, store):
    task_id = uuid4()
    port.send("state.set", (task_id, "a", b"1"))
    await port.close()
    assert store.state == {(task_id, "a"): b"1"}
    assert store.closed == 1


async def test_close_ends_what_does_not_end(port, store):
    store.pauses["results.get"] = asyncio.Event()
    call = port.call("results.get", uuid4())
    await port.close(timeout=0.1)
    with pytest.raises(NotConnected):
        await call


async def test_calls_from_other_threads(port, store, new_task):
    def submit(tasks):
        for task in tasks:
            port.call_blocking("results.create", task.new(), timeout=10)

    await port.open()
    tasks = [new_task() for _ in range(40)]
    await asyncio.gather(*(asyncio.to_thread(submit, tasks[n::4]) for n in range(4)))
    assert store.records.keys() == {task.id for task in tasks}


async def test_loops_of_two_threads(port):
    async def on_another_loop():
        return await port.call("results.get", uuid4())

    await port.open()
    assert await asyncio.to_thread(lambda: asyncio.run(on_another_loop())) is None
    assert await port.call("results.get", uuid4()) is None


# -- sent one-way


async def test_a_settle_is_repeated_until_the_store_is_back(port, store, new_task):
    task, other = new_task(), new_task()
    await port.call("results.create", task.new())
    await port.call("results.create", other.new())
    store.errors["results.settle"] = [EngineUnavailable("locked"), EngineUnavailable("locked")]
    port.send("results.settle", task.outcome())
    await until(lambda: len(store.sizes("results.settle")) == 1)
    port.send("results.settle", other.outcome())
    await until(lambda: {record.state for record in store.records.values()} == {ResultState.SUCCESS})


async def test_a_settle_that_close_could_not_save_is_logged(port, store, new_task, caplog):
    task = new_task()
    await port.call("results.create", task.new())
    store.errors["results.settle"] = [EngineUnavailable("locked") for _ in range(100)]
    port.send("results.settle", task.outcome())
    await until(lambda: store.sizes("results.settle"))
    await port.close(timeout=1.0)
    assert any(str(task.id) in record.getMessage() and record.levelno == logging.ERROR for record in caplog.records)


async def test_close_tries_a_last_time(port, store, new_task):
    task = new_task()
    await port.call("results.create", task.new())
    store.errors["results.requeue"] = [EngineUnavailable("locked")]
    requeue = task.outcome()
    port.send("results.requeue", requeue)
    await until(lambda: store.sizes("results.requeue"))
    await port.close()
    assert store.requeued == [requeue]


async def test_other_one_way_errors_are_logged(port, store, caplog):
    await port.open()
    store.errors["state.set"] = [EngineUnavailable("locked")]
    task_id = uuid4()
    port.send("state.set", (task_id, "a", b""))
    await until(lambda: caplog.records)
    assert f"state.set of {task_id} failed: locked" in caplog.text


# -- waiting


async def test_wait_returns_the_terminal_record(port, store, new_task):
    task = new_task()
    await port.call("results.create", task.new())
    waits = [asyncio.ensure_future(port.wait(task.id)) for _ in range(3)]
    await until(lambda: task.id in store.watched)
    port.send("results.settle", task.outcome())
    assert {record.state for record in await asyncio.gather(*waits)} == {ResultState.SUCCESS}
    assert (await port.wait(task.id)).state == ResultState.SUCCESS


async def test_wait_for_an_unknown_id(port):
    with pytest.raises(ResultLost):
        await port.wait(uuid4())


async def test_wait_times_out_and_leaves_nothing(port, store, new_task):
    task = new_task()
    await port.call("results.create", task.new())
    with pytest.raises(TimeoutError):
        await port.wait(task.id, timeout=0.01)
    await until(lambda: not store.watched)
    assert len(port._host._waiters) == 0


async def test_one_waiter_leaves_and_the_other_stays(port, store, new_task):
    task = new_task()
    await port.call("results.create", task.new())
    stays = asyncio.ensure_future(port.wait(task.id))
    leaves = asyncio.ensure_future(port.wait(task.id))
    await until(lambda: task.id in store.watched)
    leaves.cancel()
    await port.call("results.get", task.id)
    assert task.id in store.watched
    port.send("results.settle", task.outcome())
    assert (await stays).state == ResultState.SUCCESS


async def test_wait_goes_on_over_an_outage(port, store, new_task):
    task = new_task()
    await port.call("results.create", task.new())
    wait = asyncio.ensure_future(port.wait(task.id))
    await until(lambda: task.id in store.watched)
    store.errors["results.watch"] = [EngineUnavailable("locked")]
    port.send("results.settle", task.outcome())
    assert (await wait).state == ResultState.SUCCESS


async def test_a_hint_that_was_wrong_does_no_harm(port, store, new_task):
    task = new_task()
    await port.call("results.create", task.new())
    wait = asyncio.ensure_future(port.wait(task.id))
    await until(lambda: task.id in store.watched)
    port.ping(lambda: port.engine.results.finished([task.id, uuid4()]))
    await until(lambda: len(store.sizes("results.watch")) == 2)
    assert not wait.done()
    port.send("results.settle", task.outcome())
    assert (await wait).state == ResultState.SUCCESS


async def test_close_fails_those_who_wait(port, store, new_task):
    task = new_task()
    await port.call("results.create", task.new())
    wait = asyncio.ensure_future(port.wait(task.id))
    await until(lambda: task.id in store.watched)
    await port.close()
    with pytest.raises(NotConnected):
        await wait


async def test_five_hundred_waiters(port, store, new_task):
    tasks = [new_task() for _ in range(500)]
    await asyncio.gather(*(port.call("results.create", task.new()) for task in tasks))
    waits = [asyncio.ensure_future(port.wait(task.id)) for task in tasks]
    await until(lambda: len(store.watched) == 500)
    assert len(store.sizes("results.watch")) <= 5
    for task in tasks:
        port.send("results.settle", task.outcome())
    await asyncio.gather(*waits)
    assert len(port._host._waiters) == 0


async def test_wait_blocking(port, store, new_task):
    task = new_task()
    await port.call("results.create", task.new())
    with pytest.raises(TimeoutError):
        await asyncio.to_thread(port.wait_blocking, task.id, 0.01)
    await until(lambda: not store.watched)
    waiting = asyncio.ensure_future(asyncio.to_thread(port.wait_blocking, task.id, 10.0))
    await until(lambda: task.id in store.watched)
    port.send("results.settle", task.outcome())
    assert (await waiting).state == ResultState.SUCCESS


async def test_an_answered_call_leaves_no_cycles(port, store):
    await port.open()
    gc.collect()
    gc.disable()
    try:
        store.errors["results.get"] = [EngineUnavailable("locked") for _ in range(20)]
        for _ in range(20):
            with contextlib.suppress(EngineUnavailable):
                await port.call("results.get", uuid4())
        await port.call("state.get", (uuid4(), "a"))
        gc.set_debug(gc.DEBUG_SAVEALL)
        gc.collect()
        assert not [thing for thing in gc.garbage if isinstance(thing, EngineUnavailable)]
    finally:
        gc.set_debug(0)
        gc.garbage.clear()
        gc.enable()


# -- deliveries


async def test_deliveries_come_with_credit_and_on_this_loop(port, store, new_task):
    came, threads = [], set()

    def deliver(deliveries):
        came.extend(deliveries)
        threads.add(threading.current_thread())

    consumption = await port.consume(["tasks"], deliver, lambda _: None)
    tasks = [new_task() for _ in range(3)]
    for task in tasks:
        await port.call("results.create", task.new())
    assert came == []
    consumption.grant(2)
    await until(lambda: len(came) == 2)
    await asyncio.to_thread(consumption.grant, 1)
    await until(lambda: len(came) == 3)
    assert [delivery.message.id for delivery in came] == [task.id for task in tasks]
    assert threads == {threading.current_thread()}
    await consumption.stop()


async def test_grants_of_a_burst_are_one_and_do_not_split_settles(port, store, new_task):
    consumption = await port.consume(["tasks"], lambda _: None, lambda _: None)
    consumer = port.engine.broker.consumer
    tasks = [new_task() for _ in range(50)]
    await asyncio.gather(*(port.call("results.create", task.new()) for task in tasks))
    settles = []
    for task in tasks:
        settles.append(port.call("results.settle", task.outcome()))
        consumption.grant(1)
    await asyncio.gather(*settles)
    await until(lambda: sum(consumer.grants) == 50)
    assert len(store.sizes("results.settle")) <= 3
    assert len(consumer.grants) <= 3


async def test_nothing_is_delivered_after_stop(port, store, new_task):
    came = []
    consumption = await port.consume(["tasks"], came.extend, lambda _: None)
    consumption.grant(10)
    await port.call("results.create", new_task().new())
    await consumption.stop()
    await consumption.stop()
    assert len(came) == 1
    consumption.grant(1)
    await port.call("results.create", new_task().new())
    await port.call("results.get", uuid4())
    assert len(came) == 1
