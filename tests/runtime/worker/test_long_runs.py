"""Runs that take long are told of, once each."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from uuid import UUID, uuid4

import pytest

from mog import App, Context
from mog.config import load_config
from mog.worker.long_runs import LongRuns, long_after

Told = Callable[[], list[str]]


@pytest.fixture
def told(caplog: pytest.LogCaptureFixture) -> Told:
    """The names of the runs that were told of, in that order."""
    caplog.set_level(logging.WARNING, "mog.worker")
    return lambda: [str(record.args[0]) for record in caplog.records if record.args and "has been" in record.msg]


def run(name: str, started: float, *, waits: bool = False) -> tuple[UUID, SimpleNamespace]:
    return uuid4(), SimpleNamespace(name=name, started=started, waits=waits)


def test_old_ones_are_told_of_once(told: Told) -> None:
    now = SimpleNamespace(time=100.0)
    attempts = dict([run("new", 0.0), run("a", 50.0), run("b", 80.0), run("c", 95.0)])
    runs = LongRuns(attempts, 15.0, clock=lambda: now.time)
    runs.look()
    runs.look()
    assert told() == ["a", "b"]
    now.time = 111.0
    runs.look()
    assert told() == ["a", "b", "c"]


def test_id_that_comes_again_is_another_run(told: Told) -> None:
    task_id, first = run("a", 50.0)
    attempts = {task_id: first}
    runs = LongRuns(attempts, 15.0, clock=lambda: 100.0)
    runs.look()
    attempts.clear()
    runs.look()
    attempts[task_id] = SimpleNamespace(name="a again", started=60.0, waits=False)
    runs.look()
    assert told() == ["a", "a again"]


def test_what_waits_for_others_takes_its_time(told: Told) -> None:
    task_id, parent = run("parent", 50.0, waits=True)
    runs = LongRuns({task_id: parent}, 15.0, clock=lambda: 100.0)
    runs.look()
    assert told() == []
    parent.waits = False
    runs.look()
    assert told() == ["parent"]


def test_nothing_is_long_without_a_limit(told: Told) -> None:
    LongRuns(dict([run("a", 1.0)]), None).look()
    assert told() == []


def test_when_a_run_is_long(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert long_after(load_config()) is None
    assert long_after(load_config(guard={"long_task": 60})) == 60.0
    rabbit = {"broker": "amqp://host", "results": "redis://host", "consumer_timeout": 600}
    assert long_after(load_config(**rabbit)) == 300.0
    assert long_after(load_config(**rabbit, guard={"long_task": "PT1M"})) == 60.0


async def test_worker_tells_of_its_long_runs(tmp_path: Path, told: Told) -> None:
    app = App("shop", broker=f"sqlite:///{tmp_path}/mog.db", guard={"long_task": 0.3, "warn": 0.2})
    gate = asyncio.Event()

    @app.task(name="shop.long")
    async def long(context: Context) -> None:
        await gate.wait()

    @app.task(name="shop.parent")
    async def parent(context: Context) -> None:
        await context.run(long)

    async with app, app.worker():
        result = await app.submit(parent)
        async with asyncio.timeout(20):
            while not told():
                await asyncio.sleep(0.01)
        gate.set()
        await result
    assert told() == ["shop.long"]
