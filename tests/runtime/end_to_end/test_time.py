"""Delays, due times, deadlines and times to live, on a clock that the tests turn."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from mog import App, Context, Pause, Request, ResultState
from mog.errors import InvalidRequest, ResultLost, ResultValueLost, Revoked
from mog.testing.clock import VirtualClock


@pytest.fixture
def app(still_app: App) -> App:
    return still_app


async def settled(app: App) -> None:
    """Let the worker do all that it can do without the clock."""
    for _ in range(20):
        await app.queue_depths()
        await asyncio.sleep(0)


async def test_delayed_task_waits_for_its_time(app: App, clock: VirtualClock) -> None:
    @app.task(name="late")
    async def late(context: Context) -> float:
        return clock()

    begin = clock()
    async with app.worker():
        result = await app.submit(Request(name="late", delay=timedelta(minutes=5)))
        assert result.due == datetime.fromtimestamp(begin + 300, UTC)
        clock.advance(299)
        await settled(app)
        await result.refresh()
        assert result.state is ResultState.PENDING
        assert [depth.delayed for depth in await app.queue_depths()] == [1]
        clock.advance(1)
        assert await result == begin + 300


async def test_eta_is_a_moment(app: App, clock: VirtualClock) -> None:
    @app.task(name="late")
    async def late(context: Context) -> float:
        return clock()

    begin = clock()
    async with app.worker():
        result = await app.submit(Request(name="late", eta=datetime.fromtimestamp(begin + 60, UTC)))
        clock.advance(60)
        assert await result == begin + 60


async def test_delay_and_eta_exclude_each_other() -> None:
    with pytest.raises(InvalidRequest, match="give one of them"):
        Request(name="x", delay=1, eta=datetime.now(UTC))


async def test_pause_with_a_delay(app: App, clock: VirtualClock) -> None:
    @app.task(name="poll")
    async def poll(context: Context) -> float:
        if context.attempt < 3:
            raise Pause(timedelta(seconds=30))
        return clock()

    begin = clock()
    async with app.worker():
        result = await app.submit(poll)
        for expected in (1, 2):
            await settled(app)
            await result.refresh()
            assert (result.state, result.number_of_starts) == (ResultState.SUSPENDED, expected)
            clock.advance(30)
        assert await result == begin + 60


async def test_second_pause_without_a_delay_waits_a_moment(app: App, clock: VirtualClock) -> None:
    runs = []

    @app.task(name="spin")
    async def spin(context: Context) -> None:
        runs.append(context.attempt)
        raise Pause

    async with app.worker():
        await app.submit(spin)
        await settled(app)
        assert runs == [1, 2]
        clock.advance(0.1)
        await settled(app)
        assert runs == [1, 2, 3]


async def test_absolute_deadline_counts_the_time_in_the_queue(app: App, clock: VirtualClock) -> None:
    @app.task(name="quick")
    async def quick(context: Context) -> int:
        return 1

    deadline = datetime.fromtimestamp(clock() + 10, UTC)
    late = await app.submit(Request(name="quick", deadline=deadline))
    relative = await app.submit(Request(name="quick", deadline=timedelta(seconds=10)))
    clock.advance(11)
    async with app.worker():
        with pytest.raises(Revoked, match="deadline"):
            await late
        assert await relative == 1


async def test_results_are_forgotten_in_time(app: App, clock: VirtualClock) -> None:
    @app.task(name="quick")
    async def quick(context: Context) -> int:
        return 1

    async with app.worker():
        result = await app.submit(quick)
        await result
        clock.advance(app.config.result_value_ttl + 1)
        with pytest.raises(ResultValueLost):
            await result.get()
        await result.refresh()
        clock.advance(app.config.result_ttl)
        with pytest.raises(ResultLost):
            await result.refresh()


async def test_waiting_task_does_not_expire(app: App, clock: VirtualClock) -> None:
    @app.task(name="late")
    async def late(context: Context) -> str:
        return "there"

    result = await app.submit(Request(name="late", delay=timedelta(seconds=3 * app.config.result_ttl)))
    async with app.worker():
        clock.advance(3 * app.config.result_ttl)
        assert await result == "there"
