"""For people: the message, the source with what is meant underlined, the chain, and how to mend it."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable, Iterator

from mog_lint.findings import Applicability, Finding, Location, Severity
from mog_lint.formats import Style

BOLD, RED, YELLOW, BLUE, CYAN = "1", "1;31", "1;33", "1;34", "36"
COLOR_OF = {Severity.ERROR: RED, Severity.WARNING: YELLOW, Severity.INFO: BLUE}
TAB = "    "
MAX_WIDTH = 160  # characters of a source line that are shown

Paint = Callable[[str, str], str]


def render(findings: Iterable[Finding], style: Style) -> Iterator[str]:
    """Yield a block for each finding, with an empty line behind it."""
    for finding in findings:
        yield "".join(f"{line}\n" for line in _block(finding, style)) + "\n"


def _block(finding: Finding, style: Style) -> Iterator[str]:
    paint = _paint(style)
    severity = paint(f"{finding.severity}[{finding.code}]", COLOR_OF[finding.severity])
    yield f"{severity} {paint(finding.message, BOLD)}"
    margin = len(str(finding.excerpt.first_row + len(finding.excerpt.lines)))
    place = f"{style.path(finding.filename)}:{finding.location.row}:{finding.location.column}"
    yield f"{' ' * margin}{paint('-->', BLUE)} {place}"
    yield from _frame(finding, style, margin)
    for related in finding.chain:
        where = f"{style.path(related.filename)}:{related.location.row}:{related.location.column}"
        yield f"{' ' * margin} {paint('=', BLUE)} {related.message} ({where})"
    if finding.fix is not None:
        how = "--fix" if finding.fix.applicability is Applicability.SAFE else "--fix --unsafe-fixes"
        yield f"{' ' * margin} {paint('=', BLUE)} {paint('fix', CYAN)}: {finding.fix.message} ({how})"


def _frame(finding: Finding, style: Style, margin: int) -> Iterator[str]:
    bar = _paint(style)("|", BLUE)
    for row, line in enumerate(finding.excerpt.lines, finding.excerpt.first_row):
        yield f"{row:>{margin}} {bar} {_shown(line[:MAX_WIDTH])}".rstrip()
        if row == finding.location.row:
            start, width = _underline(finding, line)
            yield f"{' ' * margin} {bar} {' ' * start}{_paint(style)('^' * width, COLOR_OF[finding.severity])}"


def _underline(finding: Finding, line: str) -> tuple[int, int]:
    """Return where the carets begin and how many there are; what spans lines is underlined to its first line's end."""
    end = finding.end_location if finding.end_location.row == finding.location.row else None
    start_column = min(finding.location.column - 1, MAX_WIDTH)
    end_column = min(len(line) if end is None else _column(end), MAX_WIDTH)
    start = _width(line[:start_column])
    return start, max(_width(line[start_column:end_column]), 1)


def _column(location: Location) -> int:
    return location.column - 1


def _shown(line: str) -> str:
    """Return a line that takes one row of a terminal: tabs as blanks, control characters as a replacement."""
    return "".join(TAB if character == "\t" else _printable(character) for character in line)


def _printable(character: str) -> str:
    return "\N{REPLACEMENT CHARACTER}" if unicodedata.category(character) == "Cc" else character


def _width(text: str) -> int:
    """Count the columns that a text takes on a terminal."""
    return sum(_columns(character) for character in _shown(text))


def _columns(character: str) -> int:
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def _paint(style: Style) -> Paint:
    return _colored if style.color else _plain


def _colored(text: str, color: str) -> str:
    return f"\x1b[{color}m{text}\x1b[0m"


def _plain(text: str, color: str) -> str:  # noqa: ARG001 - the same shape as _colored
    return text
