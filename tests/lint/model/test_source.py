"""Bytes as text, and back."""

import pytest

from mog_lint.findings import Location
from mog_lint.model.source import Problem, Source, read_source, syntax_problem


def source_of(data: bytes) -> Source:
    source = read_source(data)
    assert isinstance(source, Source)
    return source


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"", ""),
        (b"x\r\ny\rz\n", "x\r\ny\rz\n"),
        (b"\xef\xbb\xbfx", "x"),
        (b"# coding: latin-1\n\xe9", "# coding: latin-1\n\xe9"),
        (
            b"#!/bin/python\n# vim: set fileencoding=cp1252 :\n\x80",
            "#!/bin/python\n# vim: set fileencoding=cp1252 :\n€",
        ),
        ("é\u2028\x85\x1c".encode(), "é\u2028\x85\x1c"),
    ],
)
def test_text_and_bytes_are_each_others(data: bytes, text: str) -> None:
    source = source_of(data)
    assert source.text == text
    assert source.encode(source.text) == data


@pytest.mark.parametrize(
    ("data", "message", "row"),
    [
        (b"x = 1\n\ny = '\xe9'\n", "not valid utf-8: invalid continuation byte at byte 12", 3),
        (b"# coding: nonsense\n", "unknown encoding: nonsense", 1),
        (b"# coding: rot13\n", "'rot13' is not a text encoding", 1),
        (b"\xef\xbb\xbf# coding: latin-1\n", "encoding problem: utf-8", 1),
    ],
)
def test_what_cannot_be_decoded_is_a_problem(data: bytes, message: str, row: int) -> None:
    problem = read_source(data)
    assert isinstance(problem, Problem)
    assert problem.message.startswith(message)
    assert problem.location.row == row


def test_locations() -> None:
    source = source_of("a\r\nbé\rc\u2028d\n".encode())
    assert [source.location(offset) for offset in (0, 1, 3, 4, 5, 6, 7, 8, 10)] == [
        Location(1, 1),
        Location(1, 2),
        Location(2, 1),
        Location(2, 2),
        Location(2, 3),
        Location(3, 1),
        Location(3, 2),
        Location(3, 3),
        Location(4, 1),
    ]
    assert [source.line(row) for row in range(1, source.rows + 1)] == ["a", "bé", "c\u2028d", ""]


@pytest.mark.parametrize("data", [b"x = 1\n", b"'\\d'\n", b"x is 1\n", b"", b"async def f(): await x\n"])
def test_valid_syntax_without_a_warning(data: bytes) -> None:
    assert syntax_problem(data) is None


@pytest.mark.parametrize(
    ("data", "message", "location"),
    [
        (b"x = 1\ndef f(:\n", "invalid syntax", Location(2, 7)),
        (b"\n(", "'(' was never closed", Location(2, 1)),
        (b"x\x00", "source code string cannot contain null bytes", Location(1, 1)),
        (b"-" * 500_000 + b"1", "nested too deeply to be parsed", Location(1, 1)),
    ],
    ids=["syntax", "bracket", "nul", "deep"],
)
def test_invalid_syntax(data: bytes, message: str, location: Location) -> None:
    assert syntax_problem(data) == Problem(message, location)
