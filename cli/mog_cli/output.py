"""What the command prints: data on stdout, everything else on stderr.

On a terminal tables are drawn by rich, and states and errors have colours, unless NO_COLOR is set. Elsewhere a table
is plain columns, never cut to a width, so that ``grep`` and ``awk`` see all of it.
"""

from __future__ import annotations

import io
import json
import os
import sys
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import IO, Any

UNENCODABLE = "backslashreplace"
"""What becomes of what a stream cannot show, such as a file name that is no UTF-8; within JSON that is JSON's form."""

COLORS = {"red": "31", "green": "32", "yellow": "33", "cyan": "36", "dim": "2", "bold": "1"}

STATE_COLORS = {
    "SUCCESS": "green",
    "FAILURE": "red",
    "INVALID": "red",
    "REVOKED": "yellow",
    "RUNNING": "cyan",
    "SUSPENDED": "cyan",
}


class ReaderGone(Exception):
    """Nobody reads stdout any more."""


def data(line: str) -> None:
    """Print a line on stdout. Raises ReaderGone."""
    text(line + "\n")


def text(piece: str) -> None:
    """Print on stdout what brings its own line ends. Raises ReaderGone."""
    try:
        sys.stdout.write(piece)
    except BrokenPipeError:
        raise ReaderGone from None


def json_line(value: Any) -> None:
    """Print a value as one line of JSON on stdout; what JSON does not know is shown as text."""
    data(json.dumps(value, ensure_ascii=False, default=str))


def table(columns: Sequence[str], rows: Iterable[Sequence[str]], elastic: Collection[str] = ()) -> None:
    """Print rows of cells under headings on stdout; on a narrow terminal the ``elastic`` columns are cut."""
    lines = list(rows)
    widths = [max(map(len, cells)) for cells in zip(columns, *lines, strict=True)]
    if is_terminal(sys.stdout):
        draw_table({name: 1 if name in elastic else width for name, width in zip(columns, widths, strict=True)}, lines)
        return
    for line in (columns, *lines):
        data("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())


def draw_table(columns: Mapping[str, int], rows: Iterable[Sequence[str]]) -> None:
    """Print a table for people, a line per row; ``columns`` are the headings and their least widths."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    drawn = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    for name, width in columns.items():
        drawn.add_column(name, no_wrap=True, min_width=width)
    for row in rows:
        drawn.add_row(*(Text(cell, style=STATE_COLORS.get(cell, "")) for cell in row))
    Console().print(drawn)


def note(text: str) -> None:
    """Print a line for people on stderr, in one piece: several processes may write there."""
    print(f"{text}\n", end="", file=sys.stderr, flush=True)


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
    return f"\033[{COLORS[color]}m{text}\033[0m" if has_colors(stream or sys.stderr) else text


def has_colors(stream: IO[str]) -> bool:
    """Tell whether a stream shows colours, and the user wants them."""
    return is_terminal(stream) and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def is_terminal(stream: IO[str]) -> bool:
    """Tell whether a person watches the stream."""
    return not stream.closed and stream.isatty()


def prepare() -> None:
    """Let stdout take any text, as stderr does from the start."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors=UNENCODABLE)


def finish() -> None:
    """Hand all that was printed to the system. Raises ReaderGone."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        raise ReaderGone from None


def silence() -> None:
    """Send what is still to be printed nowhere, so that the interpreter does not complain of it at its end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
