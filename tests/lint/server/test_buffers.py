"""Texts of the editor as bytes, and findings carried over to a text that is not Python."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mog_lint.findings import Finding, Location, Severity
from mog_lint.model.source import Problem, Source, Span, read_source
from mog_lint.server.buffers import Changes, Shift, carried, encode, source_of

TEXTS = st.text("ab\n", max_size=16)


@pytest.mark.parametrize(
    "text",
    ["a = 'ü'\n", "# -*- coding: latin-1 -*-\na = 'ü'\n", "# -*- coding: latin-1 -*-\na = '€'\n", "# coding: no\n"],
)
def test_bytes_are_those_that_the_file_would_have(text: str) -> None:
    source = read_source(encode(text))
    if isinstance(source, Source) and "€" not in text:
        assert source.text == text
    else:
        assert encode(text) == text.encode()


def test_half_a_character_is_a_problem_and_no_crash() -> None:
    assert isinstance(read_source(encode("a = '\ud800'\n")), Problem)


@given(TEXTS, TEXTS)
def test_a_shift_says_how_a_text_became_another(before: str, after: str) -> None:
    shift = Shift.between(before, after)
    replaced = after[shift.start : shift.end + shift.growth]
    assert before[: shift.start] + replaced + before[shift.end :] == after


@given(TEXTS, TEXTS, st.integers(0, 12), st.integers(0, 12))
def test_a_span_that_is_carried_over_marks_the_same_text(before: str, after: str, one: int, other: int) -> None:
    start, end = sorted((min(one, len(before)), min(other, len(before))))
    span = Changes.between(before, after).moved(Span(start, end))
    if span is not None:
        assert after[span.start : span.end] == before[start:end]


def test_changes_in_several_places_leave_what_is_between_alone() -> None:
    before = "import b\n\nfirst()\n\nlast()\n"
    after = "import a\nimport b\n\nfirst()\n\nlast(\nx\n"
    changes = Changes.between(before, after)
    start = before.index("first")
    assert changes.moved(Span(start, start + 5)) == Span(after.index("first"), after.index("first") + 5)
    assert changes.moved(Span(before.index("last"), len(before) - 1)) is None


def test_very_long_changes_are_taken_as_one() -> None:
    before = "a\n" + "".join(f"{number}\n" for number in range(4_000)) + "b\n"
    assert len(Changes.between(before, before.replace("a", "c").replace("b", "d")).shifts) == 1


def finding(source: Source, start: int, end: int) -> Finding:
    place, end_place = source.location(start), source.location(end)
    return Finding("MOG201", "blocking-call", "", "a.py", place, end_place, Severity.ERROR)


def test_findings_move_with_their_lines_and_those_typed_over_go() -> None:
    before = "first()\nsecond()\nthird()\n"
    source = source_of(before)
    found = [finding(source, before.index(word), before.index(word) + 5) for word in ("first", "second", "third")]
    after = before.replace("second()", "def (:\n\nsec")
    kept = list(carried(found, before, after))
    assert [item.location for item in kept] == [Location(1, 1), Location(5, 1)]
    assert Path(kept[0].filename).name == "a.py"
