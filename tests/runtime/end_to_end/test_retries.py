"""Retries, timeouts, crashes and dead letters."""

from __future__ import annotations

import asyncio
import threading

import pytest

from mog import App, Context, Request, ResultState
from mog.engine.records import DeadQuery
from mog.errors import ConfigError, ResultNotReady, ResultValueLost, RetriesExhausted
from mog.interrupts import Pause, Retry
from mog.retrying import constant, exponential
from mog.testing.clock import VirtualClock


async def test_failed_runs_are_retried_and_counted(app: App) -> None:
    @app.task(name="flaky", retries=3, backoff=0)
    async def flaky(context: Context) -> tuple[int, int]:
        if context.retries < 2:
            raise ConnectionError("not yet")
        return context.attempt, context.retries

    async with app.worker():
        result = await app.submit(flaky)
        assert await result == (3, 2)
    assert (result.number_of_starts, result.number_of_stops, result.number_of_retries) == (3, 3, 2)


async def test_after_the_last_retry_the_error_is_the_tasks(app: App) -> None:
    @app.task(name="broken", retries=2, backoff=0)
    async def broken(context: Context) -> None:
        raise ConnectionError(f"run {context.attempt}")

    async with app.worker():
        result = await app.submit(broken)
        with pytest.raises(ConnectionError, match="run 3"):
            await result
    assert (result.state, result.number_of_retries) == (ResultState.FAILURE, 2)


async def test_only_what_is_worth_it_is_retried(app: App) -> None:
    @app.task(name="picky", retries=5, backoff=0, retry_on=(ConnectionError, OSError))
    async def picky(context: Context) -> None:
        raise ValueError(f"run {context.attempt}")

    async with app.worker():
        with pytest.raises(ValueError, match="run 1"):
            await app.run(picky)


async def test_without_retries_nothing_is_retried(app: App) -> None:
    @app.task(name="plain")
    async def plain(context: Context) -> None:
        raise ValueError(f"run {context.attempt}")

    async with app.worker():
        with pytest.raises(ValueError, match="run 1"):
            await app.run(plain)


async def test_raised_retry_counts_and_may_name_its_delay(app: App) -> None:
    @app.task(name="asks", retries=2)
    async def asks(context: Context) -> int:
        if context.retries < 2:
            raise Retry(0.01)
        return context.retries

    async with app.worker():
        assert await app.run(asks) == 2


@pytest.mark.parametrize("cause", [None, ValueError("why")])
async def test_one_retry_too_many_fails_with_its_cause(app: App, cause: Exception | None) -> None:
    @app.task(name="asks", retries=1)
    async def asks(context: Context) -> None:
        raise Retry(0) from cause

    async with app.worker():
        with pytest.raises(ValueError if cause else RetriesExhausted):
            await app.run(asks)


async def test_pauses_are_no_retries(app: App) -> None:
    @app.task(name="pauses", retries=1, backoff=0)
    async def pauses(context: Context) -> list[int]:
        if context.attempt <= 2:
            raise Pause(0.01)
        if context.attempt == 3:
            raise ValueError("once")
        return [context.attempt, context.retries]

    async with app.worker():
        assert await app.run(pauses) == [4, 1]


async def test_group_with_a_retry_is_a_retry(app: App) -> None:
    @app.task(name="group", retries=1)
    async def group(context: Context) -> int:
        if not context.retries:
            raise ExceptionGroup("both", [Retry(0), ExceptionGroup("inner", [Pause(0.01)])])
        return context.retries

    async with app.worker():
        assert await app.run(group) == 1


@pytest.mark.parametrize("kind", ["async", "def"])
async def test_timeout_fails_the_run_and_may_be_retried(app: App, kind: str) -> None:
    release = threading.Event()

    @app.task(name="slow.async", timeout=0.05, retries=1, backoff=0)
    async def slow(context: Context) -> str:
        if not context.retries:
            await asyncio.Event().wait()
        return "second"

    @app.task(name="slow.def", timeout=0.05, retries=1, backoff=0)
    def slow_def(context: Context) -> str:
        if not context.retries:
            release.wait(20)
        return "second"

    async with app.worker():
        assert await app.run(f"slow.{kind}") == "second"
        release.set()


async def test_timeout_without_retries_is_a_failure(app: App) -> None:
    @app.task(name="slow", timeout=0.02)
    async def slow(context: Context) -> None:
        await asyncio.Event().wait()

    async with app.worker():
        result = await app.submit(slow)
        with pytest.raises(TimeoutError, match=r"timeout of 0\.02 s"):
            await result
    assert result.state is ResultState.FAILURE


