"""What pydantic finds wrong, in one line of ours."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

SHOWN_CHARACTERS = 60

PASSWORD = re.compile(r"(://[^\s:@/?#'\"]*):\S*@")


def describe(
    error: ValidationError, known: Iterable[str] = (), origins: Mapping[str, str] = MappingProxyType({})
) -> str:
    """Tell in one line what is wrong where.

    ``known`` are the names of which an unknown one may be a misspelling, those of parts as ``name.part``; ``origins``
    tells by name where a value comes from, a part's value by that of its whole if there is none of its own.
    """
    findings = error.errors(include_url=False, include_context=False)
    return "; ".join(_describe(found, known, origins) for found in findings)


def _describe(found: ErrorDetails, known: Iterable[str], origins: Mapping[str, str]) -> str:
    loc = found["loc"]
    place = ".".join(map(str, loc))
    source = origins.get(place) or (origins.get(str(loc[0])) if loc else None)
    origin = f", from {source}" if source else ""
    if found["type"] == "extra_forbidden":
        hint = did_you_mean(place, [name for name in known if name.count(".") == len(loc) - 1])
        return f"{place} is unknown{origin}" + (f"; {hint}" if hint else "")
    given = "" if found["type"] in ("missing", "json_invalid") else f"; it is {shorten(found['input'], secret=True)}"
    message = found["msg"].removeprefix("Value error, ")
    return f"{place}: {message}{given}{origin}" if place else f"{message}{given}{origin}"


def shorten(value: object, limit: int = SHOWN_CHARACTERS, *, secret: bool = False) -> str:
    """Return the value's repr, cut at ``limit`` characters, with ``secret`` redacted before that; never raises."""
    try:
        text = f"{value!r}"
    except Exception as error:  # noqa: BLE001 - a __repr__ of the user's may raise anything
        text = f"<{type(value).__qualname__}, whose repr raises {type(error).__name__}>"
    if secret:
        text = redact(text)
    return text if len(text) <= limit else text[:limit] + "..."


def redact(text: str) -> str:
    """Return a text with stars for the passwords of URLs in it: for what stands between the user and the last ``@``."""
    return PASSWORD.sub(r"\1:***@", text)


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return ``did you mean 'x'?`` for the nearest known name, or nothing where none is near."""
    found = nearest(name, known)
    return f"did you mean {found!r}?" if found is not None else ""


def nearest(name: str, known: Iterable[str], cutoff: float = 0.6) -> str | None:
    """Return the known name that is most like ``name``, None where none is as like as ``cutoff`` (1: the same)."""
    from difflib import get_close_matches  # noqa: PLC0415 - needed for errors alone, so no start waits for it

    return next(iter(get_close_matches(name, list(known), n=1, cutoff=cutoff)), None)


# Defaults of pydantic's fields. It looks at the signature of each when a model's class is made, which takes 0.5 ms for
# list, dict or set themselves and 0.03 ms for these.


def empty_list() -> list[Any]:
    """Return a new list."""
    return []


def empty_dict() -> dict[str, Any]:
    """Return a new dict."""
    return {}


def empty_set() -> set[Any]:
    """Return a new set."""
    return set()
