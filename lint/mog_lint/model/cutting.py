"""Where a text can be cut so that the parts can be parsed one by one: by the rows that CPython's own tree tells."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from mog_lint.model.source import Source, Span

LONG_CLASS = 30  # lines
CLASS = "class _:\n"
BODY = "pass\n"


class Cut(NamedTuple):
    """A part of a text, and the lines before and behind that make Python of it.

    The head of a class has one behind, which stands for the body; a statement of a class has one before, its head.
    """

    text: str
    before: str = ""
    behind: str = ""

    @property
    def whole(self) -> str:
        """What can be parsed."""
        return self.before + self.text + self.behind

    @property
    def own(self) -> Span:
        """Where the part stands in that."""
        return Span(len(self.before), len(self.before) + len(self.text))


class _Run(NamedTuple):
    """The statements of a block that share lines: the rows of the first and the last, and the last one."""

    first: int
    last: int
    statement: ast.stmt


class Unit(NamedTuple):
    """Whole lines of a text that are statements of the top level: one part, or those of a long class."""

    text: str
    cuts: tuple[Cut, ...]


def units(source: Source, tree: ast.Module) -> Iterator[Unit]:
    """Cut a text behind each statement of the top level, and a long class behind each of its own."""
    start = 0
    for run in _runs(tree.body):
        end = _behind(source, run.last)
        text = source.text[start:end]
        yield Unit(text, tuple(_class_cuts(source, start, run)) or (Cut(text),))
        start = end
    if start < len(source.text):
        text = source.text[start:]
        yield Unit(text, (Cut(text),))


def _class_cuts(source: Source, start: int, run: _Run) -> list[Cut]:
    """Return the parts of a class that begins behind an offset; none of a short one, or of anything else."""
    statement = run.statement
    if not isinstance(statement, ast.ClassDef) or run.last - run.first < LONG_CLASS:
        return []
    members = list(_runs(statement.body))
    body = source.line_starts[members[0].first - 1]
    line = source.line(members[0].first)
    indent = line[: len(line) - len(line.lstrip())]
    if members[0].first <= statement.lineno or not indent:
        return []
    found = [Cut(source.text[start:body], behind=indent + BODY)]
    for member in members:
        end = _behind(source, member.last)
        found.append(Cut(source.text[body:end], before=CLASS))
        body = end
    return found


def _runs(statements: Sequence[ast.stmt]) -> Iterator[_Run]:
    """Gather statements that share lines."""
    run: _Run | None = None
    for statement in statements:
        first = min([statement.lineno, *(item.lineno for item in getattr(statement, "decorator_list", ()))])
        last = statement.end_lineno or first
        if run is not None and first > run.last:
            yield run
            run = None
        run = _Run(first if run is None else run.first, max(last, 0 if run is None else run.last), statement)
    if run is not None:
        yield run


def _behind(source: Source, row: int) -> int:
    """Return the offset at which a row has ended."""
    return source.line_starts[row] if row < source.rows else len(source.text)
