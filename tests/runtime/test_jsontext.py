"""JSON texts that any process can read back."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic_core import from_json

from mog.jsontext import UnwritableValue, why_unwritable, write_json


@given(st.integers(1, 260), st.sampled_from(["list", "dict"]))
def test_whatever_is_written_can_be_read(depth: int, kind: str) -> None:
    value: Any = 1
    for _ in range(depth):
        value = [value] if kind == "list" else {"a": value}
    if reason := why_unwritable(value):
        assert (depth > 190, reason) == (True, "nested deeper than 200 levels")
    else:
        assert from_json(write_json(value)) == value


@given(st.integers(3990, 4400))
def test_integers_of_any_length_are_written_readably_or_refused(digits: int) -> None:
    value = [10 ** (digits - 1)]
    if reason := why_unwritable(value):
        assert (digits > 4300, reason) == (True, "an integer of more than 4,300 digits")
    else:
        assert from_json(write_json(value)) == value


def test_reason_is_one_line_or_nothing() -> None:
    assert why_unwritable({"a": [1, None, "é"]}) == ""
    assert why_unwritable(object()).startswith("Unable to serialize unknown type")


class Odd:
    def __iter__(self) -> Any:
        raise KeyError


def test_nothing_but_unwritable_value_is_raised() -> None:
    with pytest.raises(UnwritableValue):
        write_json({"odd": Odd()})
