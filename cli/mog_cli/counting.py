"""Shows how far a work on many things is, on a terminal."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from mog_cli import output

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

MOMENT = 1.0  # seconds; what is over sooner should not flicker


@contextmanager
def counter(what: str, total: float | None = None) -> Iterator[Callable[[float], None]]:
    """Show a bar on stderr while the block runs, gone afterwards; what is given takes how much more is done.

    Without a ``total`` the end is not known, and the count alone is shown. Nothing is shown without a terminal.
    """
    if not output.is_terminal(sys.stderr):
        yield lambda _more: None
        return
    with make_bars() as bars:
        bar = bars.add_task(what, total=total)
        yield lambda more: bars.advance(bar, more)


@contextmanager
def late_counter(what: str) -> Iterator[Callable[[float, float], None]]:
    """Show a bar as `counter` does, but only once the block has taken a moment.

    What is given takes how much is done of how much; until it is called the bar shows that work goes on.
    """
    if not output.is_terminal(sys.stderr):
        yield lambda _done, _total: None
        return
    bar = LateBar(what)
    timer = threading.Timer(MOMENT, bar.show)
    timer.daemon = True
    timer.start()
    try:
        yield bar.tell
    finally:
        timer.cancel()
        timer.join()
        bar.hide()


class LateBar:
    """A bar that is shown when its time has come; nothing of it is imported before."""

    def __init__(self, what: str) -> None:
        self.what = what
        self.told: tuple[float, float | None] = (0, None)
        self.shown: tuple[Progress, TaskID] | None = None

    def tell(self, done: float, total: float) -> None:
        """Say how much is done of how much."""
        self.told = (done, total)
        if self.shown is not None:
            bars, bar = self.shown
            bars.update(bar, completed=done, total=total)

    def show(self) -> None:
        """Show the bar."""
        bars = make_bars()
        done, total = self.told
        self.shown = bars, bars.add_task(self.what, completed=int(done), total=total)
        bars.start()

    def hide(self) -> None:
        """Take the bar away, if it is shown."""
        if self.shown is not None:
            self.shown[0].stop()


def make_bars() -> Progress:
    """Make bars for stderr, gone afterwards."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    text = TextColumn("{task.description}", markup=False)
    # What is printed meanwhile goes above the bar where both are on the terminal; a pipe gets it untouched.
    return Progress(
        text, BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(),
        console=Console(stderr=True), transient=True, redirect_stdout=output.is_terminal(sys.stdout),
    )  # fmt: skip
