"""What the command prints: data on stdout, everything else on stderr.

On a terminal tables are drawn by rich, and states and errors have colours, unless NO_COLOR is set. Elsewhere a table
is plain columns, never cut to a width, so that ``grep`` and ``awk`` see all of it.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable, Sequence
from typing import IO, Any

COLORS = {"red": "31", "green": "32", "yellow": "33", "cyan": "36", "dim": "2", "bold": "1"}


class ReaderGone(Exception):
    """Nobody reads stdout any more."""


def data(text: str) -> None:
    """Print a line on stdout. Raises ReaderGone."""
    try:
        sys.stdout.write(text + "\n")
    except BrokenPipeError:
        raise ReaderGone from None


def json_line(value: Any) -> None:
    """Print a value as one line of JSON on stdout; what JSON does not know is shown as text."""
    data(json.dumps(value, ensure_ascii=False, default=str))


def table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print rows of cells under headings on stdout."""
    if is_terminal(sys.stdout):
        draw_table(columns, rows)
        return
    lines = [tuple(columns), *map(tuple, rows)]
    widths = [max(map(len, cells)) for cells in zip(*lines, strict=True)]
    for line in lines:
        data("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())


def draw_table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print a table for people, as wide as the terminal allows."""
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    drawn = Table(*columns, box=box.SIMPLE_HEAD, pad_edge=False, header_style="bold")
    for row in rows:
        drawn.add_row(*(Text(cell, style=STATE_COLORS.get(cell, "")) for cell in row))
    Console().print(drawn)


STATE_COLORS = {
    "SUCCESS": "green",
    "FAILURE": "red",
    "INVALID": "red",
    "REVOKED": "yellow",
    "RUNNING": "cyan",
    "SUSPENDED": "cyan",
}


def note(text: str) -> None:
    """Print a line for people on stderr."""
    print(text, file=sys.stderr, flush=True)


def warning(text: str) -> None:
    """Print a warning on stderr."""
    note(f"{styled('warning:', 'yellow')} {text}")


def error(message: str, hint: str = "") -> None:
    """Print what went wrong in one red line, and what to do in another."""
    note(styled(f"error: {message}", "red"))
    if hint:
        note(f"  {styled('hint:', 'bold')} {hint}")


def styled(text: str, color: str, stream: IO[str] | None = None) -> str:
    """Return the text in a colour where the stream (stderr, unless given) shows colours."""
    if not is_terminal(stream or sys.stderr) or os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        return text
    return f"\033[{COLORS[color]}m{text}\033[0m"


def is_terminal(stream: IO[str]) -> bool:
    """Tell whether a person watches the stream."""
    return not stream.closed and stream.isatty()


def finish() -> None:
    """Hand all that was printed to the system. Raises ReaderGone."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        raise ReaderGone from None


def silence() -> None:
    """Send what is still to be printed nowhere, so that the interpreter does not complain of it at its end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
