"""Answers to what is published, and from what the server says to mog's errors, one line each, without credentials."""

from __future__ import annotations

from mog.errors import EngineError, EngineUnavailable


class Unroutable(EngineError):
    """No queue of that name takes the message: nobody declared it, or somebody deleted it."""


class Rejected(EngineUnavailable):
    """The server has the queue and did not take the message: it is full, or has an error of its own."""


class Unconfirmed(EngineUnavailable):
    """The message was sent and not confirmed; it may have arrived."""
