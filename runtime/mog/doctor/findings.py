"""What an examination finds: a line each, and what to do."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple


class Level(StrEnum):
    """How bad it is: nothing to do; will do harm one day; does not work, or loses tasks."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


class Finding(NamedTuple):
    """One thing that was looked at. ``subject`` is what, in a word; ``remedy`` what to do, where there is something.

    ``out_of_reach`` tells that a server or a store could not be used at all.
    """

    level: Level
    subject: str
    text: str
    remedy: str | None = None
    out_of_reach: bool = False


def ok(subject: str, text: str) -> Finding:
    """Return that something is as it should be."""
    return Finding(Level.OK, subject, text)


def warn(subject: str, text: str, remedy: str) -> Finding:
    """Return what will do harm one day."""
    return Finding(Level.WARN, subject, text, remedy)


def fail(subject: str, text: str, remedy: str | None = None, *, out_of_reach: bool = False) -> Finding:
    """Return what does not work, or loses tasks. Without a remedy the text says what to do."""
    return Finding(Level.FAIL, subject, text, remedy, out_of_reach)
