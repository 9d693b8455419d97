"""What is known of a worker from outside: its loop, its store, its tasks."""

import asyncio
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import pytest

from mog import App, Context, ResultState
from mog.config import GuardConfig
from mog.engine.io_thread import ThreadPort
from mog.errors import EngineUnavailable
from mog.worker import vitals
from mog.worker.events import TaskEnded, WorkerStarted
from mog.worker.stopping import Stopping
from mog.worker.vitals import Vitals, resident_memory


@pytest.fixture
def guard() -> SimpleNamespace:
    return SimpleNamespace(late=0.0, lag=0.0, blocked=0.0, config=GuardConfig())


@pytest.fixture
async def watched(thread_port: ThreadPort, guard: SimpleNamespace, tmp_path: Path) -> Vitals:
    """Vitals of a worker that takes tasks from a fake engine."""
    app = App("shop", broker=f"sqlite:///{tmp_path}/mog.db")

    @app.task(name="shop.add", queue="slow")
    async def add(context: Context) -> None: ...

    made = Vitals()
    made.attend(app)
    made.worker = SimpleNamespace(port=thread_port, stopping=Stopping(), running=3, guard=guard)
    made.observe(WorkerStarted(("tasks",), 10))
    return made


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


async def test_blocked_loop(watched: Vitals, guard: SimpleNamespace) -> None:
    guard.late = guard.lag = guard.blocked = 14.9
    assert (await watched.report()).problem is None
    guard.late = guard.lag = guard.blocked = 15.2
    report = await watched.report()
    assert (report.problem, report.lag, report.blocked) == ("its event loop has been blocked for 15 s", 15.2, 15.2)
    guard.late = 0.0
    assert (await watched.report()).problem is None


async def test_memory_has_no_store_that_could_fail() -> None:
    app = App("shop", broker="memory://")
    async with app.worker() as worker:
        seen = Vitals()
        seen.attend(app)
        seen.worker = worker
        seen.observe(WorkerStarted(("tasks",), 10))
        assert (await seen.report(depths=True)).problem is None
    await app.close()


async def test_names_of_strangers_are_counted_as_one(watched: Vitals) -> None:
    for name in ("shop.add", "no.such", "nor.this"):
        watched.observe(TaskEnded(uuid4(), name, ResultState.INVALID, 0.1, 1))
    assert watched.snapshot().tally.ended == {"shop.add": {"INVALID": 1}, "(unknown)": {"INVALID": 2}}


def test_memory_without_proc(monkeypatch: pytest.MonkeyPatch) -> None:
    real = resident_memory()
    monkeypatch.setattr(vitals, "Path", lambda _: Path("/nowhere"))
    assert real / 4 < resident_memory() < real * 20
