"""Middleware hooks: each once, in order, their errors contained."""

from __future__ import annotations

import asyncio
import itertools
from typing import Any

import pytest

from mog import App, Context, Request, ResultState
from mog.middleware import Middleware
from mog.result import Result


class Notes(Middleware):
    """Writes down what it is told."""

    def __init__(self, name: str, notes: list[Any]) -> None:
        self.name, self.notes = name, notes

    async def on_app_starting(self, app: App) -> None:
        self.notes.append((self.name, "starting"))

    async def on_app_started(self, app: App) -> None:
        self.notes.append((self.name, "started"))

    async def on_app_stopping(self, app: App) -> None:
        self.notes.append((self.name, "stopping"))

    async def on_app_stopped(self, app: App) -> None:
        self.notes.append((self.name, "stopped"))

    async def on_request_submitting(self, request: Request[Any], context: Context | None = None) -> None:
        self.notes.append((self.name, "submitting", request.name, context is not None))

    async def on_task_starting(self, context: Context) -> None:
        self.notes.append((self.name, "task starting", context.request.name))

    async def on_task_completed(self, result: Result[Any], context: Context | None = None) -> None:
        self.notes.append((self.name, "completed", result.name, result.state))


async def test_hooks_are_called_once_and_in_order(app: App) -> None:
    notes: list[Any] = []
    first = Notes("a", notes)
    app.add_middleware(first)
    app.add_middleware(Notes("b", notes))
    app.add_middleware(first)  # is among them

    @app.task(name="child")
    async def child(context: Context) -> None: ...

    @app.task(name="parent")
    async def parent(context: Context) -> None:
        await context.run(child)

    async with app.worker():
        await app.run(parent)
        async with asyncio.timeout(10):
            while ("b", "completed", "parent", ResultState.SUCCESS) not in notes:
                await asyncio.sleep(0.005)
    expected = [
        ("starting",),
        ("started",),
        ("submitting", "parent", False),
        ("task starting", "parent"),
        ("submitting", "child", True),
        ("task starting", "child"),
        ("completed", "child", ResultState.SUCCESS),
        ("completed", "parent", ResultState.SUCCESS),
        ("stopping",),
        ("stopped",),
    ]
    assert sorted(map(str, notes)) == sorted(str((name, *note)) for name in "ab" for note in expected)
    of_a = [note[1:] for note in notes if note[0] == "a"]
    assert of_a.index(("started",)) < of_a.index(("task starting", "parent")) < of_a.index(("stopping",))
    for note in expected:
        assert notes.index(("a", *note)) < notes.index(("b", *note))


async def test_completed_tells_every_terminal_state_and_no_pause(app: App) -> None:
    notes: list[Any] = []
    app.add_middleware(Notes("a", notes))
    app.config.unknown_task_grace = 0

    @app.task(name="pauses")
    async def pauses(context: Context) -> None:
        if context.attempt == 1:
            context.pause(0.01)
        raise ValueError("no")

    @app.task(name="forever")
    async def forever(context: Context) -> None:
        await asyncio.Event().wait()

    async with app.worker():
        results = [await app.submit(name) for name in ("pauses", "unknown", "forever")]
        async with asyncio.timeout(10):
            while ("a", "task starting", "forever") not in notes:
                await asyncio.sleep(0.005)
        await results[2].revoke()
        async with asyncio.timeout(10):
            while sum(note[1] == "completed" for note in notes) < 3:
                await asyncio.sleep(0.005)
    ends = sorted((note[2], str(note[3])) for note in notes if note[1] == "completed")
    assert ends == [("forever", "REVOKED"), ("pauses", "FAILURE"), ("unknown", "INVALID")]


async def test_what_a_hook_raises_goes_no_further(app: App, caplog: pytest.LogCaptureFixture) -> None:
    class Broken:
        def __getattr__(self, name: str) -> Any:
            async def hook(*args: Any, **kwargs: Any) -> None:
                raise RuntimeError(f"{name} is broken")

            return hook

    notes: list[Any] = []
    app.add_middleware(Broken())  # type: ignore[arg-type]  # any object with hooks will do
    app.add_middleware(Notes("a", notes))

    @app.task(name="quick")
    async def quick(context: Context) -> int:
        return 1

    async with app.worker():
        assert await app.run(quick) == 1
    assert "on_task_starting of a middleware failed" in caplog.text
    assert ("a", "task starting", "quick") in notes


async def test_hook_may_change_the_request(app: App) -> None:
    class Stamp(Middleware):
        async def on_request_submitting(self, request: Request[Any], context: Context | None = None) -> None:
            request.metadata["tenant"] = "x"
            request.args = (*request.args, 5)

    app.add_middleware(Stamp())

    @app.task(name="add")
    async def add(context: Context, a: int, b: int) -> int:
        return a + b

    async with app.worker():
        result = await app.submit(Request(name="add", args=(1,)))
        assert await result == 6
        many = await app.submit_many([Request(name="add", args=(2,))])
        assert await many[0] == 7
        assert await asyncio.to_thread(lambda: app.run_blocking(Request(name="add", args=(3,)))) == 8
    assert await result.get_metadata() == {"tenant": "x"}


async def test_running_count_ends_at_zero(app: App) -> None:
    counts: list[int] = []

    class Count(Middleware):
        async def on_running_task_count_changed(self, running_task_count: int) -> None:
            await asyncio.sleep(0)
            counts.append(running_task_count)

    app.add_middleware(Count())

    @app.task(name="quick")
    async def quick(context: Context) -> None:
        await asyncio.sleep(0.005)

    async with app.worker(concurrency=3):
        await asyncio.gather(*await app.submit_many(app.create_request(quick) for _ in range(9)))
    assert counts[-1] == 0
    assert 0 < max(counts) <= 3
    assert all(one != other for one, other in itertools.pairwise(counts))
