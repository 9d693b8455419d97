"""A worker's process: signals, grace, exit codes, a store that is not as it should be."""

import fcntl
import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import timedelta
from pathlib import Path
from signal import SIGINT, SIGTERM, Signals

import pytest
from tests.chaos.processes import Child, ended, start_worker
from tests.chaos.yard import Yard, seconds_until_end, yard

from mog import ResultState

TASKS = "tests.chaos.lives"

signals = pytest.mark.parametrize("signum", [SIGTERM, SIGINT])
waits = pytest.mark.parametrize("wait", ["life.wait", "life.wait_thread"])


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Yard]:
    with yard(tmp_path, TASKS) as scene:
        yield scene


def open_gate(scene: Yard) -> str:
    (scene.directory / "gate").touch()
    return "gate"


def stop(worker: Child, signum: Signals = SIGTERM) -> None:
    """Ask to stop, and wait until it has been heard: two signals that wait at once would count as one."""
    worker.send(signum)
    worker.wait_for_status(lambda status: not int(status["ShdPnd"], 16), "the signal is taken")


async def was_put_back(scene: Yard, result) -> None:
    await result.refresh()
    assert result.state is ResultState.SUSPENDED
    assert result.number_of_starts == result.number_of_stops, "it was counted as a crash"


@signals
@waits
async def test_a_stop_lets_running_tasks_end_and_starts_no_other(scene: Yard, signum: Signals, wait: str) -> None:
    worker = scene.worker("--concurrency", "1")
    running = await scene.submit(wait, "gate")
    scene.wait_for_note("start", running)
    waiting = await scene.submit("life.ping")
    stop(worker, signum)
    open_gate(scene)
    assert worker.wait() == 0
    assert await scene.value_of(running) == worker.pid
    await waiting.refresh()
    assert (waiting.state, waiting.number_of_starts) == (ResultState.PENDING, 0)
    assert scene.ledger.left() == {"message": 1, "process": 1}, "of the processes only the one that waits is left"


@signals
async def test_a_stop_of_an_idle_worker(scene: Yard, signum: Signals) -> None:
    worker = scene.worker()
    worker.send(signum)
    assert worker.wait() == 0
    assert worker.said == ""


async def test_what_does_not_end_within_the_grace_period_is_put_back(scene: Yard) -> None:
    worker = scene.worker(grace=0.2)
    result = await scene.submit("life.wait", "gate")
    scene.wait_for_note("start", result)
    worker.send(SIGTERM)
    assert worker.wait() == 0
    scene.wait_for_note("end", result)
    await was_put_back(scene, result)

    open_gate(scene)
    heir = scene.worker()
    assert await scene.value_of(result) == heir.pid
    assert scene.story(result) == ["claimed", "freed", "claimed", "ended"]


async def test_thread_that_outlasts_the_grace_period_is_put_back(scene: Yard) -> None:
    worker = scene.worker(grace=0.2)
    result = await scene.submit("life.wait_thread", "gate")
    scene.wait_for_note("start", result)
    worker.send(SIGTERM)
    assert worker.wait() == 0
    await was_put_back(scene, result)
    assert not scene.notes("end"), "its thread was still running"

    open_gate(scene)
    heir = scene.worker()
    assert await scene.value_of(result) == heir.pid


async def test_task_that_swallows_its_cancellation_is_put_back(scene: Yard) -> None:
    worker = scene.worker(grace=0.2)
    result = await scene.submit("life.stubborn", "gate")
    scene.wait_for_note("start", result)
    worker.send(SIGTERM)
    assert worker.wait() == 0
    scene.wait_for_note("cancelled", result)
    await was_put_back(scene, result)

    open_gate(scene)
    heir = scene.worker()
    assert await scene.value_of(result) == heir.pid


async def test_checkpointed_loop_stops_at_its_next_item(scene: Yard) -> None:
    worker = scene.worker(grace=60)
    result = await scene.submit("life.loop", "gate")
    scene.wait_for_note("start", result)
    worker.send(SIGTERM)
    assert worker.wait() == 0
    await was_put_back(scene, result)


@signals
@waits
async def test_second_signal_ends_at_once(scene: Yard, signum: Signals, wait: str) -> None:
    worker = scene.worker()
    result = await scene.submit(wait, "gate")
    scene.wait_for_note("start", result)
    stop(worker, signum)
    worker.send(signum)
    assert seconds_until_end(worker) < 1.0
    assert worker.wait() == 128 + signum
    await was_put_back(scene, result)


@pytest.mark.chaos
async def test_one_signal_ends_a_blocked_worker_once_its_grace_has_passed(tmp_path: Path) -> None:
    with yard(tmp_path, "tests.chaos.blockers") as scene:
        worker = scene.worker(grace=0.2)
        result = await scene.submit("block.sleep", 60.0)
        scene.wait_for_note("start", result)
        worker.send(SIGTERM)
        assert worker.wait() == 128 + SIGTERM
        await was_put_back(scene, result)


