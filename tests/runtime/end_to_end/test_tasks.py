"""Tasks from submit to result, on each engine."""

from __future__ import annotations

import asyncio
import threading
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from pydantic import BaseModel

from mog import App, Context, Pause, Request, ResultState
from mog.errors import (
    AlreadySubmitted,
    ConfigError,
    CouldNotSubmit,
    InvalidTaskArguments,
    PayloadTooLarge,
    ResultLost,
    ResultNotReady,
    Revoked,
    TaskFailed,
    UnknownTask,
)


class Size(BaseModel):
    width: int
    height: int


@dataclass
class Box:
    name: str
    size: Size


class OwnError(Exception):
    def __init__(self, code: int, *, detail: str) -> None:
        super().__init__(code)
        self.detail = detail


async def test_value_of_an_async_task(app: App) -> None:
    @app.task(name="add")
    async def add(context: Context, a: int, b: int = 2) -> int:
        return a + b

    async with app.worker():
        assert await app.run(add, 1) == 3
        assert await app.run("add", 1, b=4) == 5
        assert await app.run(Request(name="add", args=("1", "2"))) == 3


async def test_def_task_runs_in_a_thread_and_calls_back(app: App) -> None:
    @app.task(name="where")
    def where(context: Context) -> tuple[str, int]:
        context.call_threadsafe(context.state.set("seen", 7))
        return threading.current_thread().name, context.call_threadsafe(context.state.get("seen"))

    async with app.worker():
        name, seen = await app.run(where)
    assert name.startswith("mog-task")
    assert seen == 7


async def test_models_and_dataclasses_go_both_ways(app: App) -> None:
    @app.task(name="grow")
    async def grow(context: Context, box: Box, by: int) -> Box:
        assert isinstance(box, Box)
        return Box(box.name, Size(width=box.size.width * by, height=box.size.height * by))

    async with app.worker():
        grown = await app.run(grow, Box("b", Size(width=1, height=2)), by=3)
    assert grown == Box("b", Size(width=3, height=6))


async def test_result_tells_what_happened(app: App) -> None:
    @app.task(name="add")
    async def add(context: Context, a: int) -> int:
        return a

    result = await app.submit(add, 5)
    assert (result.state, result.done, result.started) == (ResultState.PENDING, False, None)
    with pytest.raises(ResultNotReady):
        await result.get()
    async with app.worker():
        await result.wait(timeout=10)
    assert (result.state, result.done, result.successful, result.failed) == (ResultState.SUCCESS, True, True, False)
    assert (result.number_of_starts, result.number_of_stops) == (1, 1)
    assert result.node_id == app.config.node_id
    assert (result.name, result.queue, result.priority) == ("add", "tasks", 5)
    assert result.request_kwargs_repr == "5"
    assert result.duration is not None
    assert result.queue_time is not None
    assert await app.result(result.id) == result


async def test_errors_come_back_as_themselves(app: App) -> None:
    @app.task(name="fail")
    async def fail(context: Context, kind: str) -> None:
        if kind == "own":
            raise OwnError(3, detail="x")
        raise ValueError("boom", 3)

    async with app.worker():
        with pytest.raises(ValueError, match="boom") as caught:
            await app.run(fail, "builtin")
        assert caught.value.args == ("boom", 3)
        assert "in fail" in str(caught.value.__cause__)
        assert "attempt.py" not in str(caught.value.__cause__)
        with pytest.raises(OwnError) as own:
            await app.run(fail, "own")
        assert own.value.args == (3,)


async def test_error_of_an_unknown_class_is_a_task_failed(app: App) -> None:
    class Hidden(Exception):
        pass

    @app.task(name="fail")
    async def fail(context: Context) -> None:
        raise Hidden("deep")

    async with app.worker():
        with pytest.raises(TaskFailed, match="deep") as caught:
            await app.run(fail)
    assert caught.value.type_name.endswith("Hidden")
    assert "Traceback" in caught.value.remote_traceback