async def test_broken_backoff_ends_with_the_tasks_error(app: App, caplog: pytest.LogCaptureFixture) -> None:
    def backoff(retry: int) -> float:
        raise KeyError("oops")

    @app.task(name="broken", retries=3, backoff=backoff)
    async def broken(context: Context) -> None:
        raise ValueError("mine")

    async with app.worker():
        with pytest.raises(ValueError, match="mine"):
            await app.run(broken)
    assert "backoff of task broken failed" in caplog.text


async def test_waits_between_retries(still_app: App, clock: VirtualClock) -> None:
    runs: list[float] = []

    @still_app.task(name="flaky", retries=3, backoff=exponential(10, jitter=False))
    async def flaky(context: Context) -> None:
        runs.append(clock())
        raise ValueError("no")

    begin = clock()
    async with still_app.worker():
        result = await still_app.submit(flaky)
        for seconds in (10, 20, 40):
            await until_waits(still_app, result.id)
            clock.advance(seconds)
        with pytest.raises(ValueError, match="no"):
            await result
    assert [run - begin for run in runs] == [0, 10, 30, 70]


async def until_waits(app: App, task_id: object) -> None:
    async with asyncio.timeout(10):
        while (await app.port().call("results.get", task_id)).due is None:
            await asyncio.sleep(0)


def test_exponential_backoff_stays_within_its_bounds() -> None:
    wait = exponential(2, factor=3, longest=50)
    for retry, full in [(1, 2), (2, 6), (3, 18), (4, 50), (10_000, 50)]:
        assert all(full / 2 <= wait(retry) <= full for _ in range(50))
    assert constant(4)(9) == 4


@pytest.mark.parametrize(
    "options",
    [
        {"retries": -1},
        {"retries": True},
        {"retries": "3"},
        {"backoff": -1},
        {"backoff": "1"},
        {"retry_on": ["ValueError"]},
        {"retry_on": KeyboardInterrupt},
        {"timeout": 0},
        {"timeout": "1"},
    ],
)
def test_wrong_options_are_refused_at_the_decorator(options: dict[str, object]) -> None:
    app = App("demo", broker="memory://")
    with pytest.raises(ConfigError, match="task 'x'"):

        @app.task(name="x", **options)  # type: ignore[call-overload]  # wrong on purpose
        async def x(context: Context) -> None: ...


async def test_unknown_task_becomes_a_dead_letter(app: App) -> None:
    app.config.unknown_task_grace = 0
    result = await app.submit(Request(name="nobody.knows"))
    async with app.worker():
        await result.wait(timeout=10)
    (letter,) = await app.port().call("broker.dead", DeadQuery())
    assert (letter.id, letter.reason, letter.name) == (result.id, "unknown-task", "nobody.knows")


async def test_dead_letter_is_replayed_once(app: App) -> None:
    app.config.unknown_task_grace = 0
    dead = await app.submit(Request(name="late", args=(3,)))
    async with app.worker():
        await dead.wait(timeout=10)

        @app.task(name="late")
        async def late(context: Context, n: int) -> int:
            return n

        letters = await app.dead_letters.find(reason="unknown-task")
        assert [letter.id for letter in letters] == [dead.id]
        (result,) = await app.dead_letters.replay(letters)
        assert await result == 3
        assert await result.get_metadata() == {"mog.retry_of": str(dead.id)}
        (again,) = await app.dead_letters.replay(letters)
        assert again == result
    assert await app.dead_letters.find() == []
    assert await app.dead_letters.drop([dead.id]) == 0


async def test_failed_task_is_submitted_again(app: App) -> None:
    fail = True

    @app.task(name="fixed")
    async def fixed(context: Context, n: int) -> int:
        if fail:
            raise ValueError("broken")
        return n

    async with app.worker():
        result = await app.submit(fixed, 4)
        with pytest.raises(ResultNotReady, match="only a task that has ended"):
            await app.submit_again((await app.submit(Request(name="fixed", args=(1,), delay=60))).id)
        await result.wait(timeout=10)
        fail = False
        again = await app.submit_again(result.id)
        assert again.id != result.id
        assert await again == 4
        with pytest.raises(ResultValueLost):
            await app.submit_again(again.id)


async def test_nodes_tell_what_they_run(app: App) -> None:
    started, release = asyncio.Event(), asyncio.Event()

    @app.task(name="hold")
    async def hold(context: Context) -> None:
        started.set()
        await release.wait()

    assert [node async for node in app.get_current_status_of_nodes()] == []
    async with app.worker():
        result = await app.submit(hold)
        await started.wait()
        nodes = [node async for node in app.get_current_status_of_nodes()]
        release.set()
    assert [(node.node_id, node.running) for node in nodes] == [(app.config.node_id, (result.id,))]
