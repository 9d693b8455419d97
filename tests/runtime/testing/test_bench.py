"""An app on the bench runs everything in no time, and is as it was before when it leaves."""

from __future__ import annotations

import asyncio
import threading
import time
from datetime import timedelta
from pathlib import Path

import pytest

from mog import App, ClassService, Context, Middleware, Pause, Request, ResultState
from mog.errors import ConfigError, InvalidTaskArguments
from mog.testing import LoopWasBlocked, NotSettled, bench_of, running


@pytest.fixture
def app(tmp_path: Path) -> App:
    """An app whose settings name a file, which no test may touch."""
    app = App("demo", broker=f"sqlite:///{tmp_path}/real.db")

    @app.task(name="add", aliases=["plus"])
    async def add(context: Context, a: int, b: int = 1) -> int:
        return a + b

    @app.task(name="flaky", retries=5, backoff=60)
    async def flaky(context: Context) -> float:
        if context.retries < 3:
            raise ConnectionError("not yet")
        return app.clock()

    @app.task(name="poll")
    async def poll(context: Context) -> None:
        raise Pause(timedelta(seconds=30))

    @app.task(name="parent")
    async def parent(context: Context) -> int:
        return await context.run(Request(name="add", args=(1, 2), delay=timedelta(hours=1)))

    @app.task(name="plain")
    def plain(context: Context) -> None:
        context.call_threadsafe(context.submit(Request(name="add", args=(5,), delay=timedelta(days=1))))

    return app


async def test_delays_and_retries_run_in_no_time(app: App) -> None:
    began = time.monotonic()
    async with running(app) as bench:
        start = bench.clock()
        flaky, parent = await app.submit("flaky"), await app.submit("parent")
        await bench.settle()
        assert await flaky == pytest.approx(start + 180)
        assert await parent == 3
        assert bench.clock() == pytest.approx(start + 3600)
    assert time.monotonic() - began < 20


async def test_what_tasks_submit_is_settled_too(app: App) -> None:
    async with running(app) as bench:
        await app.submit("plain")
        await bench.settle()
        (child,) = bench.submitted("add")
        assert await (await app.result(child.id)) == 6


async def test_settling_waits_for_tasks_that_run_in_real_time(app: App) -> None:
    released = asyncio.Event()

    @app.task(name="slow")
    async def slow(context: Context) -> str:
        await released.wait()
        return "done"

    async with running(app) as bench:
        delayed = await app.submit(Request(name="add", args=(1,), delay=timedelta(minutes=1)))
        start = bench.clock()
        result = await app.submit(slow)
        settling = asyncio.create_task(bench.settle())
        done, _ = await asyncio.wait([settling], timeout=0.05)
        assert not done
        assert bench.clock() == start, "the clock was turned while a task ran"
        released.set()
        await settling
        assert await result == "done"
        assert await delayed == 2


async def test_advance_goes_as_far_as_it_is_told(app: App) -> None:
    times: list[float] = []

    @app.task(name="note")
    async def note(context: Context) -> None:
        times.append(round(app.clock() - start))

    async with running(app) as bench:
        start = bench.clock()
        for delay in (30, 10, 20):
            await app.submit(Request(name="note", delay=delay))
        await bench.advance(9)
        assert times == []
        await bench.advance(timedelta(seconds=12))
        assert times == [10, 20]
        assert bench.clock() == pytest.approx(start + 21)
        await bench.settle()
        assert times == [10, 20, 30]


async def test_advance_does_not_wait_for_a_parent_whose_child_is_not_due(app: App) -> None:
    async with running(app) as bench:
        parent = await app.submit("parent")
        await bench.advance(3000)
        await parent.refresh()
        assert parent.state is ResultState.SUSPENDED
        await bench.advance(601)
        assert await parent == 3


async def test_endless_task_is_named(app: App) -> None:
    async with running(app) as bench:
        await app.submit("poll")
        with pytest.raises(NotSettled, match=r"not settled within 0.2 s: poll\[.*\] is \w+, run \d+"):
            await bench.settle(timeout=0.2)


async def test_time_can_be_skipped(app: App) -> None:
    async with running(app, skip_time=True):
        assert await app.run("parent") == 3
        assert await app.run("flaky") > time.time()


async def test_submitted_requests_in_order(app: App) -> None:
    async with running(app) as bench:
        await app.submit("add", 1)
        await app.submit_many([Request(name="plus", args=(2,)), Request(name="another.service")])
        await asyncio.to_thread(app.submit_blocking, "add", 3)
        await asyncio.to_thread(app.submit_many_blocking, [Request(name="add", args=(4,))])
        with pytest.raises(InvalidTaskArguments):
            await app.submit("add", "many")
        names = ["add", "plus", "another.service", "add", "add"]
        assert [request.name for request in bench.submitted()] == names
        assert [request.args for request in bench.submitted("add")] == [(1,), (2,), (3,), (4,)]
        assert bench.submitted(app.tasks.get("add").function) == bench.submitted("plus") == bench.submitted("add")
        assert bench.submitted("parent") == []