async def test_wrong_arguments_are_refused_before_they_are_sent(app: App) -> None:
    @app.task(name="add")
    async def add(context: Context, a: int) -> int:
        return a

    with pytest.raises(InvalidTaskArguments, match="a: "):
        await app.submit("add", "no number")
    with pytest.raises(InvalidTaskArguments):
        await app.submit("add")
    assert await app.find_results() == []


async def test_wrong_arguments_from_elsewhere_end_invalid(app: App) -> None:
    result = await app.submit("late", "no number")

    @app.task(name="late")
    async def late(context: Context, a: int) -> int:
        return a

    async with app.worker():
        with pytest.raises(InvalidTaskArguments, match="late"):
            await result
    assert result.state is ResultState.INVALID


async def test_unknown_task_ends_invalid_once_its_grace_is_over(app: App) -> None:
    app.config.unknown_task_grace = 0
    result = await app.submit("nobody.knows")
    async with app.worker():
        with pytest.raises(UnknownTask, match=r"nobody\.knows"):
            await result
    assert (result.state, result.number_of_starts) == (ResultState.INVALID, 1)


async def test_unknown_task_waits_for_a_worker_that_knows_it(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mog.worker.attempt.PARK", 0.05)
    result = await app.submit("new.name")
    async with app.worker():
        while (await app.result(result.id)).due is None:
            await asyncio.sleep(0.005)

        @app.task(name="new.name")
        async def known(context: Context) -> str:
            return "known"

        assert await result == "known"
    assert result.number_of_starts == 1


async def test_alias_runs_the_renamed_task(app: App) -> None:
    @app.task(name="new", aliases=("old", "older"))
    async def renamed(context: Context) -> str:
        return context.request.name

    async with app.worker():
        assert [await app.run(name) for name in ("new", "old", "older")] == ["new", "old", "older"]


async def test_same_id_twice_is_refused(app: App) -> None:
    request = Request[None](name="anything")
    await app.submit(request)
    with pytest.raises(AlreadySubmitted, match=str(request.id)):
        await app.submit(request)


async def test_submit_many_keeps_order_and_tells_what_failed(app: App) -> None:
    @app.task(name="double")
    async def double(context: Context, n: int) -> int:
        return 2 * n

    async with app.worker():
        results = await app.submit_many(app.create_request(double, n) for n in range(250))
        assert await asyncio.gather(*results) == [2 * n for n in range(250)]
        again = Request[int](id=results[3].id, name="double", args=(1,))
        with pytest.raises(CouldNotSubmit, match="1 of 2") as caught:
            await app.submit_many([again, Request(name="double", args=(2,))])
    assert list(caught.value.failed) == [again.id]


async def test_payload_over_the_limit(app: App) -> None:
    @app.task(name="echo")
    async def echo(context: Context, text: str) -> str:
        return text * 200

    app.config.max_message_size = 10_000
    with pytest.raises(PayloadTooLarge, match="max_message_size"):
        await app.submit(echo, "x" * 10_001)
    async with app.worker():
        with pytest.raises(PayloadTooLarge, match="returned"):
            await app.run(echo, "x" * 100)


async def test_unserialisable_value_is_the_tasks_failure(app: App) -> None:
    @app.task(name="handle")
    async def handle(context: Context) -> object:
        return threading.Lock()

    async with app.worker():
        result = await app.submit(handle)
        with pytest.raises(Exception, match="lock"):
            await result
    assert result.state is ResultState.FAILURE


async def test_deadline_that_has_passed_revokes_without_a_run(app: App) -> None:
    ran = []

    @app.task(name="late")
    async def late(context: Context) -> None:
        ran.append(1)

    past = datetime.now(UTC) - timedelta(seconds=1)
    result = await app.submit(Request(name="late", deadline=past))
    async with app.worker():
        with pytest.raises(Revoked):
            await result
    assert ran == []


@pytest.mark.parametrize("kind", ["async", "def"])
async def test_deadline_that_passes_while_it_runs_revokes(app: App, kind: str) -> None:
    release = threading.Event()

    @app.task(name="slow.async")
    async def slow(context: Context) -> None:
        await asyncio.Event().wait()

    @app.task(name="slow.def")
    def slow_def(context: Context) -> None:
        release.wait(20)

    request = Request[None](name=f"slow.{kind}", deadline=timedelta(seconds=0.05))
    async with app.worker():
        result = await app.submit(request)
        with pytest.raises(Revoked):
            await result
        release.set()
    assert result.revoked


async def test_own_timeout_error_is_a_failure(app: App) -> None:
    @app.task(name="own")
    async def own(context: Context) -> None:
        raise TimeoutError("mine")

    async with app.worker():
        result = await app.submit(Request(name="own", deadline=timedelta(seconds=60)))
        with pytest.raises(TimeoutError, match="mine"):
            await result
    assert result.state is ResultState.FAILURE


async def test_priority_first(app: App) -> None:
    order: list[int] = []

    @app.task(name="note")
    async def note(context: Context, n: int) -> None:
        order.append(n)

    results = [await app.submit(Request(name="note", args=(n,), priority=n)) for n in (1, 9, 5)]
    async with app.worker(concurrency=1):
        await asyncio.gather(*results)
    assert order == [9, 5, 1]


async def test_task_priority_and_queue_hold_where_the_request_names_none(app: App) -> None:
    @app.task(name="own", queue="slow", priority=2)
    async def own(context: Context) -> None: ...

    assert app.get_task_queue_names() == {"tasks", "slow"}
    result = await app.submit(own)
    assert (result.queue, result.priority) == ("slow", 2)
    result = await app.submit(Request(name="own", priority=5, queue_name="tasks"))
    assert (result.queue, result.priority) == ("tasks", 5)


async def test_worker_of_some_queues_leaves_the_others(app: App) -> None:
    @app.task(name="a", queue="left")
    async def left(context: Context) -> str:
        return "left"

    @app.task(name="b")
    async def right(context: Context) -> str:
        return "right"

    results = [await app.submit(left), await app.submit(right)]
    async with app.worker(exclude_queues=["left"]):
        assert await results[1] == "right"
    await results[0].refresh()
    assert results[0].state is ResultState.PENDING
    assert {depth.name: depth.ready for depth in await app.queue_depths()} == {"left": 1, "tasks": 0}
    assert await app.purge_task_queues(["left"]) == {"left": 1}
    with pytest.raises(Revoked):
        await results[0]


@pytest.mark.parametrize("options", [{"queues": ["none"]}, {"exclude_queues": ["tasks"]}, {"exclude_queues": ["none"]}])
async def test_worker_without_a_queue_is_refused(app: App, options: dict[str, list[str]]) -> None:
    with pytest.raises(ConfigError, match=f"those of app '{app.name}' are tasks"):
        app.create_worker(**options)


async def test_metadata_of_request_and_task(app: App) -> None:
    @app.task(name="note")
    async def note(context: Context) -> None:
        await context.set_metadata(step=2, who="task")

    result = await app.submit(Request(name="note", metadata={"who": "caller", "tags": ["x"]}))
    assert await result.get_metadata() == {"who": "caller", "tags": ["x"]}
    async with app.worker():
        await result
    assert await result.get_metadata() == {"who": "task", "tags": ["x"], "step": 2}


async def test_forgotten_results_are_lost(app: App) -> None:
    @app.task(name="quick")
    async def quick(context: Context) -> int:
        return 1

    with pytest.raises(ResultLost):
        await app.result(uuid4())
    result = await app.submit(quick)
    with pytest.raises(ResultNotReady):
        await result.delete()
    async with app.worker():
        await result
    await result.set_ttl(timedelta(days=1))
    await result.delete()
    with pytest.raises(ResultLost):
        await result.refresh()


async def test_waiting_in_vain_times_out_and_touches_nothing(app: App) -> None:
    result = await app.submit("later")
    with pytest.raises(TimeoutError):
        await result.wait(timeout=0.02)

    @app.task(name="later")
    async def later(context: Context) -> str:
        return "there"

    async with app.worker():
        assert await result == "there"


async def test_blocking_forms_in_a_thread(app: App) -> None:
    @app.task(name="add")
    async def add(context: Context, a: int, b: int) -> int:
        return a + b

    def script() -> list[int]:
        many = app.submit_many_blocking([app.create_request(add, n, n) for n in range(3)])
        values = [app.run_blocking(add, 1, 2, timeout=10), app.submit_blocking(add, 3, 4).get_blocking(timeout=10)]
        return values + [result.get_blocking(timeout=10) for result in many]

    async with app.worker():
        assert await asyncio.to_thread(script) == [3, 7, 0, 2, 4]


async def test_pause_puts_back_and_keeps_state(app: App) -> None:
    @app.task(name="steps")
    async def steps(context: Context) -> list[int]:
        seen = [*await context.state.get("seen", []), context.attempt]
        await context.state.set("seen", seen)
        if len(seen) < 3:
            raise Pause
        return seen

    async with app.worker():
        result = await app.submit(steps)
        assert await result == [1, 2, 3]
    assert (result.number_of_starts, result.number_of_stops) == (3, 3)


async def test_pauses_of_many_tasks_lose_none(app: App) -> None:
    @app.task(name="steps")
    async def steps(context: Context, n: int) -> int:
        if context.attempt <= 3:
            context.pause()
        return n

    async with app.worker(concurrency=4):
        results = await app.submit_many(app.create_request(steps, n) for n in range(40))
        assert await asyncio.gather(*results) == list(range(40))


async def test_group_of_pauses_is_a_pause(app: App) -> None:
    @app.task(name="grouped")
    async def grouped(context: Context) -> int:
        if context.attempt == 1:
            async with asyncio.TaskGroup() as group:
                group.create_task(pause())
        return context.attempt

    async def pause() -> None:
        raise Pause(0.01)

    async with app.worker():
        assert await app.run(grouped) == 2


async def test_state_goes_when_the_task_ends(app: App) -> None:
    kept: list[Context] = []

    @app.task(name="keep")
    async def keep(context: Context) -> object:
        await context.state.set("a", {"x": [1, None]})
        await context.state.set("b", 2)
        kept.append(context)
        return [await context.state.get("a"), await context.state.pop("b"), await context.state.get("b", "gone")]

    async with app.worker():
        assert await app.run(keep) == [{"x": [1, None]}, 2, "gone"]
    assert await kept[0].state.get("a") is None


async def test_progress_is_seen_by_who_waits(app: App) -> None:
    @app.task(name="work")
    async def work(context: Context) -> None:
        for step in range(1000):
            context.progress(step + 1, 1000, "rows")

    result = await app.submit(work)
    assert await result.progress() is None
    async with app.worker():
        await result
    progress = await result.progress()
    assert progress is not None
    assert (progress.done, progress.total, progress.message) == (1000, 1000, "rows")


async def test_call_threadsafe_on_the_loop_is_refused(app: App) -> None:
    @app.task(name="wrong")
    async def wrong(context: Context) -> None:
        context.call_threadsafe(context.state.get("x"))

    async with app.worker():
        with pytest.raises(RuntimeError, match="await the coroutine"):
            await app.run(wrong)


async def test_logger_names_the_task(app: App, caplog: pytest.LogCaptureFixture) -> None:
    @app.task(name="talk")
    async def talk(context: Context) -> None:
        context.logger.warning("hello")

    async with app.worker():
        result = await app.submit(talk)
        await result
    (record,) = [record for record in caplog.records if record.getMessage() == "hello"]
    assert record.name == "mog.task.talk"
    assert record.__dict__["task_id"] == str(result.id)


async def test_once_ends_when_nothing_is_ready(app: App) -> None:
    @app.task(name="chain")
    async def chain(context: Context, n: int) -> None:
        if n:
            await context.app.submit("chain", n - 1)

    first = await app.submit(chain, 3)
    later = await app.submit(Request(name="chain", args=(0,), delay=timedelta(hours=1)))
    await asyncio.wait_for(app.start(once=True), 20)
    await first.refresh()
    await later.refresh()
    assert (first.state, later.state) == (ResultState.SUCCESS, ResultState.PENDING)
    assert len(await app.find_results(states=[ResultState.SUCCESS])) == 4


async def test_config_and_urls_exclude_each_other(app: App) -> None:
    with pytest.raises(ConfigError, match="use one of the two"):
        App("other", broker="memory://", config=app.config)
