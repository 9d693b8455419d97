"""Shows how far a work on many things is, on a terminal."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from mog_cli import output


@contextmanager
def counter(what: str, total: float | None = None) -> Iterator[Callable[[float], None]]:
    """Show a bar on stderr while the block runs, gone afterwards; what is given takes how much more is done.

    Without a ``total`` the end is not known, and the count alone is shown. Nothing is shown without a terminal.
    """
    if not output.is_terminal(sys.stderr):
        yield lambda _more: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    text = TextColumn("{task.description}", markup=False)
    # What is printed meanwhile goes above the bar where both are on the terminal; a pipe gets it untouched.
    with Progress(
        text, BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(),
        console=Console(stderr=True), transient=True, redirect_stdout=output.is_terminal(sys.stdout),
    ) as bars:  # fmt: skip
        bar = bars.add_task(what, total=total)
        yield lambda more: bars.advance(bar, more)