async def test_assert_submitted_compares_arguments_as_they_arrive(app: App) -> None:
    async with running(app) as bench:
        result = await app.submit("add", 1, b=2)
        await app.submit("other", 1)
        assert bench.assert_submitted("add", a=1, b=2).id == result.id
        assert bench.assert_submitted(app.tasks.get("plus").function, 1, 2).id == result.id
        bench.assert_submitted("other", 1)
        with pytest.raises(AssertionError, match=r"add\(3\) was submitted 0 times; all requests:\n  add\(1, b=2\)\n"):
            bench.assert_submitted("add", 3)
        with pytest.raises(InvalidTaskArguments):
            bench.assert_submitted("add", "many")
        default = await app.submit("add", 3)
        assert bench.assert_submitted("add", 3, 1).id == default.id
        await app.submit("add", 1, 2)
        with pytest.raises(AssertionError, match="submitted 2 times"):
            bench.assert_submitted("add", 1, 2)


async def test_nothing_submitted_is_said(app: App) -> None:
    async with running(app) as bench:
        with pytest.raises(AssertionError, match="all requests: none"):
            bench.assert_submitted("add", 1)


async def test_unknown_task_ends_at_once(app: App) -> None:
    async with running(app) as bench:
        result = await app.submit("another.service")
        await bench.settle()
        await result.refresh()
        assert result.state is ResultState.INVALID


async def test_other_services_queue_is_left_alone(app: App) -> None:
    async with running(app) as bench:
        result = await app.submit(Request(name="another.service", queue_name="elsewhere", delay=timedelta(hours=1)))
        await bench.settle()
        await result.refresh()
        assert result.state is ResultState.PENDING


async def test_app_is_as_it_was(app: App, tmp_path: Path) -> None:
    def real(context: Context) -> str:
        return "real"

    app.services[real] = real
    before = dict(vars(app))
    told: list[str] = []

    class Told(Middleware):
        async def on_request_submitting(self, request: Request, context: Context | None = None) -> None:
            told.append(request.name)

    class Broken(Exception):
        pass

    async def break_on_the_bench() -> None:
        async with running(app):
            assert app.services == {real: real}
            app.services[real] = lambda context: "fake"
            app.add_middleware(Told())
            await app.submit("add", 1)
            raise Broken

    with pytest.raises(Broken):
        await break_on_the_bench()
    assert vars(app) == before
    assert app.services == {real: real}
    async with running(app) as bench:
        assert await app.find_results() == bench.submitted() == []
        await app.submit("add", 1)
    assert told == ["add"]
    assert list(tmp_path.iterdir()) == []


async def test_connected_app_keeps_its_queue(app: App) -> None:
    async with app:
        result = await app.submit("add", 1)
        async with running(app):
            assert await app.find_results() == []
        assert [one.id for one in await app.find_results()] == [result.id]


async def test_class_services_live_as_long_as_the_bench(app: App) -> None:
    events: list[str] = []

    class Service(ClassService[str]):
        def __call__(self, context: Context) -> str:
            events.append("use")
            return ""

        def close(self) -> None:
            events.append("close")

    @app.task(name="serve")
    async def serve(context: Context) -> str:
        return context.get_service(Service)

    for _ in range(2):
        async with running(app, skip_time=True):
            await app.run(serve)
    assert events == ["use", "close", "use", "close"]


async def test_one_bench_at_a_time(app: App) -> None:
    async with running(app) as bench:
        assert bench_of(app) is bench
        with pytest.raises(ConfigError, match="on the bench already"):
            async with running(app):
                pass
    with pytest.raises(ConfigError, match="create_app_fixture"):
        bench_of(app)


# -- blocked loops


@pytest.fixture
def napping(app: App) -> App:
    @app.task(name="nap")
    async def nap(context: Context, seconds: float) -> None:
        time.sleep(seconds)

    @app.task(name="nap_in_thread")
    def nap_in_thread(context: Context, seconds: float) -> None:
        time.sleep(seconds)

    return app


async def test_task_that_blocks_the_loop_fails_the_test(napping: App) -> None:
    with pytest.raises(LoopWasBlocked, match=r"blocked for 0\.\d s: nap\[.*\] \w+ in time\.sleep at ") as caught:
        async with running(napping, blocking_limit=timedelta(seconds=0.2)):
            await napping.run("nap", 0.6)
    assert "    time.sleep(seconds)" in caught.value.__notes__[0]


async def test_what_the_test_itself_does_is_its_own(napping: App) -> None:
    async with running(napping, blocking_limit=0.2):
        await napping.run("nap_in_thread", 0.5)
        time.sleep(0.5)


async def test_failure_of_the_test_is_not_hidden(napping: App) -> None:
    async def test() -> None:
        async with running(napping, blocking_limit=0.2):
            await napping.run("nap", 0.6)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await test()


async def test_without_a_limit_nobody_watches(napping: App) -> None:
    async with running(napping):
        assert "mog-guard" not in {thread.name for thread in threading.enumerate()}
        await napping.run("nap", 0.3)
    assert napping.config.guard.enabled
