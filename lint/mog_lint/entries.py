"""What the cache keeps of a content, as JSON.

Reading an entry is quick. Making one takes a tree, and libcst, which takes 0.3 s to import.
"""

from __future__ import annotations

from typing import Any

from mog_lint.findings import Location
from mog_lint.model.codec import as_data, from_data
from mog_lint.model.source import Problem, syntax_problem
from mog_lint.model.summary import Summary
from mog_lint.noting import Found, Wanted
from mog_lint.rule import TextEdit
from mog_lint.store import DAMAGED, encoded

SUMMARY, PROBLEM, VALID = "summary", "problem", "valid"


def make_check(data: bytes) -> bytes:
    """Return the entry of a content of which no summary is needed, but for what is wrong with it, if anything."""
    # libcst is asked where CPython refuses a file: it may know newer syntax.
    return encoded([VALID]) if syntax_problem(data) is None else make_summary(data)[0]


def make_summary(data: bytes) -> tuple[bytes, Found | None]:
    """Analyse a content: return the entry of its summary, or of why there is none, and what will be wanted of it."""
    from mog_lint.foresight import foreseen  # noqa: PLC0415 - imports the rules; what is known needs none of them

    outcome = summarise(data)
    wanted = None if isinstance(outcome, Problem) else foreseen(outcome)
    return summary_entry(outcome), make_found((data, wanted)) if wanted else None


def summarise(data: bytes) -> Summary | Problem:
    """Return the summary of a content, or why there is none."""
    from mog_lint.analysis import last_analysis  # noqa: PLC0415 - imports libcst; what is known needs none of it

    outcome = last_analysis(data)
    return outcome if isinstance(outcome, Problem) else outcome.summary


def summary_entry(outcome: Summary | Problem) -> bytes:
    """Return the entry of what `summarise` gives."""
    if isinstance(outcome, Problem):
        return encoded([PROBLEM, outcome.message, outcome.location.row, outcome.location.column])
    return encoded([SUMMARY, as_data(outcome)])


def read_summary(entry: Any) -> Summary | Problem | None:
    """Return what an entry tells of an analysis; None for one that is damaged, of another kind or not there."""
    try:
        kind, *rest = entry
        if kind == SUMMARY:
            return from_data(rest[0])
        return Problem(str(rest[0]), Location(int(rest[1]), int(rest[2]))) if kind == PROBLEM else None
    except DAMAGED:
        return None


def make_found(request: tuple[bytes, Wanted]) -> Found:
    """Find out what is wanted of a content that has a summary."""
    from mog_lint.placing import place  # noqa: PLC0415 - imports libcst; what is known needs none of it

    return place(*request)


def found_entry(found: Found) -> bytes:
    """Return the entry of what has been found out."""
    edits = {note: [(edit.start, edit.end, edit.content) for edit in made] for note, made in found.edits.items()}
    return encoded([found.spans, edits, found.is_too_deep])


def read_found(entry: Any) -> Found | None:
    """Return what an entry tells of places and fixes; None for one that is damaged or not there."""
    try:
        spans, edits, is_too_deep = entry
        return Found(
            {int(site): (int(start), int(end)) for site, (start, end) in spans.items()},
            {
                note: tuple(TextEdit(int(at), int(to), str(text)) for at, to, text in made)
                for note, made in edits.items()
            },
            bool(is_too_deep),
        )
    except DAMAGED:
        return None
