"""Results, State and queues of an app by Mognet's methods, on each engine."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from types import SimpleNamespace
from uuid import UUID, uuid4

import pytest

from mog import App, Context, Request, ResultState
from mog.errors import (
    ConfigError,
    QueueNotFound,
    ResultError,
    ResultLost,
    ResultNotReady,
    Revoked,
)
from mog.mognet import MemoryResultBackend, RedisResultBackend
from mog.testing.conformance.kit import eventually


@pytest.fixture
def family(app: App) -> App:
    @app.task(name="family.child")
    async def child(context: Context, number: int) -> int:
        if number < 0:
            raise ValueError(f"{number} is below 0")
        return number

    @app.task(name="family.parent")
    async def parent(context: Context, children: int) -> int:
        return sum([await context.run(child, number) for number in range(children)])

    return app


async def run(app: App, name: str, *args: int) -> UUID:
    """Run a task to its end, and return its id."""
    async with app.worker():
        result = await app.submit(name, *args)
        await result.wait(poll=0.01)
    return result.id


async def test_results_by_id(family: App) -> None:
    backend = family.result_backend
    id_ = await run(family, "family.parent", 3)
    found = await backend.get(id_)
    assert found is not None
    assert await found == 3
    assert [result.id for result in await backend.get_many(id_, uuid4())] == [id_]
    assert await backend.get_children_count(id_) == 3
    assert await backend.get_children_count(uuid4()) == 0
    ids = {child async for child in backend.iterate_children_ids(id_)}
    assert {child.id async for child in backend.iterate_children(id_)} == ids
    assert len([child async for child in backend.iterate_children_ids(id_, count=2)]) == 2
    assert (await backend.wait(id_, timeout=5)).id == id_
    await backend.set_metadata(id_, shelf=3)
    assert await backend.get_metadata(id_) == {"shelf": 3}


async def test_an_id_that_is_not_known(app: App) -> None:
    backend, id_ = app.result_backend, uuid4()
    assert await backend.get(id_) is None
    assert await backend.get_metadata(id_) == {}
    await backend.delete(id_)
    for call in (backend.wait(id_), backend.get_value(id_), backend.set_ttl(id_, timedelta(seconds=9))):
        with pytest.raises(ResultLost, match=str(id_)):
            await call
    created = await backend.get_or_create(id_)
    assert (created.id, created.state, created.done) == (id_, ResultState.PENDING, False)
    assert await backend.get(id_) is None


async def test_a_value_that_is_looked_at(family: App) -> None:
    backend = family.result_backend
    id_ = await run(family, "family.child", 7)
    assert await backend.get_value(id_) == ("builtins:int", 7)
    failed = await family.result(await run(family, "family.child", -7))
    error = await failed.value.get_raw_value()
    assert isinstance(error, ValueError)
    assert str(error) == "-7 is below 0"
    holder = await failed.value.get_value_holder()
    assert holder.value_type == "builtins:ValueError"
    assert str(holder.deserialize()) == "-7 is below 0"
    waiting = await family.submit("family.child", 1)
    with pytest.raises(ResultNotReady):
        await waiting.value.get_raw_value()
    assert await waiting.revoke() is waiting
    assert isinstance(await waiting.value.get_raw_value(), Revoked)


async def test_deleting_includes_what_was_submitted_on_its_behalf(family: App) -> None:
    kept, gone = [await run(family, "family.parent", 2) for _ in range(2)]
    children = {id_: [child async for child in family.result_backend.iterate_children_ids(id_)] for id_ in (kept, gone)}
    await family.result_backend.delete(gone)
    await (await family.result(kept)).delete(include_children=False)
    assert await family.results([kept, gone, *children[gone]]) == []
    assert len(await family.results(children[kept])) == 2


async def test_a_time_to_live_includes_what_was_submitted_on_its_behalf(family: App) -> None:
    kept, gone = [await run(family, "family.parent", 2) for _ in range(2)]
    children = {id_: [child async for child in family.result_backend.iterate_children_ids(id_)] for id_ in (kept, gone)}
    await family.result_backend.set_ttl(gone, timedelta(seconds=0.05))
    await (await family.result(kept)).set_ttl(timedelta(seconds=0.05), include_children=False)

    async def expired() -> bool:
        return await family.results([kept, gone, *children[gone]]) == []

    await eventually(expired)
    assert len(await family.results(children[kept])) == 2


async def test_a_task_is_ended_from_outside(family: App) -> None:
    waiting = await family.submit("family.child", 1)
    waiter = asyncio.create_task(waiting.wait(timeout=20))
    ended = await (await family.result(waiting.id)).set_result({"by": "hand"})
    assert (ended.state, ended.number_of_starts) == (ResultState.SUCCESS, 0)
    await waiter
    assert await waiting == {"by": "hand"}
    await run(family, "family.child", 2)  # by then a worker has seen its message
    assert (await family.result(waiting.id)).number_of_starts == 0
    again = await waiting.set_error(ValueError("too late"))
    assert (again.state, await again) == (ResultState.SUCCESS, {"by": "hand"})


async def test_a_result_that_never_was_a_task(app: App) -> None:
    backend, id_ = app.result_backend, uuid4()
    result = await (await backend.get_or_create(id_)).set_error(ValueError("no"))
    assert (result.state, result.finished is not None) == (ResultState.FAILURE, True)
    found = await backend.get(id_)
    assert found is not None
    with pytest.raises(ValueError, match="no"):
        await found
    with pytest.raises(
        ResultError, match=r"RUNNING is no end; a task ends in one of FAILURE, INVALID, REVOKED, SUCCESS"
    ):
        await found.set_result(1, ResultState.RUNNING)


async def test_state_by_id(app: App) -> None:
    @app.task(name="state.keep")
    async def keep(context: Context) -> list[int]:
        backend, id_ = context.app.state_backend, context.request.id
        await backend.set(id_, "a", 1)
        told = [await backend.get(id_, "a"), await context.state.get("a"), await backend.get(id_, "b", 2)]
        told += [await backend.pop(id_, "a"), await backend.get(id_, "a", 3)]
        await backend.set(id_, "c", 4)
        await backend.clear(id_)
        return [*told, await backend.get(id_, "c", 5)]

    async with app.worker():
        assert await app.run(keep) == [1, 1, 2, 1, 3, 5]


async def test_queues(family: App) -> None:
    broker = family.broker
    assert await broker.task_queue_stats("tasks") == ("tasks", 0, 0)
    await family.submit(Request(name="family.child", args=(1,)))
    assert (await broker.task_queue_stats("tasks")).message_count == 1
    assert await broker.purge_task_queue("tasks") == 1

    async def consumed() -> bool:
        return (await broker.task_queue_stats("tasks")).consumer_count == 1

    async with family.worker():
        await eventually(consumed)
    for call in (broker.task_queue_stats("tsaks"), broker.purge_task_queue("tsaks")):
        with pytest.raises(QueueNotFound, match="no queue is named 'tsaks'; did you mean 'tasks'"):
            await call
    with pytest.raises(QueueNotFound, match="those of the app are what its settings and tasks name"):
        await broker.task_queue_stats("attic")


async def test_a_backend_in_memory_that_stands_by_itself(app: App) -> None:
    async with MemoryResultBackend(app.config.result_backend, SimpleNamespace(name="demo")) as backend:
        result = await backend.get_or_create(uuid4())
        await result.set_result(1)
        found = await backend.get(result.id)
        assert found is not None
        assert await found == 1
        assert await app.result_backend.get(result.id) is None


async def test_a_backend_in_redis_that_stands_by_itself(app: App) -> None:
    config = app.config.result_backend
    if not app.config.broker.startswith("amqp"):
        with pytest.raises(ConfigError, match="needs MOG_BROKER=amqp:"):
            RedisResultBackend(config, app)
        return
    result = await (await app.result_backend.get_or_create(uuid4())).set_result(2)
    async with RedisResultBackend(config, SimpleNamespace(name=app.name)) as backend:
        assert backend.config.redis.url == config.redis.url
        found = await backend.get(result.id)
        assert found is not None
        assert await found == 2
