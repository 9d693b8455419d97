"""What pydantic finds wrong, in one line of ours."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

from pydantic import ValidationError
from pydantic_core import ErrorDetails

SHOWN_CHARACTERS = 60


def describe(error: ValidationError, known: Iterable[str] = ()) -> str:
    """Tell in one line what is wrong where; ``known`` are the names of which an unknown one may be a misspelling."""
    return "; ".join(_describe(found, known) for found in error.errors(include_url=False, include_context=False))


def _describe(found: ErrorDetails, known: Iterable[str]) -> str:
    if found["type"] == "extra_forbidden":
        hint = did_you_mean(str(found["loc"][-1]), known)
        return f"{place(found['loc'])}unknown" + (f", {hint}" if hint else "")
    given = "" if found["type"] in ("missing", "json_invalid") else f", not {shorten(found['input'])}"
    return f"{place(found['loc'])}{found['msg']}{given}"


def place(loc: Iterable[int | str]) -> str:
    """Write a place as ``a.0.b: ``; nothing for the whole."""
    dotted = ".".join(map(str, loc))
    return f"{dotted}: " if dotted else ""


def shorten(value: object, limit: int = SHOWN_CHARACTERS) -> str:
    """Return the value's repr, cut at ``limit`` characters; never raises."""
    try:
        text = f"{value!r}"
    except Exception as error:  # noqa: BLE001 - a __repr__ of the user's may raise anything
        text = f"<{type(value).__qualname__}, whose repr raises {type(error).__name__}>"
    return text if len(text) <= limit else text[:limit] + "..."


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return ``did you mean 'x'?`` for the nearest known name, or nothing where none is near."""
    nearest = get_close_matches(name, list(known), n=1)
    return f"did you mean {nearest[0]!r}?" if nearest else ""


def redact(text: str) -> str:
    """Return a URL without its password: all between the user and the last ``@`` is replaced by stars."""
    scheme, separator, rest = text.partition("://")
    credentials, at, host = rest.rpartition("@")
    if not separator or not at:
        return text
    user, colon, _ = credentials.partition(":")
    return f"{scheme}://{user}{colon and ':***'}@{host}"
