"""What is known of a worker from outside: its loop, its store, its tasks."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import pytest

from mog import App, Context, ResultState
from mog.engine.io_thread import ThreadPort
from mog.errors import EngineUnavailable
from mog.worker import vitals
from mog.worker.events import TaskEnded, WorkerStarted
from mog.worker.stopping import Stopping
from mog.worker.vitals import Pulse, Vitals, resident_memory


@pytest.fixture
def other_loop() -> Iterator[asyncio.AbstractEventLoop]:
    """A loop that runs on another thread, as the one of tasks does."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    yield loop
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()


class Blocked:
    """Blocks a loop while the block runs."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._begun, self._end = threading.Event(), threading.Event()

    def __enter__(self) -> None:
        self._loop.call_soon_threadsafe(lambda: (self._begun.set(), self._end.wait(30)))
        assert self._begun.wait(10)

    def __exit__(self, *_: object) -> None:
        self._end.set()


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(10):
        while not condition():
            await asyncio.sleep(0.001)


@pytest.fixture
def time_of() -> SimpleNamespace:
    return SimpleNamespace(now=100.0)


@pytest.fixture
async def pulse(
    other_loop: asyncio.AbstractEventLoop, time_of: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Pulse]:
    monkeypatch.setattr(vitals, "PULSE", 0.001)
    pulse = Pulse(other_loop, clock=lambda: time_of.now)
    yield pulse
    pulse.stop()


async def test_pulse_of_a_loop_that_answers(pulse: Pulse) -> None:
    assert (pulse.late, pulse.lag) == (0.0, 0.0)
    pulse.start()
    pulse.start()
    await until(lambda: pulse.late == 0.0)
    assert pulse.lag == 0.0


async def test_pulse_of_a_blocked_loop(
    pulse: Pulse, time_of: SimpleNamespace, other_loop: asyncio.AbstractEventLoop
) -> None:
    with Blocked(other_loop):
        pulse.start()
        time_of.now += 20.0
        assert (pulse.late, pulse.lag) == (20.0, 20.0)
    await until(lambda: pulse.late == 0.0)
    assert pulse.lag in (20.0, 0.0), "what the last ping took"


async def test_pulse_of_a_closed_loop(time_of: SimpleNamespace) -> None:
    loop = asyncio.new_event_loop()
    loop.close()
    pulse = Pulse(loop, clock=lambda: time_of.now)
    pulse.start()
    pulse.stop()


# -- reports


@pytest.fixture
async def watched(
    thread_port: ThreadPort, other_loop: asyncio.AbstractEventLoop, tmp_path: Path
) -> AsyncIterator[Vitals]:
    """Vitals of a worker that takes tasks from a fake engine."""
    app = App("shop", broker=f"sqlite:///{tmp_path}/mog.db")

    @app.task(name="shop.add", queue="slow")
    async def add(context: Context) -> None: ...

    made = Vitals()
    made.attend(app, other_loop)
    made.worker = SimpleNamespace(port=thread_port, stopping=Stopping(), running=3)
    made.observe(WorkerStarted(("tasks",), 10))
    yield made
    assert made.pulse is not None
    made.pulse.stop()


async def test_worker_that_takes_tasks(watched: Vitals) -> None:
    report = await watched.report(depths=True)
    assert (report.problem, report.app, report.running) == (None, "shop", 3)
    assert sorted(depth.name for depth in report.depths) == ["slow", "tasks"]
    assert report.memory > 10_000_000
    assert report.cpu > 0


async def test_depths_only_where_asked_for(watched: Vitals, store: Any) -> None:
    assert (await watched.report()).depths == []
    assert store.sizes("broker.depth") == []


async def test_worker_that_is_not_there_yet() -> None:
    assert (await Vitals().report(depths=True)).problem == "it is starting"


async def test_worker_that_stops(watched: Vitals) -> None:
    assert watched.worker is not None
    watched.worker.stopping.set()
    assert (await watched.report()).problem == "it is stopping"


async def test_store_that_does_not_answer(watched: Vitals, store: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vitals, "STORE_TIME", 0.05)
    store.pauses["results.get"] = asyncio.Event()
    assert (await watched.report()).problem == "the store has not answered for 0.05 s"


async def test_store_that_is_out_of_reach(watched: Vitals, store: Any) -> None:
    store.errors["results.get"] = [EngineUnavailable("nobody listens")]
    assert (await watched.report()).problem == "nobody listens"
    assert (await watched.report()).problem is None


async def test_blocked_loop(
    watched: Vitals, other_loop: asyncio.AbstractEventLoop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(vitals, "BLOCKED_LIMIT", 0.05)
    with Blocked(other_loop):
        problem = None
        async with asyncio.timeout(10):
            while problem is None:
                problem = (await watched.report()).problem
    assert problem == "its event loop has been blocked for 0 s"
    assert watched.pulse is not None
    await until(lambda: watched.pulse.late < 0.05)
    assert (await watched.report()).problem is None


async def test_memory_has_no_store_that_could_fail() -> None:
    app = App("shop", broker="memory://")
    async with app.worker() as worker:
        seen = Vitals()
        seen.attend(app, asyncio.get_running_loop())
        seen.worker = worker
        seen.observe(WorkerStarted(("tasks",), 10))
        assert (await seen.report(depths=True)).problem is None
        assert seen.pulse is not None
        seen.pulse.stop()
    await app.close()


async def test_names_of_strangers_are_counted_as_one(watched: Vitals) -> None:
    for name in ("shop.add", "no.such", "nor.this"):
        watched.observe(TaskEnded(uuid4(), name, ResultState.INVALID, 0.1, 1))
    assert watched.snapshot().tally.ended == {"shop.add": {"INVALID": 1}, "(unknown)": {"INVALID": 2}}


def test_memory_without_proc(monkeypatch: pytest.MonkeyPatch) -> None:
    real = resident_memory()
    monkeypatch.setattr(vitals, "Path", lambda _: Path("/nowhere"))
    assert real / 4 < resident_memory() < real * 20
