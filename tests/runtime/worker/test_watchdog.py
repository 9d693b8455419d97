"""The interpreter's watchdog: when it is wound up, and what it writes while the interpreter lock is held."""

from pathlib import Path
from types import SimpleNamespace

import pytest
from tests.chaos.processes import Child, ended, wait_until

from mog.worker import watchdog
from mog.worker.watchdog import Watchdog

HOLD = """
import ctypes
from mog.worker.watchdog import Watchdog

def hold_lock():
    ctypes.PyDLL(None).sleep(60)

Watchdog(0.2).wind()
hold_lock()
"""


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[float | None]:
    """What it tells the interpreter: seconds, or None to stop."""
    calls: list[float | None] = []
    monkeypatch.setattr(watchdog.faulthandler, "dump_traceback_later", lambda after, file: calls.append(after))
    monkeypatch.setattr(watchdog.faulthandler, "cancel_dump_traceback_later", lambda: calls.append(None))
    return calls


def test_is_wound_up_no_more_often_than_needed(calls: list[float | None]) -> None:
    time_of = SimpleNamespace(now=100.0)
    made = Watchdog(5.0, clock=lambda: time_of.now)
    for now in (100.0, 101.0, 101.9, 102.0, 103.0, 104.5):
        time_of.now = now
        made.wind()
    assert calls == [5.0, 5.0, 5.0]


def test_is_wound_up_again_once_it_was_stopped(calls: list[float | None]) -> None:
    made = Watchdog(5.0)
    made.stop()
    made.wind()
    made.stop()
    made.stop()
    made.wind()
    assert calls == [5.0, None, 5.0]


def test_writes_the_stack_while_the_lock_is_held(tmp_path: Path) -> None:
    (tmp_path / "hold.py").write_text(HOLD)
    child = Child(tmp_path, "hold.py")
    with ended(child):
        wait_until(lambda: ", line 6 in hold_lock\n" in child.said, "the stack is written")
        assert child.alive
    assert child.said.startswith("Timeout (0:00:00.200000)!\n")
