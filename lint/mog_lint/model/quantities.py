"""Symbols of what has a size.

=60          the number 60
=P90.0       the timedelta of 90 seconds
=[3]         a tuple, list, set or dict of three items
"""

from __future__ import annotations

from mog_lint.model.summary import Symbols

TIME, ITEMS = "=P", "=["
_SECONDS = ".total_seconds()"


def number_of(symbols: Symbols) -> float | None:
    """Return the number that symbols are, or the seconds of a timedelta's `total_seconds()`; None for anything else."""
    if len(symbols) != 1 or not symbols[0].startswith("="):
        return None
    text = symbols[0].removeprefix("=")
    if text.endswith(_SECONDS) and text.startswith("P"):
        text = text[1:].removesuffix(_SECONDS)
    try:
        return float(text) if text[:1] in "-0123456789" else None
    except ValueError:
        return None


def length_of(symbols: Symbols) -> int | None:
    """Return the number of items of a collection that is written out, or None."""
    if len(symbols) != 1 or not symbols[0].startswith(ITEMS):
        return None
    return int(symbols[0][len(ITEMS) : -1])
