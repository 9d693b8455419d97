"""The worker: slots, the end in good order, a store that is away for a while."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from tests.runtime.occupancy import Occupancy

from mog import App, Context, Pause, ResultState
from mog.engine import hand_over
from mog.engine.consumption import Consumption, DeliverHere, EndedHere
from mog.engine.records import Delivery, Requeue
from mog.errors import ConfigError, EngineUnavailable
from mog.worker.events import Event, TaskEnded, TaskStarted, WorkerStarted, WorkerStopping


@pytest.fixture
async def app(tmp_path: Path) -> AsyncIterator[App]:
    async with App("demo", broker=f"sqlite:///{tmp_path}/mog.db", grace=0.1) as app:
        yield app


async def test_no_more_tasks_at_once_than_slots(app: App) -> None:
    slots, release = Occupancy(), asyncio.Event()

    @app.task(name="hold")
    async def hold(context: Context) -> None:
        with slots:
            if slots.now == 3:
                release.set()
            await release.wait()

    async with app.worker(concurrency=3) as worker:
        results = await app.submit_many(app.create_request(hold) for _ in range(12))
        await asyncio.gather(*results)
        assert worker.running == 0
    assert slots.most == 3


async def test_maximum_concurrency_bounds_what_waits_for_children_too(
    app: App, caplog: pytest.LogCaptureFixture
) -> None:
    app.config.maximum_concurrency = 3

    @app.task(name="nest")
    async def nest(context: Context, depth: int) -> int:
        return 1 + await context.run("nest", depth - 1) if depth else 0

    async with app.worker(concurrency=2) as worker:
        result = await app.submit(nest, 4)
        async with asyncio.timeout(10):
            while [(await app.queue_depths())[0].ready, worker.running] != [1, 3]:
                await asyncio.sleep(0.005)
        with pytest.raises(TimeoutError):
            await result.wait(timeout=0.1)
        assert "maximum_concurrency (3)" in caplog.text
        async with App("demo", broker=app.config.broker) as other:
            other.task(name="nest")(nest)
            async with other.worker():
                assert await result == 4
        slots = Occupancy()

        @app.task(name="hold")
        async def hold(context: Context) -> None:
            with slots:
                await asyncio.sleep(0)

        await asyncio.gather(*await app.submit_many(app.create_request(hold) for _ in range(20)))
        assert slots.most == 2, "the slots are what they were"


async def test_a_task_that_is_revoked_before_its_attempt_has_begun_frees_its_slot(
    app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    @app.task(name="never")
    async def never(context: Context) -> None:
        await asyncio.Event().wait()

    consume = app.port().consume

    async def consume_and_end(queues: Sequence[str], deliver: DeliverHere, ended: EndedHere) -> Consumption:
        def deliver_and_end(deliveries: Sequence[Delivery]) -> None:
            deliver(deliveries)
            ended([delivery.message.id for delivery in deliveries])

        return await consume(queues, deliver_and_end, ended)

    monkeypatch.setattr(app.port(), "consume", consume_and_end)
    async with app.worker(concurrency=1) as worker:
        await app.submit(never)
        async with asyncio.timeout(10):
            while [depth.running for depth in await app.queue_depths()] != [1]:
                await asyncio.sleep(0.005)
            while worker.running:
                await asyncio.sleep(0.005)


async def test_more_slots_than_the_maximum_are_refused(app: App) -> None:
    app.config.maximum_concurrency = 3
    with pytest.raises(ConfigError, match=r"maximum_concurrency \(3\) is less than concurrency \(4\)"):
        app.create_worker(concurrency=4)


async def test_what_waits_behind_a_blocked_loop_goes_to_another_worker(
    app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hand_over, "PATIENCE", 0.05)
    blocked, release = threading.Event(), threading.Event()

    @app.task(name="block")
    async def block(context: Context) -> bool:
        blocked.set()
        return release.wait(20)  # on the loop, which is the fault

    @app.task(name="next")
    async def following(context: Context) -> str:
        return "here"

    async def work_elsewhere() -> list[str]:
        async with App("demo", broker=app.config.broker) as other:

            @other.task(name="next")
            async def following_there(context: Context) -> str:
                return "there"

            await asyncio.to_thread(blocked.wait, 20)
            results = await other.submit_many(other.create_request("next") for _ in range(3))
            async with other.worker():
                values = await asyncio.gather(*results)
            release.set()
            return values

    elsewhere = asyncio.to_thread(asyncio.run, work_elsewhere())
    async with app.worker(concurrency=5):
        blocking, values = await asyncio.gather(app.run(block), elsewhere)
        assert blocking, "nobody waited for the loop"
        assert values == ["there"] * 3
        assert await app.run(following) == "here", "its slots are back"


async def test_slot_of_a_def_task_is_busy_until_its_thread_returns(app: App) -> None:
    release, ran = threading.Event(), []

    @app.task(name="stuck")
    def stuck(context: Context) -> None:
        release.wait(20)

    @app.task(name="next")
    async def following(context: Context) -> None:
        ran.append(release.is_set())

    async with app.worker(concurrency=1):
        request = app.create_request(stuck)
        first = await app.submit(request.model_copy(update={"deadline": 0.05}))
        second = await app.submit(following)
        await first.wait(timeout=10)
        assert first.state is ResultState.REVOKED, "recorded while its thread still runs"
        with pytest.raises(TimeoutError):
            await second.wait(timeout=0.1)
        release.set()
        await second
    assert ran == [True]


async def test_stopping_worker_puts_back_what_did_not_end_in_time(app: App) -> None:
    started = asyncio.Event()

    @app.task(name="long")
    async def long(context: Context) -> int:
        started.set()
        if context.attempt == 1:
            await asyncio.Event().wait()
        return context.attempt

    async with app.worker():
        result = await app.submit(long)
        await started.wait()
    await result.refresh()
    assert (result.state, result.number_of_starts, result.number_of_stops) == (ResultState.SUSPENDED, 1, 1)
    async with app.worker():
        assert await result == 2


async def test_stopping_worker_lets_a_task_end(app: App) -> None:
    started = asyncio.Event()

    @app.task(name="short")
    async def short(context: Context) -> bool:
        started.set()
        await context.stopping.wait()
        return True

    async with app.worker():
        result = await app.submit(short)
        await started.wait()
    assert await result is True


async def test_cancelled_start_ends_in_good_order(app: App) -> None:
    started = asyncio.Event()

    @app.task(name="long")
    async def long(context: Context) -> None:
        started.set()
        await asyncio.Event().wait()

    work = asyncio.create_task(app.start())
    result = await app.submit(long)
    await started.wait()
    work.cancel()
    with pytest.raises(asyncio.CancelledError):
        await work
    await result.refresh()
    assert result.state is ResultState.SUSPENDED


async def test_closing_the_app_ends_its_workers_first(tmp_path: Path) -> None:
    app = App("demo", broker=f"sqlite:///{tmp_path}/mog.db")

    @app.task(name="quick")
    async def quick(context: Context) -> str:
        return "done"

    async with app:
        work = asyncio.create_task(app.start())
        assert await app.run(quick) == "done"
    await asyncio.wait_for(work, 10)


async def test_what_is_delivered_to_a_stopping_worker_goes_back_unstarted(app: App) -> None:
    ran = []

    @app.task(name="note")
    async def note(context: Context) -> None:
        ran.append(1)

    async with app.worker() as worker:
        worker.stopping.set()
        result = await app.submit(note)
    await result.refresh()
    assert (ran, result.state, result.number_of_starts) == ([], ResultState.PENDING, 0)


async def test_end_of_a_task_is_kept_while_the_store_is_away(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    @app.task(name="quick")
    async def quick(context: Context) -> str:
        return "kept"

    port = app.port()
    call, failures = port.call, [EngineUnavailable("away"), EngineUnavailable("still away")]

    def failing(operation: Any, item: Any) -> Any:
        if operation == "results.settle" and failures:
            future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
            future.set_exception(failures.pop())
            return future
        return call(operation, item)

    monkeypatch.setattr(port, "call", failing)
    async with app.worker():
        assert await app.run(quick) == "kept"
    assert failures == []


async def test_what_a_worker_asks_itself_fails_no_task_while_the_store_is_away(
    app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before a child runs its ancestors are looked at, and before a second attempt the places of its loops."""
    port = app.port()
    call, failures = port.call, {"results.get": 2, "state.get": 2}

    def failing(operation: Any, item: Any) -> Any:
        if not failures.get(operation):
            return call(operation, item)
        failures[operation] -= 1
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        future.set_exception(EngineUnavailable("away"))
        return future

    @app.task(name="child")
    async def child(context: Context) -> int:
        if context.attempt == 1:
            raise Pause(0)
        return context.attempt

    @app.task(name="parent")
    async def parent(context: Context) -> Any:
        return await context.run(child)

    monkeypatch.setattr(port, "call", failing)
    async with app.worker(concurrency=2):
        assert await app.run(parent) == 2
    assert set(failures.values()) == {0}


