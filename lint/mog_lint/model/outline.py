"""What statements a text consists of; of one that is typed in, those around what was changed are read anew.

CPython's parser takes some 4 ms for 500 lines, and for each keystroke. Statements of the top level say nothing of each
other: where those at both ends are the same as before, the lines between them tell whether the text is Python.
"""

from __future__ import annotations

from mog_lint.model.cutting import Unit, units
from mog_lint.model.source import Problem, Source, parse_python, python_tree


class Outliner:
    """Reads texts one after the other, and remembers the last one, and the last one that was Python."""

    def __init__(self) -> None:
        self._data: bytes | None = None
        self._last: tuple[Unit, ...] | Problem = ()
        self._known: tuple[Unit, ...] = ()

    def outline(self, source: Source, data: bytes) -> tuple[Unit, ...] | Problem:
        """Return the units of a text, of which `data` are the bytes, or why it is not Python."""
        if data != self._data:
            self._data, self._last = data, _read_again(source, self._known) or _read(source, data)
            self._known = self._known if isinstance(self._last, Problem) else self._last
        return self._last


def _read(source: Source, data: bytes) -> tuple[Unit, ...] | Problem:
    tree = python_tree(data)
    return tree if isinstance(tree, Problem) else tuple(units(source, tree))


def _read_again(source: Source, known: tuple[Unit, ...]) -> tuple[Unit, ...] | None:
    """Return the units of a text of which some are known; None where what is between them does not stand alone.

    The units beside a change are read with it: it may go on with the one before, and lead into the one behind.
    """
    head = _head(source.text, known)[:-1]
    start = _length(head)
    tail = _tail(source.text, start, known[len(head) :])[1:]
    between = source.text[start : len(source.text) - _length(tail)]
    tree = parse_python(between) if head or tail else None
    if tree is None or isinstance(tree, Problem):
        return None
    return (*head, *units(Source(between, source.encoding, b"", ""), tree), *tail)


def _head(text: str, known: tuple[Unit, ...]) -> tuple[Unit, ...]:
    """Return the units that a text begins with."""
    end = 0
    for count, unit in enumerate(known):
        if not text.startswith(unit.text, end):
            return known[:count]
        end += len(unit.text)
    return known


def _tail(text: str, start: int, known: tuple[Unit, ...]) -> tuple[Unit, ...]:
    """Return the units that a text ends with, behind an offset."""
    end = len(text)
    for count, unit in enumerate(reversed(known)):
        if not text.endswith(unit.text, start, end):
            return known[len(known) - count :]
        end -= len(unit.text)
    return known


def _length(found: tuple[Unit, ...]) -> int:
    return sum(len(unit.text) for unit in found)


outline = Outliner().outline  # of this process: whoever asks next is likely to mean the same file
