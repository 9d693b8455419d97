"""A text that an editor holds, as bytes for the linter, and findings carried from one of its versions to the next."""

from __future__ import annotations

import difflib
import io
import tokenize
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import accumulate

from mog_lint.findings import Finding, Location
from mog_lint.model.source import Source, Span

COMPARED_LINES = 5_000  # past that a comparison takes longer than one waits


def encode(text: str) -> bytes:
    """Return the bytes that a text would have on disk: in the encoding that it declares, if that can hold it."""
    plain = text.encode("utf-8", "surrogatepass")
    try:
        encoding, _ = tokenize.detect_encoding(io.BytesIO(plain).readline)
        return text.encode(encoding)
    except (SyntaxError, LookupError, UnicodeEncodeError):
        return plain


def source_of(text: str) -> Source:
    """Return a text of the editor as a source, for its lines and places."""
    return Source(text, "utf-8", b"", "")


@dataclass(frozen=True)
class Shift:
    """What happened to a text: the characters from `start` to `end` (excluded) were replaced, `growth` were gained."""

    start: int
    end: int
    growth: int

    @classmethod
    def between(cls, before: str, after: str) -> Shift:
        """Return the smallest single replacement that makes one text of another."""
        start = _shared(before, after)
        longest = min(len(before), len(after)) - start
        rest = _shared(before[::-1][:longest], after[::-1][:longest])
        return cls(start, len(before) - rest, len(after) - len(before))

    def at(self, offset: int) -> Shift:
        """Return the same shift of a text that stands at an offset in another."""
        return Shift(self.start + offset, self.end + offset, self.growth)

    def is_behind(self, span: Span) -> bool:
        """Say whether a span ends before what was replaced, or directly at it."""
        return span.end < self.start or (span.end == self.start and span.start < span.end)


@dataclass(frozen=True)
class Changes:
    """What happened to a text: shifts, in the order of their places in the text before."""

    shifts: tuple[Shift, ...]

    @classmethod
    def between(cls, before: str, after: str) -> Changes:
        """Compare two texts line by line, between what they have in common at their ends."""
        whole = Shift.between(before, after)
        old = before[whole.start : whole.end].splitlines(keepends=True)
        new = after[whole.start : whole.end + whole.growth].splitlines(keepends=True)
        if not old or not new or len(old) + len(new) > COMPARED_LINES:
            return cls((whole,))
        offsets = [0, *accumulate(map(len, old))]
        hunks = difflib.SequenceMatcher(None, old, new).get_opcodes()  # fast, as frequent lines are no landmarks to it
        return cls(
            tuple(
                Shift.between("".join(old[first:last]), "".join(new[new_first:new_last])).at(
                    whole.start + offsets[first]
                )
                for kind, first, last, new_first, new_last in hunks
                if kind != "equal"
            )
        )

    def moved(self, span: Span) -> Span | None:
        """Return where a span is now; None where what it marked is not there as it was."""
        growth = 0
        for shift in self.shifts:
            if shift.is_behind(span):
                break
            if span.start < shift.end:
                return None
            growth += shift.growth
        return Span(span.start + growth, span.end + growth)


def carried(findings: Iterable[Finding], before: str, after: str) -> Iterator[Finding]:
    """Yield the findings of a text at their places in a later one; those of what was changed are left out.

    They lose their fixes, which were made for the earlier text.
    """
    changes = Changes.between(before, after)
    old, new = source_of(before), source_of(after)
    for finding in findings:
        span = changes.moved(Span(_offset(old, finding.location), _offset(old, finding.end_location)))
        if span is not None:
            yield replace(finding, location=new.location(span.start), end_location=new.location(span.end), fix=None)


def _shared(one: str, other: str) -> int:
    """Return how many characters two texts have in common at their beginnings."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((number for number, (left, right) in pairs if left != right), min(len(one), len(other)))


def _offset(source: Source, location: Location) -> int:
    return source.line_starts[location.row - 1] + location.column - 1
