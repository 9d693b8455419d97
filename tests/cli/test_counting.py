"""Bars, on a terminal and nowhere else."""

import io
import sys
import threading

import pytest

from mog_cli import counting
from mog_cli.counting import late_counter


class Screen(io.StringIO):
    """A terminal that says when a text has been shown on it."""

    def __init__(self, awaited: str = "") -> None:
        super().__init__()
        self.awaited = awaited
        self.shown = threading.Event()

    def isatty(self) -> bool:
        return True

    def write(self, text: str) -> int:
        if self.awaited in text:
            self.shown.set()
        return super().write(text)


def test_quick_work_shows_no_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = Screen()
    monkeypatch.setattr(sys, "stderr", screen)
    with late_counter("work") as tell:
        tell(1, 2)
    assert screen.getvalue() == ""


def test_without_a_terminal_there_is_no_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stderr", stream)
    monkeypatch.setattr(counting, "MOMENT", 0)
    before = threading.active_count()
    with late_counter("work") as tell:
        tell(1, 2)
        assert threading.active_count() == before
    assert stream.getvalue() == ""


@pytest.mark.parametrize("is_told_before", [True, False])
def test_long_work_shows_how_far_it_is(monkeypatch: pytest.MonkeyPatch, is_told_before: bool) -> None:
    started = threading.Event()
    screen = Screen("3/12")
    monkeypatch.setattr(sys, "stderr", screen)
    monkeypatch.setattr(counting, "MOMENT", 0)
    monkeypatch.setenv("TERM", "xterm")
    show = counting.LateBar.show

    def show_in_time(bar: counting.LateBar) -> None:
        assert started.wait(10)
        show(bar)

    monkeypatch.setattr(counting.LateBar, "show", show_in_time)
    with late_counter("work") as tell:
        if is_told_before:
            tell(3, 12)
        started.set()
        while not screen.shown.wait(0.05):
            tell(3, 12)


def test_long_work_of_unknown_length_shows_that_it_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = Screen("work")
    monkeypatch.setattr(sys, "stderr", screen)
    monkeypatch.setattr(counting, "MOMENT", 0)
    monkeypatch.setenv("TERM", "xterm")
    with late_counter("work"):
        assert screen.shown.wait(10)