@contextmanager
def held(store: Path) -> Iterator[None]:
    """Hold the lock of a store, as a process does that writes."""
    file = os.open(store.with_name(store.name + "-lock"), os.O_RDWR | os.O_CREAT)
    try:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
    finally:
        os.close(file)


def handles_signals(worker: Child) -> None:
    worker.wait_for_status(lambda status: int(status["SigCgt"], 16) >> (SIGTERM - 1) & 1, "it handles signals")


async def test_signal_before_the_worker_consumes(scene: Yard) -> None:
    result = await scene.submit("life.ping")
    with held(scene.ledger.path):
        worker = scene.worker(wait=False)
        handles_signals(worker)
        stop(worker)
    assert worker.wait() == 0
    await result.refresh()
    assert (result.state, result.number_of_starts) == (ResultState.PENDING, 0)


async def test_second_signal_before_the_worker_consumes(scene: Yard) -> None:
    with held(scene.ledger.path):
        worker = scene.worker(wait=False)
        handles_signals(worker)
        stop(worker)
        worker.send(SIGTERM)
        assert seconds_until_end(worker) < 1.0
    assert worker.wait() == 128 + SIGTERM


async def test_once_runs_what_is_ready_and_ends(scene: Yard) -> None:
    requests = [scene.app.create_request("life.ping") for _ in range(50)]
    late = scene.app.create_request("life.ping")
    late.delay = timedelta(hours=1)
    results = await scene.app.submit_many([*requests, late])
    worker = scene.worker("--once", wait=False)
    assert worker.wait() == 0
    assert [await scene.value_of(result) for result in results[:-1]] == [worker.pid] * 50
    await results[-1].refresh()
    assert results[-1].state is ResultState.PENDING
    assert worker.said == ""


async def test_once_waits_for_what_runs(scene: Yard) -> None:
    result = await scene.submit("life.wait", "gate")
    worker = scene.worker("--once", wait=False)
    scene.wait_for_note("start", result)
    open_gate(scene)
    assert worker.wait() == 0
    assert await scene.value_of(result) == worker.pid


async def test_once_with_nothing_to_do_ends(scene: Yard) -> None:
    assert scene.worker("--once", wait=False).wait() == 0


FROZEN = """
import gc
import sys

from mog import App, Context, task
from mog.worker.run import run_worker

app = App("frozen", broker=f"sqlite:///{sys.argv[1]}")


@task(name="frozen.count")
async def count(_context: Context) -> None:
    print(gc.get_freeze_count(), sum(map(len, map(vars, list(sys.modules.values())))))


app.submit_blocking(count)
sys.exit(run_worker(app, once=True))
"""
"""Says how many objects the search for garbage passes over, and how many names all modules have."""


def test_what_is_loaded_at_the_start_is_not_searched_for_garbage(tmp_path: Path) -> None:
    command = [sys.executable, "-c", FROZEN, str(tmp_path / "mog.db")]
    run = subprocess.run(command, capture_output=True, text=True, check=True)
    frozen, names = map(int, run.stdout.split())
    assert frozen > names > 1000


def last_line_and_code(directory: Path, store: Path) -> tuple[str, int]:
    worker = start_worker(directory, TASKS, store=store)
    with ended(worker):
        code = worker.wait(patience=50)
    *warnings, line = worker.said.splitlines()
    assert all(" WARNING " in warning for warning in warnings), "a traceback?"
    return line, code


def test_corrupt_store(tmp_path: Path) -> None:
    store = tmp_path / "mog.db"
    store.write_bytes(b"this is no database" * 1000)
    line, code = last_line_and_code(tmp_path, store)
    assert code == 3
    assert line.startswith("StoreCorrupt: ")
    assert str(store) in line


def test_directory_in_the_place_of_the_store(tmp_path: Path) -> None:
    (tmp_path / "mog.db").mkdir()
    line, code = last_line_and_code(tmp_path, tmp_path / "mog.db")
    assert code == 3
    assert line.startswith("StoreUnusable: ")


@pytest.mark.long
def test_locked_store(tmp_path: Path) -> None:
    store = tmp_path / "mog.db"
    with closing(sqlite3.connect(store, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        line, code = last_line_and_code(tmp_path, store)
    assert code == 3
    assert "locked by another program" in line


@pytest.mark.long
def test_store_whose_lock_is_held(tmp_path: Path) -> None:
    store = tmp_path / "mog.db"
    with held(store):
        line, code = last_line_and_code(tmp_path, store)
    assert code == 3
    assert "was held for 30 s by process" in line
