"""What statements a text consists of; of one that is typed in, those around what was changed are read anew.

CPython's parser takes some 4 ms for 500 lines, and for each keystroke. Statements of the top level say nothing of each
other: where some are the same as before, the lines between them tell whether the text is Python.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from mog_lint.model.cutting import Unit, units
from mog_lint.model.source import Problem, Source, parse_python, python_tree

LOOKED_AHEAD = 3  # units
LINE_ENDS = ("\n", "\r", "")


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


class _Island(NamedTuple):
    """Units that are known, from that of a `number` on, and stand together at an offset of a text."""

    start: int
    number: int
    units: tuple[Unit, ...]

    @property
    def end(self) -> int:
        """The offset behind them."""
        return self.start + _length(self.units)

    def core(self, behind: _Island) -> _Island:
        """Return those of the units that stand beside no change; `behind` is where all that is known ends."""
        is_first = self.start == self.number == 0
        is_last = self.end == behind.start and self.number + len(self.units) == behind.number
        core = self.units[0 if is_first else 1 : len(self.units) if is_last else -1]
        skipped = 0 if is_first else _length(self.units[:1])
        return _Island(self.start + skipped, self.number + (not is_first), core)


def _read_again(source: Source, known: tuple[Unit, ...]) -> tuple[Unit, ...] | None:
    """Return the units of a text of which some are known; None where what is between them does not stand alone.

    The units beside a change are read with it: it may go on with the one before, and lead into the one behind.
    """
    behind = _Island(len(source.text), len(known), ())
    cores = [core for island in _islands(source.text, known) if (core := island.core(behind)).units]
    found: list[Unit] = []
    end = 0
    for core in (*cores, behind) if cores else ():
        between = _read_between(source, end, core.start)
        if between is None:
            return None
        found += (*between, *core.units)
        end = core.end
    return tuple(found) or None


def _read_between(source: Source, start: int, end: int) -> tuple[Unit, ...] | None:
    if start == end:
        return ()
    text = source.text[start:end]
    tree = parse_python(text)
    return None if isinstance(tree, Problem) else tuple(units(Source(text, source.encoding, b"", ""), tree))


def _islands(text: str, known: tuple[Unit, ...]) -> Iterator[_Island]:
    """Yield the known units that a text begins with, those that are found in it further on, and those it ends with."""
    head = _head(text, known)
    rest = known[len(head) :]
    tail = _tail(text, _length(head), rest)
    yield _Island(0, 0, head)
    end = len(text) - _length(tail)
    yield from _inner(text[:end], _length(head), len(head), rest[: len(rest) - len(tail)])
    yield _Island(end, len(known) - len(tail), tail)


def _inner(text: str, start: int, number: int, known: tuple[Unit, ...]) -> Iterator[_Island]:
    """Yield the known units that are found behind an offset of a text, in their order; `number` is that of the first.

    Of a few the one that comes next counts, lest one that is gone be taken for one of the same text far behind.
    """
    while known:
        found = ((text.find(unit.text, start), skipped) for skipped, unit in enumerate(known[:LOOKED_AHEAD]))
        there = [(place, skipped) for place, skipped in found if place >= 0 and text[place - 1 : place] in LINE_ENDS]
        place, skipped = min(there, default=(start, LOOKED_AHEAD))
        island = _Island(place, number + skipped, _head(text, known[skipped:], place) if there else ())
        yield island
        done = skipped + len(island.units)
        start, number, known = island.end, number + done, known[done:]


def _head(text: str, known: tuple[Unit, ...], start: int = 0) -> tuple[Unit, ...]:
    """Return the units that a text goes on with at an offset."""
    for count, unit in enumerate(known):
        if not text.startswith(unit.text, start):
            return known[:count]
        start += len(unit.text)
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
