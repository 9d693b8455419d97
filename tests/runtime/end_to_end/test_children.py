"""Tasks that submit tasks: slots while they wait, failures, calling off."""

from __future__ import annotations

import asyncio
import threading
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from tests.runtime.occupancy import Occupancy

from mog import App, Context, Request, ResultState
from mog.errors import CouldNotSubmit, ResultLost, Revoked


@pytest.fixture
def app(app: App) -> App:
    @app.task(name="double")
    async def double(context: Context, n: int) -> int:
        if n < 0:
            raise ValueError(f"{n} is below zero")
        return 2 * n

    @app.task(name="forever")
    async def forever(context: Context) -> None:
        await asyncio.Event().wait()

    return app


async def until(app: App, result: Any, state: ResultState) -> None:
    async with asyncio.timeout(10):
        while (await app.result(result.id)).state is not state:
            await asyncio.sleep(0.005)


async def test_run_returns_the_childs_value_and_links_it(app: App) -> None:
    @app.task(name="parent")
    async def parent(context: Context) -> int:
        return await context.run("double", 4) + 1

    async with app.worker():
        result = await app.submit(parent)
        assert await result == 9
    (child,) = await result.children.results()
    assert (child.name, child.parent_id, child.state) == ("double", result.id, ResultState.SUCCESS)
    assert await result.children.count() == 1
    assert (result.number_of_starts, result.number_of_stops) == (1, 1)


async def test_waiting_parents_hold_no_slot(app: App) -> None:
    @app.task(name="nest")
    async def nest(context: Context, depth: int) -> int:
        return 1 + (await context.run("nest", depth - 1)) if depth else 0

    async with app.worker(concurrency=1) as worker:
        results = [await app.submit(nest, 5) for _ in range(3)]
        assert await asyncio.gather(*results) == [5, 5, 5]
        result = await app.submit("double", 1)
        assert await result == 2, "the slots that were lent are back"
        assert worker.running == 0


async def test_waiting_parent_is_suspended(app: App) -> None:
    @app.task(name="parent")
    async def parent(context: Context) -> None:
        await context.run("forever")

    async with app.worker():
        result = await app.submit(parent)
        await until(app, result, ResultState.SUSPENDED)
        assert (await app.result(result.id)).number_of_stops == 0
        await result.revoke()


async def test_more_than_one_slot_is_never_taken_after_parents_go_on(app: App) -> None:
    slots = Occupancy()

    @app.task(name="leaf")
    async def leaf(context: Context) -> None:
        with slots:
            await asyncio.sleep(0)

    @app.task(name="parent")
    async def parent(context: Context) -> None:
        for _ in range(5):
            await context.run("leaf")

    async with app.worker(concurrency=2):
        parents = [await app.submit(parent) for _ in range(4)]
        await asyncio.gather(*parents)
        slots.most = 0
        await asyncio.gather(*await app.submit_many(app.create_request(leaf) for _ in range(50)))
    assert slots.most <= 2


async def test_gather_keeps_order_of_all_kinds(app: App) -> None:
    @app.task(name="parent")
    async def parent(context: Context) -> list[Any]:
        result = await context.submit("double", 1)
        known = await context.submit("double", 2)
        own = asyncio.sleep(0, "own")
        return await context.gather(result, known.id, Request(name="double", args=(3,)), own)

    async with app.worker():
        result = await app.submit(parent)
        assert await result == [2, 4, 6, "own"]
    assert await result.children.count() == 3


async def test_gather_raises_all_that_failed(app: App) -> None:
    @app.task(name="parent")
    async def parent(context: Context, quietly: bool) -> list[str]:
        requests = [context.create_request("double", n) for n in (1, -1, 2, -2)]
        try:
            values = await context.gather(*requests, return_exceptions=quietly)
        except ExceptionGroup as group:
            return [str(error) for error in group.exceptions]
        return [str(value) for value in values]

    async with app.worker():
        assert await app.run(parent, quietly=False) == ["-1 is below zero", "-2 is below zero"]
        assert await app.run(parent, quietly=True) == ["2", "-1 is below zero", "4", "-2 is below zero"]


async def test_gather_calls_siblings_off(app: App) -> None:
    @app.task(name="parent")
    async def parent(context: Context) -> str:
        try:
            await context.gather(
                context.create_request("forever"), context.create_request("double", -1), cancel_siblings=True
            )
        except ExceptionGroup as group:
            return str(group.exceptions)
        return "no error"

    async with app.worker():
        result = await app.submit(parent)
        assert "below zero" in await result
        states = {child.name: child.state for child in await result.children.results()}
    assert states == {"forever": ResultState.REVOKED, "double": ResultState.FAILURE}


async def test_wide_fan_out(app: App) -> None:
    @app.task(name="parent")
    async def parent(context: Context, n: int) -> int:
        return sum(await context.gather(*(context.create_request("double", i) for i in range(n))))

    async with app.worker():
        result = await app.submit(parent, 500)
        assert await result == 500 * 499
        tree = await result.tree(max_width=10)
    assert (len(tree.children), tree.more) == (10, 490)


