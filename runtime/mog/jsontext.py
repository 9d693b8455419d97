"""JSON texts that any process can read back."""

from __future__ import annotations

import re
from typing import Any

from pydantic_core import from_json, to_json, to_jsonable_python

BRACKETS = 150
DIGITS = re.compile(rb"\d{4000}")
"""Below these a text is readable for sure: the reader takes 200 levels and 4,300 digits (pydantic_core's jiter)."""

REASONS = {
    "recursion limit exceeded": "nested deeper than 200 levels",
    "depth exceeded": "nested deeper than 200 levels",
    "number out of range": "an integer of more than 4,300 digits",
    "invalid utf-8 sequence": "bytes that are no UTF-8 text; write them as base64",
    "can't decode byte": "bytes that are no UTF-8 text; write them as base64",
    "surrogates not allowed": "text with half a surrogate pair, which is no character",
}
"""What the libraries say, and what it means for whoever gave the value."""


class UnwritableValue(Exception):
    """A value that is no JSON; the text says why."""


def write_json(value: Any, *, models: bool = True) -> bytes:
    """Return a value as JSON; NaN and the infinities as Python's json writes them. Raises UnwritableValue.

    A model writes NaN in its float fields as null. That would be lost silently, and is not by way of Python values,
    which ``models`` = False spares what holds no model.
    """
    try:
        text = to_json(value)
        if models and b"null" in text:
            text = to_json(to_jsonable_python(value, inf_nan_mode="constants"))
        if text.count(b"[") + text.count(b"{") > BRACKETS or (len(text) > 4000 and DIGITS.search(text)):
            from_json(text)
    except Exception as error:  # serialisers of the user's may raise anything
        raise UnwritableValue(reason_of(error)) from error
    return text


def why_unwritable(value: Any) -> str:
    """Tell why a value is no JSON; nothing where it is."""
    try:
        write_json(value)
    except UnwritableValue as error:
        return str(error)
    return ""


def reason_of(error: Exception) -> str:
    """Tell in one line why a value is no JSON."""
    first = str(error).partition("\n")[0].removeprefix("Error serializing to JSON: ")
    return next((meaning for said, meaning in REASONS.items() if said in first), first or type(error).__name__)
