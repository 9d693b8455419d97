"""Worker processes and their surroundings: user code at its worst, forks, disks that fill up or vanish."""

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.chaos.horrors import RAISED
from tests.chaos.lives import FORKS
from tests.chaos.processes import PATIENCE, Child
from tests.chaos.yard import Yard, yard

from mog import ResultState
from mog.errors import CouldNotSubmit, TaskFailed, TooManyRetries

SIGTERM, SIGKILL = signal.SIGTERM, signal.SIGKILL


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Yard]:
    with yard(tmp_path, "tests.chaos.lives") as scene:
        yield scene


@pytest.fixture(scope="module")
def horrors(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Yard]:
    """A yard for all horrors, whose worker gets one after the other and still ends in good order."""
    with yard(tmp_path_factory.mktemp("horrors"), "tests.chaos.horrors") as scene:
        worker = scene.worker()
        yield scene
        worker.send(SIGTERM)
        assert worker.wait() == 0, worker.said


@pytest.fixture
def horror(tmp_path: Path) -> Iterator[Yard]:
    """A yard for one horror."""
    with yard(tmp_path, "tests.chaos.horrors") as scene:
        yield scene


async def error_of(scene: Yard, name: str, *args: object) -> str:
    """Run a task that fails; return its error's class and text."""
    result = await scene.submit(name, *args)
    await result.wait(timeout=PATIENCE)
    assert result.state is ResultState.FAILURE
    assert result.number_of_starts == result.number_of_stops == 1
    with pytest.raises(BaseException) as caught:  # noqa: PT011 - which one is the caller's business
        await result.get()
    return caught.value.type_name if isinstance(caught.value, TaskFailed) else repr(caught.value)


async def lives_on(scene: Yard) -> None:
    """The next task runs, and in the same process."""
    assert await scene.value("horror.ping") == scene.children[0].pid


@pytest.mark.parametrize("kind", RAISED)
async def test_worker_survives_what_a_task_raises(horrors: Yard, kind: str) -> None:
    for name in ("horror.raise_async", "horror.raise_def"):
        assert kind in await error_of(horrors, name, kind)
    await lives_on(horrors)


@pytest.mark.parametrize(
    ("name", "error"),
    [
        ("unserialisable", "InvalidReturnValue('builtins:object'"),
        ("huge", "PayloadTooLarge("),
        ("coroutine", "InvalidReturnValue('builtins:coroutine'"),
        ("async_generator", "InvalidReturnValue('builtins:async_generator'"),
        ("cancel_self", "CancelledError"),
        ("run_in_async", "RuntimeError("),
    ],
)
async def test_worker_survives_a_task_that_fails_oddly(horrors: Yard, name: str, error: str) -> None:
    assert error in await error_of(horrors, f"horror.{name}")
    await lives_on(horrors)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("background", "left"),
        ("background_exit", "left"),
        ("print", None),
        ("chdir", None),
        ("take_signals", None),
        ("cancel_self_and_return", "returned"),
        ("stop_loop", "stopped"),
        ("run_in_def", "ran"),
        ("grouped_pause", 2),
        ("nested_pause", 2),
    ],
)
async def test_worker_survives_a_task_that_succeeds_oddly(horrors: Yard, name: str, value: object) -> None:
    assert await horrors.value(f"horror.{name}") == value
    await lives_on(horrors)


@pytest.mark.parametrize("name", ["background_thread", "block_signals", "cancel_all", "close_stdout", "stubborn"])
async def test_worker_survives_what_lasts_and_still_stops(horror: Yard, name: str) -> None:
    worker = horror.worker(grace=0.2)
    await horror.value(f"horror.{name}")
    await lives_on(horror)
    worker.send(SIGTERM)
    assert worker.wait() == 0


async def test_worker_survives_an_observer_that_fails(horror: Yard) -> None:
    worker = horror.worker("--show", grace=0.2)
    await horror.value("horror.close_stdout")
    await lives_on(horror)
    worker.send(SIGTERM)
    assert worker.wait() == 0


