"""The clock of what a thread has to compute."""

import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from mog.worker import busy_clock
from mog.worker.busy_clock import BusyClock


@pytest.fixture(params=["schedstat", "processor time"])
def clock(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[BusyClock]:
    if request.param == "processor time":
        monkeypatch.setattr(busy_clock, "Path", lambda _: Path("/nowhere"))
    clock = BusyClock()
    if clock() is None:
        pytest.skip("this system has no clock for a thread")
    yield clock
    clock.close()


def seconds_of(clock: BusyClock) -> float:
    """Ask on another thread."""
    answers: list[float | None] = []
    thread = threading.Thread(target=lambda: answers.append(clock()))
    thread.start()
    thread.join()
    assert answers[0] is not None
    return answers[0]


def test_runs_while_its_thread_computes(clock: BusyClock) -> None:
    before = seconds_of(clock)
    used = time.thread_time()
    while time.thread_time() < used + 0.05:
        pass
    assert seconds_of(clock) - before >= 0.05


def test_stands_still_while_its_thread_sleeps(clock: BusyClock) -> None:
    before = seconds_of(clock)
    time.sleep(0.2)
    assert seconds_of(clock) - before < 0.15


def test_that_is_closed(clock: BusyClock) -> None:
    clock.close()
    clock.close()
    assert clock() is not None, "there is still the processor time"


def test_system_without_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    assert BusyClock()() is None
