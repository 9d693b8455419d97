from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID

import pytest

from mog_cli.rendering import plain, short_age, short_length, value_text


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(0, "0.000 s"), (0.1024, "0.102 s"), (12.34, "12.3 s"), (61, "1:01"), (3599.6, "1:00:00"), (7384, "2:03:04")],
)
def test_length(seconds: float, shown: str) -> None:
    assert short_length(timedelta(seconds=seconds)) == shown


def test_no_length() -> None:
    assert short_length(None) == ""


@pytest.mark.parametrize(
    ("age", "shown"),
    [(5, "5 s"), (119, "119 s"), (750, "12 min"), (3 * 3600, "3 h"), (40 * 86400, "40 d"), (-9, "0 s")],
)
def test_age(age: float, shown: str) -> None:
    assert short_age(datetime.now(UTC) - timedelta(seconds=age)) == shown


def test_no_age() -> None:
    assert short_age(None) == ""


@pytest.mark.parametrize(
    ("value", "text", "json"),
    [
        ("a", "a", '"a"'),
        ("", "", '""'),
        (None, "null", "null"),
        (1.5, "1.5", "1.5"),
        ({"a": [1]}, '{"a":[1]}', '{"a":[1]}'),
        (UUID(int=1), f'"{UUID(int=1)}"', f'"{UUID(int=1)}"'),
        (Decimal("1.10"), '"1.10"', '"1.10"'),
        (float("inf"), "Infinity", "Infinity"),
    ],
)
def test_value(value: object, text: str, json: str) -> None:
    assert value_text(value, as_json=False) == text
    assert value_text(value, as_json=True) == json


def test_plain_is_what_json_knows() -> None:
    assert plain({"when": datetime(2030, 1, 1, tzinfo=UTC), "odd": object}) == {
        "when": "2030-01-01T00:00:00Z",
        "odd": str(object),
    }