async def test_task_that_kills_its_worker_is_given_up_after_max_retries(horror: Yard) -> None:
    result = await horror.submit("horror.os_exit")
    for _ in range(2):
        assert horror.worker(max_retries=1, wait=False).wait() == 1
    horror.children = [horror.worker(max_retries=1)]
    with pytest.raises(TooManyRetries):
        await horror.value_of(result)
    assert len(horror.notes("start", result.id)) == 2, "the first run and one retry"
    assert (result.state, result.number_of_starts - result.number_of_stops) == (ResultState.FAILURE, 2)
    await lives_on(horror)


# -- forks


@pytest.mark.parametrize("how", FORKS)
async def test_child_of_a_task_keeps_no_claim_alive(scene: Yard, how: str) -> None:
    worker = scene.worker()
    result = await scene.submit("life.fork", how)
    child = int(scene.wait_for_note("child", result).detail)
    scene.wait_until((scene.directory / "child").exists, "the child has come to run")
    heir = scene.worker()
    worker.send(SIGKILL)
    assert await scene.value_of(result) == heir.pid
    os.kill(child, 0)  # raises if the child has ended meanwhile
    assert scene.story(result) == ["claimed", "freed", "claimed", "ended"]


async def test_children_of_a_preloading_server_submit(scene: Yard) -> None:
    scene.worker()
    environment = {"MOG_BROKER": scene.app.config.broker}
    server = Child(scene.directory, "-m", "tests.chaos.preload", environment=environment)
    scene.children.append(server)
    assert server.wait() == 0, server.said
    assert server.said == ""


# -- disks


async def test_worker_whose_database_directory_vanishes_ends_and_says_why(tmp_path: Path) -> None:
    place = tmp_path / "place"
    place.mkdir()
    with yard(tmp_path, "tests.chaos.lives", place / "mog.db") as scene:
        worker = scene.worker()
        result = await scene.submit("life.wait", "gate")
        scene.wait_for_note("start", result)
        shutil.rmtree(place)
        (tmp_path / "gate").touch()
        scene.wait_for_note("end", result)
        assert worker.wait() != 0
        assert f"{place / 'mog.db'} was removed or replaced while it was open" in worker.said
        assert len(worker.said.splitlines()) < 20, "it flooded its log"
        assert worker.said.count("handed back as after a crash") == 1, "it said so twice"
        assert "Traceback" not in worker.said


async def test_idle_worker_whose_database_directory_vanishes_ends(tmp_path: Path) -> None:
    place = tmp_path / "place"
    place.mkdir()
    with yard(tmp_path, "tests.chaos.lives", place / "mog.db") as scene:
        worker = scene.worker()
        shutil.rmtree(place)
        assert worker.wait(patience=4.0) != 0
        assert "was removed or replaced" in worker.said


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", str(disk)], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip(f"needs the right to mount a small tmpfs (run as root): {mounted.stderr.decode().strip()}")
    yield disk
    subprocess.run(["umount", "-l", str(disk)], check=True)


async def test_full_disk_keeps_outcomes_until_there_is_room(tmp_path: Path, small_disk: Path) -> None:
    with yard(tmp_path, "tests.chaos.lives", small_disk / "mog.db") as scene:
        worker = scene.worker()
        results = [await scene.submit("life.wait", "gate") for _ in range(5)]
        for result in results:
            scene.wait_for_note("start", result)
        filler = fill(small_disk)
        (tmp_path / "gate").touch()
        for result in results:
            scene.wait_for_note("end", result)
        with pytest.raises(CouldNotSubmit, match="no room on the disk"):
            await scene.app.submit_many([scene.app.create_request("life.ping") for _ in range(1000)])
        assert worker.alive

        filler.unlink()
        assert [await scene.value_of(result) for result in results] == [worker.pid] * 5
        assert [scene.story(result) for result in results] == [["claimed", "ended"]] * 5
        assert await scene.value("life.ping") == worker.pid
        worker.send(SIGTERM)
        assert worker.wait() == 0
        assert scene.ledger.integrity() == "ok"


def fill(disk: Path) -> Path:
    """Fill a disk to its last byte."""
    filler = disk / "filler"
    with filler.open("wb", buffering=0) as file:
        for size in (65536, 4096, 1):
            try:
                while file.write(b"x" * size):
                    pass
            except OSError:
                continue
    return filler
