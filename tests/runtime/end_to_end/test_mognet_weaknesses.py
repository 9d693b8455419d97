"""What Mognet 2.0.0 loses and mog does not; ``docs/mognet.md`` lists all of it, with the tests that stand elsewhere."""

from __future__ import annotations

import asyncio
import base64
import pickle
import sqlite3
import sys
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from pydantic_core import to_json
from tests.runtime.occupancy import Occupancy

from mog import App, Context, Request, Result, ResultState
from mog.engine.records import Message, NewTask, Outcome, Record, StoredValue
from mog.engine.sqlite.results import SqliteResults
from mog.errors import Revoked
from mog.testing.clock import VirtualClock


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(30):
        while not condition():
            await asyncio.sleep(0.005)


@pytest.fixture(params=["file", "distributed"])
async def two_apps(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[tuple[App, App]]:
    """The same application in two processes, as far as the store can tell."""
    if request.param == "distributed":
        opened = request.getfixturevalue("place").app()
    else:
        opened = App("demo", broker=f"sqlite:///{tmp_path}/mog.db", grace=0.05)
    async with opened as first:
        urls = {"broker": first.config.broker, "results": first.config.results}
        async with App(first.name, **urls, node_id="second") as second:
            yield first, second


# -- W3: whoever could write to Mognet's Redis had code run by whoever awaited a result


async def stored(app: App, state: ResultState, value_type: str, raw_value: object) -> Result[Any]:
    """Return the result of a task whose value in the store is what an attacker put there."""
    result = await app.submit(Request(name="attacked"))
    came: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
    consumption = await app.port().consume([app.queues.full_name("tasks")], came.set_result, lambda _: None)
    consumption.grant(1)
    (delivery,) = await came
    content = to_json({"value_type": value_type, "raw_value": raw_value})
    outcome = Outcome(result.id, delivery.attempt, state, StoredValue(content), 60.0, 60.0)
    assert await app.port().call("results.settle", outcome)
    await consumption.stop()
    return result


async def test_w3_a_function_named_by_the_store_is_not_called(app: App, tmp_path: Path) -> None:
    raw = {"name": str(tmp_path / "made by the store")}
    assert await (await stored(app, ResultState.SUCCESS, "os:makedirs", raw)) == raw
    assert not (tmp_path / "made by the store").exists()


async def test_w3_a_pickle_in_the_store_is_not_loaded(app: App, tmp_path: Path) -> None:
    class Attack:
        def __reduce__(self) -> Any:
            return Path.mkdir, (tmp_path / "made by the store",)

    error = {
        "name": "builtins:ValueError",
        "message": "boom",
        "traceback": "Traceback ...",
        "raw_data": base64.b64encode(pickle.dumps(Attack())).decode(),
        "raw_data_encoding": "application/python-pickle",
    }
    result = await stored(app, ResultState.FAILURE, "mognet.model.result:_ExceptionInfo", error)
    with pytest.raises(ValueError, match="boom"):
        await result
    assert not (tmp_path / "made by the store").exists()


async def test_w3_a_module_named_by_the_store_is_not_imported(app: App) -> None:
    assert "this" not in sys.modules
    assert await (await stored(app, ResultState.SUCCESS, "this:Thing", 3)) == 3
    assert "this" not in sys.modules


# -- W4: of 150 tasks that were revoked as they started, 8 stayed SUSPENDED for ever


async def test_w4_submit_and_revoke_at_once_leaves_nothing_between(app: App) -> None:
    @app.task(name="forever")
    async def forever(context: Context) -> None:
        await asyncio.Event().wait()

    @app.task(name="quick")
    async def quick(context: Context) -> None: ...

    async def submit_and_revoke(name: str) -> Result[Any]:
        result = await app.submit(name)
        await result.revoke()
        return result

    async with app.worker(concurrency=5) as worker:
        results = await asyncio.gather(*(submit_and_revoke(name) for name in ("forever", "quick") for _ in range(150)))
        await until(lambda: not worker.running)
        for result in results:
            known = await app.result(result.id)
            assert known.state is result.state, "what revoke() has answered is final"
            assert known.revoked or (known.name == "quick" and known.successful)
            assert known.number_of_starts in {0, known.number_of_stops}
        async with asyncio.timeout(30):  # what is revoked may take a moment to leave the queue
            while [(depth.ready, depth.running) for depth in await app.queue_depths()] != [(0, 0)]:
                await asyncio.sleep(0.01)


# -- W6: a task that raised CancelledError took a slot with it, a parent that was revoked while it waited added one


async def test_w6_a_task_that_cancels_itself_gives_its_slot_back(app: App) -> None:
    @app.task(name="cancelled")
    async def cancelled(context: Context) -> None:
        inner = asyncio.ensure_future(asyncio.Event().wait())
        inner.cancel()
        await inner

    @app.task(name="next")
    async def following(context: Context) -> str:
        return "runs"

    async with app.worker(concurrency=1):
        results = [await app.submit(cancelled) for _ in range(3)]
        assert await app.run(following) == "runs"
        for result in results:
            await result.wait(timeout=10)
            assert result.state is ResultState.FAILURE


async def test_w6_parents_that_are_revoked_while_they_wait_leave_no_slot_behind(app: App) -> None:
    slots = Occupancy()

    @app.task(name="parent")
    async def parent(context: Context) -> None:
        await context.run("forever")

    @app.task(name="forever")
    async def forever(context: Context) -> None:
        await asyncio.Event().wait()

    @app.task(name="hold")
    async def hold(context: Context) -> None:
        with slots:
            await asyncio.sleep(0)

    async with app.worker(concurrency=1) as worker:
        for _ in range(3):
            result = await app.submit(parent)
            await until(lambda: worker.running == 2)
            await result.revoke()
            await until(lambda: worker.running == 0)
        await asyncio.gather(*await app.submit_many(app.create_request(hold) for _ in range(20)))
    assert slots.most == 1


# -- W8: a message for a queue that nobody had declared was dropped, and its task PENDING for ever


async def test_w8_a_task_for_a_queue_that_nobody_knows_yet_waits_there(app: App) -> None:
    result = await app.submit(Request(name="early", queue_name="new"))
    assert [(depth.name, depth.ready) for depth in await app.queue_depths(["new"])] == [("new", 1)]

    @app.task(name="early", queue="new")
    async def early(context: Context) -> str:
        return "not lost"

    async with app.worker(queues=["new"]):
        assert await result == "not lost"


# -- W9: while a stopping worker's task cleaned up, the next worker ran it already


async def test_w9_a_stopped_task_starts_elsewhere_only_when_it_has_cleaned_up(two_apps: tuple[App, App]) -> None:
    started, cleaning, cleaned = asyncio.Event(), asyncio.Event(), asyncio.Event()
    slots = Occupancy()

    async def tidy(context: Context) -> str:
        with slots:
            if context.attempt == 2:
                return context.app.config.node_id
            started.set()
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                cleaning.set()
                await cleaned.wait()
                raise
        raise AssertionError

    async def look(context: Context) -> str:
        return "works"

    first, second = two_apps
    for app in two_apps:
        app.task(name="tidy")(tidy)
        app.task(name="look")(look)
    async with first.worker() as worker:
        result = await first.submit(tidy)
        await started.wait()
        async with second.worker():
            worker.stopping.set()
            await cleaning.wait()
            assert await second.run(look) == "works"
            cleaned.set()
            assert await result == "second"
    assert slots.most == 1
    assert (result.number_of_starts, result.number_of_stops) == (2, 2)


# -- W10: each waiter asked ten times a second, on a connection of its own


async def test_w10_five_hundred_waiters_ask_once_and_open_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = 0

    def counted(method: Callable[..., Any]) -> Callable[..., Any]:
        async def read(self: SqliteResults, ids: Any) -> Any:
            nonlocal asked
            asked += len(ids)
            return await method(self, ids)

        return read

    for name in ("get", "get_values", "get_with_values", "watch"):
        monkeypatch.setattr(SqliteResults, name, counted(getattr(SqliteResults, name)))
    async with App("demo", broker=f"sqlite:///{tmp_path}/mog.db") as app:

        @app.task(name="tick")
        async def tick(context: Context) -> None: ...

        async with app.worker():
            await app.run(tick)  # what waiting needs is open
            results = await app.submit_many(Request[None](name="tick", delay=3600) for _ in range(500))
            files = len(list(Path("/dev/fd").iterdir()))
            waits = [asyncio.ensure_future(result.wait()) for result in results]
            await app.run(tick)
            asked = 0
            await app.run(Request(name="tick", delay=1))
            assert asked < 10, "who waits does not ask"
            assert len(list(Path("/dev/fd").iterdir())) == files
            await app.purge_task_queues()
            await asyncio.gather(*waits)


# -- W13: what could not be read was acknowledged, and gone


@pytest.mark.parametrize("body", [b"not json", b"[]", b"{}", b'{"name": "next", "args": 3}', b'{"name": 3}', b"\xff"])
async def test_w13_what_nobody_can_read_is_a_dead_letter(app: App, body: bytes) -> None:
    @app.task(name="next")
    async def following(context: Context) -> str:
        return "runs"

    task_id, queue = uuid4(), app.queues.full_name("tasks")
    poison = NewTask(Record(task_id, queue=queue), Message(task_id, queue, 5, body), ttl=60.0)
    assert await app.port().call("results.create", poison) is None
    async with app.worker(concurrency=1):
        assert await app.run(following) == "runs"
        result = await app.result(task_id)
        await result.wait(timeout=10)
    assert result.state is ResultState.INVALID
    letters = await app.dead_letters.find()
    assert [(letter.id, letter.reason, letter.body) for letter in letters] == [(task_id, "unreadable", body)]


# -- W15: what was kept of an id that was revoked and never ran had no time to live


async def test_w15_nothing_is_kept_for_ever(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mog.engine.sqlite.store.TICK", 0.03)
    clock = VirtualClock()
    async with App("demo", broker=f"sqlite:///{tmp_path}/mog.db", clock=clock, unknown_task_grace=0) as app:

        @app.task(name="parent")
        async def parent(context: Context) -> None:
            await context.state.set("key", 1)
            await context.set_metadata(key=1)
            async for _ in context.checkpointed(range(3), progress=True):
                await context.run("child")

        @app.task(name="child")
        async def child(context: Context) -> None:
            if context.attempt == 1:
                context.pause()

        async with app.worker():
            done = await app.submit(parent)
            await done
            await done.revoke(force=True)
            await (await app.submit("unknown")).wait(timeout=10)
        await app.revoke(uuid4())
        await (await app.submit(child)).revoke()
        await app.submit(Request(name="child", delay=3600))
        await app.purge_task_queues()
        with pytest.raises(Revoked):
            await done

        clock.advance(timedelta(days=22).total_seconds())
        async with app.worker():  # whoever works clears away
            await until(lambda: left_in(tmp_path / "mog.db") <= {"process", "dead"})
        assert await app.dead_letters.drop([letter.id for letter in await app.dead_letters.find()]) == 1
    assert left_in(tmp_path / "mog.db") == set()


def left_in(path: Path) -> set[str]:
    """Return the tables of a database that have rows."""
    connection = sqlite3.connect(path)
    tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    found = {name for name in tables if connection.execute(f"SELECT 1 FROM {name} LIMIT 1").fetchone()}
    connection.close()
    return found