async def test_late_outcome_of_a_task_that_was_taken_over_is_not_recorded(
    app: App, caplog: pytest.LogCaptureFixture
) -> None:
    started, release = asyncio.Event(), asyncio.Event()

    @app.task(name="slow")
    async def slow(context: Context) -> int:
        if context.attempt == 1:
            started.set()
            await release.wait()
        return context.attempt

    async with app.worker():
        result = await app.submit(slow)
        await started.wait()
        assert await app.port().call("results.requeue", Requeue(result.id, attempt=1))
        assert await result == 2
        release.set()
    await result.refresh()
    assert result.state is ResultState.SUCCESS
    assert "was not recorded" in caplog.text


async def test_observer_is_told_in_order(app: App) -> None:
    @app.task(name="quick")
    async def quick(context: Context) -> None: ...

    @app.task(name="fail")
    async def fail(context: Context) -> None:
        raise ValueError("two\nlines")

    events: list[Event] = []
    for request in (app.create_request(quick), app.create_request(fail)):
        await app.submit(request)
    await app.start(once=True, concurrency=1, observer=events.append)
    kinds = [type(event) for event in events]
    assert kinds == [WorkerStarted, TaskStarted, TaskEnded, TaskStarted, TaskEnded, WorkerStopping]
    ends = [event for event in events if isinstance(event, TaskEnded)]
    assert [(end.state, end.error) for end in ends] == [("SUCCESS", None), ("FAILURE", "ValueError: two lines")]
