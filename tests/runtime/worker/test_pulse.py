"""The beat of a loop, on a clock that the test turns."""

import asyncio
from types import SimpleNamespace

import pytest

from mog.worker.pulse import Pulse


@pytest.fixture
def time_of() -> SimpleNamespace:
    return SimpleNamespace(now=100.0)


async def test_beats_until_it_is_stopped(time_of: SimpleNamespace) -> None:
    beats: list[float] = []
    three = asyncio.Event()

    def take(_due: float, lateness: float) -> None:
        beats.append(lateness)
        if len(beats) == 3:
            pulse.stop()
            three.set()

    pulse = Pulse(0.001, take, clock=lambda: time_of.now)
    pulse.start()
    await asyncio.wait_for(three.wait(), 10)
    await asyncio.sleep(0.01)
    assert beats == [0.0, 0.0, 0.0], "the clock stands still, so each comes early"
    assert pulse.due is None


async def test_is_late_until_it_beats(time_of: SimpleNamespace) -> None:
    beaten: asyncio.Future[tuple[float, float]] = asyncio.get_running_loop().create_future()

    def take(due: float, lateness: float) -> None:
        pulse.stop()
        beaten.set_result((due, lateness))

    pulse = Pulse(0.5, take, clock=lambda: time_of.now)
    pulse.start()
    assert (pulse.due, pulse.late, pulse.lag) == (100.5, 0.0, 0.0)
    time_of.now = 100.4
    assert pulse.late == 0.0
    time_of.now = 103.5
    assert (pulse.late, pulse.lag) == (3.0, 3.0)
    async with asyncio.timeout(10):
        assert await beaten == (100.5, 3.0)
    assert (pulse.late, pulse.lag) == (0.0, 3.0), "what the last beat took"


async def test_is_not_late_before_it_starts(time_of: SimpleNamespace) -> None:
    pulse = Pulse(0.5, lambda *_: None, clock=lambda: time_of.now)
    pulse.stop()
    assert (pulse.due, pulse.late, pulse.lag) == (None, 0.0, 0.0)