async def test_revoke_reaches_all_descendants(app: App) -> None:
    @app.task(name="nest")
    async def nest(context: Context, depth: int) -> None:
        await context.run("nest" if depth else "forever", *([depth - 1] if depth else []))

    async with app.worker() as worker:
        result = await app.submit(nest, 2)
        async with asyncio.timeout(10):
            while [node.name for node in await descendants(result)] != ["nest", "nest", "forever"]:
                await asyncio.sleep(0.005)
        revoked = await app.revoke(result.id)
        assert revoked.revoked
        assert {node.state for node in await descendants(result)} == {ResultState.REVOKED}
        async with asyncio.timeout(10):
            while worker.running:
                await asyncio.sleep(0.005)
        with pytest.raises(Revoked, match="called off"):
            await result


async def descendants(result: Any) -> list[Any]:
    found = await result.children.results()
    return [*found, *[one for child in found for one in await descendants(child)]]


async def test_revoked_parent_does_not_go_on(app: App) -> None:
    went_on = []

    @app.task(name="parent")
    async def parent(context: Context) -> None:
        await context.run("forever")
        went_on.append(1)

    async with app.worker() as worker:
        result = await app.submit(parent)
        await until(app, result, ResultState.SUSPENDED)
        await app.revoke(result.id)
        async with asyncio.timeout(10):
            while worker.running:
                await asyncio.sleep(0.005)
    assert went_on == []


async def test_child_of_a_revoked_or_unknown_parent_does_not_start(app: App) -> None:
    parent = await app.submit("double", 1)
    child = await app.submit(Request(name="double", args=(1,), stack=[parent.id]))
    orphan = await app.submit(Request(name="double", args=(1,), stack=[uuid4()]))
    await app.port().call("results.revoke", revocation(app, parent.id))
    async with app.worker():
        with pytest.raises(Revoked, match="was revoked"):
            await child
        with pytest.raises(Revoked, match="unknown"):
            await orphan
    assert child.number_of_starts == 1


def revocation(app: App, task_id: Any) -> Any:
    from mog.engine.records import Revocation, StoredValue

    return Revocation(task_id, StoredValue(b'{"value_type": "builtins:NoneType", "raw_value": null}'), 60, 60)


async def test_revoked_before_the_start(app: App) -> None:
    result = await app.submit("double", 1)
    await result.revoke()
    async with app.worker():
        with pytest.raises(Revoked):
            await result
    assert result.number_of_starts == 0


async def test_done_task_is_not_revoked_unless_forced(app: App) -> None:
    async with app.worker():
        result = await app.submit("double", 1)
        assert await result == 2
    await result.revoke()
    assert result.successful
    await result.revoke(force=True)
    assert result.revoked


async def test_id_that_is_not_known_yet_is_remembered(app: App) -> None:
    request = Request[int](name="double", args=(1,))
    assert (await app.revoke(request.id)).revoked
    with pytest.raises(CouldNotSubmit):
        await app.submit(request)


async def test_revoked_def_task_keeps_its_slot_until_its_thread_returns(app: App) -> None:
    started, release = threading.Event(), threading.Event()

    @app.task(name="stuck")
    def stuck(context: Context) -> str:
        started.set()
        release.wait(20)
        return "late"

    async with app.worker(concurrency=1):
        result = await app.submit(stuck)
        await asyncio.to_thread(started.wait, 10)
        await result.revoke()
        assert result.revoked
        following = await app.submit("double", 1)
        with pytest.raises(TimeoutError):
            await following.wait(timeout=0.1)
        release.set()
        assert await following == 2
        with pytest.raises(Revoked):
            await result


async def test_deadline_of_a_waiting_parent_revokes_its_children(app: App) -> None:
    @app.task(name="parent")
    async def parent(context: Context) -> None:
        await context.run("forever")

    async with app.worker() as worker:
        result = await app.submit(Request(name="parent", deadline=timedelta(seconds=0.1)))
        with pytest.raises(Revoked, match="deadline"):
            await result
        async with asyncio.timeout(10):
            while worker.running:
                await asyncio.sleep(0.005)
        (child,) = await result.children.results()
    assert child.revoked


async def test_recursion_has_a_limit(app: App) -> None:
    app.config.max_recursion = 3

    @app.task(name="nest")
    async def nest(context: Context) -> int:
        return 1 + await context.run("nest")

    async with app.worker():
        with pytest.raises(RecursionError, match="max_recursion"):
            await app.run(nest)


async def test_tree_goes_down_level_by_level(app: App) -> None:
    @app.task(name="nest")
    async def nest(context: Context, depth: int) -> None:
        if depth:
            await context.gather(*(context.create_request("nest", depth - 1) for _ in range(2)))

    async with app.worker():
        result = await app.submit(nest, 3)
        await result
        tree = await result.tree(max_depth=3)
    assert [len(tree.children), len(tree.children[0].children), len(tree.children[0].children[0].children)] == [2, 2, 0]
    assert tree.children[0].children[0].more == 2


async def test_gather_of_an_unknown_id(app: App) -> None:
    @app.task(name="parent")
    async def parent(context: Context) -> None:
        await context.gather(uuid4())

    async with app.worker():
        with pytest.raises(ResultLost):
            await app.run(parent)
