"""Checkpointed loops: where they go on after a pause, a stop and a crash."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator

import pytest

from mog import App, Context
from mog.errors import CheckpointError, CheckpointLost
from mog.progress import Progress, ProgressReporter


@pytest.fixture
def seen() -> list[object]:
    return []


async def test_async_for_goes_on_where_it_stopped(app: App, seen: list[object]) -> None:
    @app.task(name="rows")
    async def rows(context: Context) -> int:
        async for row in context.checkpointed(range(10)):
            seen.append(row)
            if (context.attempt, row) in {(1, 3), (2, 6)}:
                context.pause()
        return context.attempt

    async with app.worker():
        assert await app.run(rows) == 3
    assert seen == [0, 1, 2, 3, 3, 4, 5, 6, 6, 7, 8, 9], "the item that paused is not finished"


@pytest.mark.parametrize("kind", ["async", "def"])
async def test_plain_for_goes_on_where_it_stopped(app: App, seen: list[object], kind: str) -> None:
    def body(context: Context) -> None:
        for row in context.checkpointed(range(10), every=2):
            if row == 5 and context.attempt == 1:
                context.pause()
            seen.append(row)

    @app.task(name="rows.async")
    async def rows(context: Context) -> None:
        body(context)

    @app.task(name="rows.def")
    def rows_def(context: Context) -> None:
        body(context)

    async with app.worker():
        await app.run(f"rows.{kind}")
    assert seen == [0, 1, 2, 3, 4, 5, 6, 7, 8, 9], "a pause writes what `every` has held back"


async def test_finished_loop_stays_finished(app: App, seen: list[object]) -> None:
    @app.task(name="two")
    async def two(context: Context) -> None:
        async for row in context.checkpointed("ab", name="first"):
            seen.append(row)
        async for row in context.checkpointed("cd", name="second"):
            if context.attempt == 1 and row == "d":
                context.pause()
            seen.append(row)

    async with app.worker():
        await app.run(two)
    assert seen == ["a", "b", "c", "d"]


async def test_key_finds_its_place_in_a_list_that_has_grown(app: App, seen: list[object]) -> None:
    names = ["b", "c", "d"]

    @app.task(name="named")
    async def named(context: Context) -> None:
        async for name in context.checkpointed(list(names), key=str):
            if name == "d" and context.attempt == 1:
                names.insert(0, "a")
                context.pause()
            seen.append(name)

    async with app.worker():
        await app.run(named)
    assert seen == ["b", "c", "d"]


@pytest.mark.parametrize("asynchronous", [False, True])
async def test_key_that_is_gone_is_an_error(app: App, asynchronous: bool) -> None:
    async def stream(names: str) -> AsyncIterator[str]:
        for name in names:
            yield name

    @app.task(name="named")
    async def named(context: Context) -> None:
        names = "ab" if context.attempt == 1 else "xy"
        async for name in context.checkpointed(stream(names) if asynchronous else names, key=str):
            if name == "b":
                context.pause()

    async with app.worker():
        with pytest.raises(CheckpointLost, match="'a'"):
            await app.run(named)


async def test_asynchronous_items_are_skipped_too(app: App, seen: list[object]) -> None:
    async def stream() -> AsyncIterator[int]:
        for item in range(5):
            yield item

    @app.task(name="stream")
    async def streamed(context: Context) -> None:
        async for item in context.checkpointed(stream()):
            if item == 2 and context.attempt == 1:
                context.pause()
            seen.append(item)

    async with app.worker():
        await app.run(streamed)
    assert seen == [0, 1, 2, 3, 4]


async def test_asynchronous_items_need_async_for(app: App) -> None:
    async def stream() -> AsyncIterator[int]:
        yield 1

    @app.task(name="stream")
    async def streamed(context: Context) -> None:
        for _ in context.checkpointed(stream()):
            pass

    async with app.worker():
        with pytest.raises(TypeError, match="async for"):
            await app.run(streamed)


@pytest.mark.parametrize("name", [None, "same"])
async def test_two_loops_of_one_name_are_an_error(app: App, name: str | None) -> None:
    @app.task(name="two")
    async def two(context: Context) -> None:
        async for _ in context.checkpointed("a", name=name):
            pass
        async for _ in context.checkpointed("b", name=name):
            pass

    async with app.worker():
        with pytest.raises(CheckpointError, match="give each its own"):
            await app.run(two)


async def test_budget_pauses_between_two_items(app: App, seen: list[object]) -> None:
    @app.task(name="slow")
    async def slow(context: Context) -> int:
        async for row in context.checkpointed(range(4), budget=0):
            seen.append((context.attempt, row))
        return context.attempt

    async with app.worker():
        assert await app.run(slow) == 5
    assert seen == [(1, 0), (2, 1), (3, 2), (4, 3)]


async def test_stop_pauses_between_two_items(app: App, seen: list[object]) -> None:
    third = asyncio.Event()

    @app.task(name="rows")
    async def rows(context: Context) -> int:
        async for row in context.checkpointed(range(6)):
            seen.append(row)
            if row == 2 and context.attempt == 1:
                third.set()
                await context.stopping.wait()
        return context.attempt

    async with app.worker():
        result = await app.submit(rows)
        await third.wait()
    async with app.worker():
        assert await result == 2
    assert seen == [0, 1, 2, 3, 4, 5]
    assert (result.number_of_starts, result.number_of_stops) == (2, 2)


async def test_every_must_be_positive(app: App) -> None:
    @app.task(name="rows")
    async def rows(context: Context) -> None:
        context.checkpointed([1], every=0)

    async with app.worker():
        with pytest.raises(ValueError, match="from 1 up"):
            await app.run(rows)


async def test_break_leaves_the_place_behind_the_last_finished_item(app: App, seen: list[object]) -> None:
    def endless() -> Iterator[int]:
        number = 0
        while True:
            yield number
            number += 1

    @app.task(name="some")
    async def some(context: Context) -> None:
        async for number in context.checkpointed(endless()):
            if number == 3 * context.attempt:
                break
            seen.append(number)
        if context.attempt < 3:
            context.pause()

    async with app.worker():
        await app.run(some)
    assert seen == [0, 1, 2, 3, 4, 5, 6, 7, 8]


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[tuple[float, float | None]]:
    """What loops tell of their progress."""
    told: list[tuple[float, float | None]] = []

    def report(_: ProgressReporter, progress: Progress) -> None:
        told.append((progress.done, progress.total))

    monkeypatch.setattr(ProgressReporter, "report", report)
    return told


@pytest.mark.parametrize("kind", ["async", "def"])
async def test_progress_counts_the_items_of_all_runs(
    app: App, told: list[tuple[float, float | None]], kind: str
) -> None:
    @app.task(name="rows.async")
    async def rows(context: Context) -> None:
        async for row in context.checkpointed(range(4), every=3, progress=True):
            if (context.attempt, row) == (1, 2):
                context.pause()

    @app.task(name="rows.def")
    def rows_def(context: Context) -> None:
        for row in context.checkpointed(range(4), every=3, progress=True):
            if (context.attempt, row) == (1, 2):
                context.pause()

    async with app.worker():
        await app.run(f"rows.{kind}")
    assert told == [(1, 4), (2, 4), (3, 4), (4, 4)]


async def test_progress_of_items_without_a_length_has_no_total(
    app: App, told: list[tuple[float, float | None]]
) -> None:
    async def source() -> AsyncIterator[str]:
        for name in "ab":
            yield name

    @app.task(name="rows")
    async def rows(context: Context) -> None:
        async for _ in context.checkpointed(source(), progress=True):
            pass

    async with app.worker():
        await app.run(rows)
    assert told == [(1, None), (2, None)]


@pytest.mark.parametrize("asynchronous", [False, True])
async def test_progress_by_key_is_the_place_among_the_items_now_given(
    app: App, told: list[tuple[float, float | None]], asynchronous: bool
) -> None:
    class Names:
        """Items that are awaited, and have a length."""

        def __len__(self) -> int:
            return len(names)

        async def __aiter__(self) -> AsyncIterator[str]:
            for name in names:
                yield name

    names = ["a", "b", "c", "d"]

    @app.task(name="named")
    async def named(context: Context) -> None:
        items = Names() if asynchronous else list(names)
        async for name in context.checkpointed(items, key=str, progress=True):
            if name == "c" and context.attempt == 1:
                names.remove("a")
                context.pause()

    async with app.worker():
        await app.run(named)
    assert told == [(1, 4), (2, 4), (2, 3), (3, 3)]


async def test_progress_is_not_told_unasked(app: App, told: list[tuple[float, float | None]]) -> None:
    @app.task(name="rows")
    async def rows(context: Context) -> None:
        async for _ in context.checkpointed(range(3)):
            pass

    async with app.worker():
        result = await app.submit(rows)
        await result
    assert told == []
