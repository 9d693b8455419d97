"""The clock of what a thread spends."""

import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from mog.worker import thread_clock
from mog.worker.thread_clock import Spent, ThreadClock


@pytest.fixture(params=["schedstat", "processor time"])
def clock(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[ThreadClock]:
    if request.param == "processor time":
        monkeypatch.setattr(thread_clock, "Path", lambda _: Path("/nowhere"))
    clock = ThreadClock()
    if clock() is None:
        pytest.skip("this system has no clock for a thread")
    yield clock
    clock.close()


def spent_of(clock: ThreadClock) -> Spent:
    """Ask on another thread."""
    answers: list[Spent | None] = []
    thread = threading.Thread(target=lambda: answers.append(clock()))
    thread.start()
    thread.join()
    assert answers[0] is not None
    return answers[0]


def test_runs_while_its_thread_computes(clock: ThreadClock) -> None:
    before = spent_of(clock)
    used = time.thread_time()
    while time.thread_time() < used + 0.05:
        pass
    assert spent_of(clock).computing - before.computing >= 0.05


def test_stands_still_while_its_thread_sleeps(clock: ThreadClock) -> None:
    before = spent_of(clock)
    time.sleep(0.2)
    assert spent_of(clock).computing - before.computing < 0.1


def test_that_is_closed(clock: ThreadClock) -> None:
    clock.close()
    clock.close()
    assert clock() is not None, "there is still the processor time"


def test_system_without_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    assert ThreadClock()() is None
