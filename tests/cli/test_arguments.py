from datetime import UTC, datetime, timedelta

import pytest
import typer
from hypothesis import given
from hypothesis import strategies as st

from mog_cli.arguments import (
    parse_call,
    parse_deadline,
    parse_duration,
    parse_metadata,
    parse_time,
    parse_uuid,
    parse_value,
)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("2", 2),
        ("-2.5", -2.5),
        ("true", True),
        ("null", None),
        ('["a", 1]', ["a", 1]),
        ('"2"', "2"),
        ("hello", "hello"),
        ("", ""),
        ("007", "007"),
        ("{broken", "{broken"),
        ("NaN", "NaN"),
        ("-Infinity", "-Infinity"),
        ("1e999", "1e999"),
        ("9" * 5000, "9" * 5000),
    ],
)
def test_value_is_json_or_text(text: str, value: object) -> None:
    parsed = parse_value(text)
    assert parsed == value
    assert type(parsed) is type(value)


def test_deeply_nested_value_is_text() -> None:
    text = "[" * 200_000
    assert parse_value(text) == text


@given(st.text())
def test_any_text_is_some_value(text: str) -> None:
    parse_value(text)


def test_words_are_positional_or_keywords() -> None:
    call = parse_call(["1", "b=2", "https://host/?q=1", "c=x=y", "=d"])
    assert call.args == [1, "https://host/?q=1", "=d"]
    assert call.kwargs == {"b": 2, "c": "x=y"}


def test_call_keeps_the_texts_of_what_was_read_as_json() -> None:
    call = parse_call(["1", "name=007", "phone=555"])
    assert call.texts == {0: "1", "phone": "555"}
    assert call.as_text([0]).args == ["1"]
    assert call.as_text(["phone", "name", "other"]).kwargs == {"name": "007", "phone": "555"}
    assert call.args == [1]


def test_call_from_json() -> None:
    call = parse_call(["b=3"], args_json="[1, 2]", kwargs_json='{"a": null}')
    assert (call.args, call.kwargs) == ([1, 2], {"a": None, "b": 3})


@pytest.mark.parametrize(
    ("words", "args_json", "kwargs_json", "message"),
    [
        (["a=1", "a=2"], None, None, "a is given twice"),
        (["a=1"], None, '{"a": 2}', "a is given twice"),
        (["1"], "[1]", None, "not both"),
        ([], "{}", None, "must be an array"),
        ([], None, "[]", "must be an object"),
        ([], "[1,", None, "no JSON"),
        ([], "[NaN]", None, "no JSON"),
    ],
)
def test_calls_that_are_refused(words: list[str], args_json: str, kwargs_json: str, message: str) -> None:
    with pytest.raises(typer.BadParameter, match=message):
        parse_call(words, args_json, kwargs_json)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("0", 0), ("90", 90), ("1.5", 1.5), ("5s", 5), ("250ms", 0.25), ("10m", 600), ("1h30m", 5400), ("2w", 1209600)],
)
def test_duration(text: str, seconds: float) -> None:
    assert parse_duration(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize("text", ["", "-5", "5 m", "m", "5x", "1:30", "nan", "inf", "9" * 30, "9" * 400])
def test_durations_that_are_refused(text: str) -> None:
    with pytest.raises(typer.BadParameter):
        parse_duration(text)


def test_time_with_and_without_offset() -> None:
    assert parse_time("2030-01-02T03:04:05+00:00") == datetime(2030, 1, 2, 3, 4, 5, tzinfo=UTC)
    assert parse_time("2030-01-02T03:04") == datetime(2030, 1, 2, 3, 4).astimezone()
    assert parse_time("2030-01-02T03:04").tzinfo is not None


@pytest.mark.parametrize("text", ["", "tomorrow", "2030-13-01", "25:00"])
def test_times_that_are_refused(text: str) -> None:
    with pytest.raises(typer.BadParameter, match="no time"):
        parse_time(text)


def test_deadline_is_a_length_or_a_point_of_time() -> None:
    assert parse_deadline("2h") == timedelta(hours=2)
    assert parse_deadline("3000") == timedelta(seconds=3000)
    assert parse_deadline("2030-01-02T03:04+00:00") == datetime(2030, 1, 2, 3, 4, tzinfo=UTC)


def test_metadata() -> None:
    assert parse_metadata(["a=1", "b.c=x=y", "d="]) == {"a": 1, "b.c": "x=y", "d": ""}
    with pytest.raises(typer.BadParameter, match="key=value"):
        parse_metadata(["a"])


def test_uuid() -> None:
    assert str(parse_uuid("6ba7b810-9dad-11d1-80b4-00c04fd430c8")) == "6ba7b810-9dad-11d1-80b4-00c04fd430c8"
    with pytest.raises(typer.BadParameter, match="no task id"):
        parse_uuid("7")
