"""A worker whose event loop is blocked, or busy, keeps its claims and still obeys signals."""

from collections.abc import Iterator
from pathlib import Path
from signal import SIGTERM

import pytest
from tests.chaos.processes import Child
from tests.chaos.yard import Yard, seconds_until_end, yard

LATENESS = 0.25
"""Seconds by which the I/O thread may be late beside a busy loop."""

AT_ONCE = 1.0
"""Seconds from a second signal to the end of the process, at most."""


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Yard]:
    with yard(tmp_path, "tests.chaos.blockers") as scene:
        yield scene


blocks = pytest.mark.parametrize("block", ["block.sleep", "block.spin"])
burns = pytest.mark.parametrize("burn", [0.00005, 0.0005, 0.003])


async def run_once_while_blocked(scene: Yard, block: str, seconds: float) -> None:
    blocked = scene.worker("--concurrency", "1")
    result = await scene.submit(block, seconds)
    begin = scene.wait_for_note("start", result)
    told = f"blocked for 1.0 s: {block}[{result.id}]"
    scene.wait_until(lambda: told in blocked.said, "it is told who blocks", patience=2.0)
    idle = scene.worker()
    assert await scene.value("block.ping") == idle.pid
    assert not scene.notes("end", result.id), "it did not block for long enough to show anything"

    await result.wait(timeout=seconds + 20)
    assert await result.get() == blocked.pid
    assert scene.wait_for_note("end", result).at - begin.at >= seconds
    assert scene.story(result) == ["claimed", "ended"]
    assert len(scene.notes("start", result.id)) == 1
    assert (result.number_of_starts, result.number_of_stops) == (1, 1)


@pytest.mark.chaos
@blocks
async def test_blocking_task_runs_once_and_keeps_its_claim(scene: Yard, block: str) -> None:
    await run_once_while_blocked(scene, block, 4.0)


@pytest.mark.chaos
async def test_call_that_holds_the_interpreter_lock_runs_once_and_is_told_of(scene: Yard) -> None:
    worker = scene.worker("--concurrency", "1")
    result = await scene.submit("block.hold", 6)
    scene.wait_for_note("start", result)
    scene.wait_until(lambda: " in hold\n" in worker.said, "the stacks are written while the lock is held", patience=6.0)
    assert not scene.notes("end", result.id)
    assert await scene.value_of(result) == worker.pid
    scene.wait_until(lambda: "the event loop moves again, after" in worker.said, "its end is told")
    assert scene.story(result) == ["claimed", "ended"]
    assert len(scene.notes("start", result.id)) == 1


@pytest.mark.long
@pytest.mark.timeout(120)
@blocks
async def test_task_that_blocks_for_thirty_seconds_runs_once(scene: Yard, block: str) -> None:
    await run_once_while_blocked(scene, block, 30.0)


async def lateness(scene: Yard, burn: float, seconds: float) -> None:
    scene.worker()
    result = await scene.submit("block.busy", seconds, burn)
    await result.wait(timeout=seconds + 20)
    latest = await result.get()
    print(
        f"busy with callbacks of {burn * 1000:g} ms for {seconds:g} s: I/O thread {latest * 1000:.0f} ms late at most"
    )
    assert latest < LATENESS


@pytest.mark.chaos
@burns
async def test_busy_loop_lets_the_io_thread_through(scene: Yard, burn: float) -> None:
    await lateness(scene, burn, 3.0)


@pytest.mark.long
@pytest.mark.timeout(120)
@burns
async def test_loop_that_is_busy_for_a_minute_lets_the_io_thread_through(scene: Yard, burn: float) -> None:
    await lateness(scene, burn, 60.0)


def send_and_see_taken(worker: Child) -> None:
    """Send SIGTERM and wait until the process has taken it: two that wait at once would count as one."""
    worker.send(SIGTERM)
    worker.wait_for_status(lambda status: not int(status["ShdPnd"], 16), "the signal is taken")


@pytest.mark.chaos
@blocks
async def test_second_signal_ends_a_worker_whose_loop_is_blocked(scene: Yard, block: str) -> None:
    worker = scene.worker()
    result = await scene.submit(block, 60.0)
    scene.wait_for_note("start", result)
    behind = await scene.submit("block.ping")  # the worker has free slots and claims it, and cannot begin it
    scene.wait_until(lambda: "claimed" in scene.story(behind), "the second task is claimed")

    send_and_see_taken(worker)
    worker.send(SIGTERM)
    took = seconds_until_end(worker)
    print(f"{block}: ended {took:.2f} s after the second SIGTERM")
    assert took < AT_ONCE
    assert worker.wait() == 128 + SIGTERM
    for task in (result, behind):
        await task.refresh()
        assert not task.done
        assert task.number_of_starts == task.number_of_stops, "it was counted as a crash"

    heir = scene.worker()
    assert await scene.value_of(result) == heir.pid
    assert await scene.value_of(behind) == heir.pid
    assert not [event for task in (result, behind) for event in scene.events(task) if event.is_crash]
