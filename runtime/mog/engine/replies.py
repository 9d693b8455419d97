"""How answers get back to who asked: futures of an event loop, or of a thread that waits."""

from __future__ import annotations

import asyncio
import concurrent.futures
from typing import Any, Protocol

AnyFuture = asyncio.Future[Any] | concurrent.futures.Future[Any]
Reply = tuple[AnyFuture, Any]
"""A future and its answer; an answer that is an exception is raised by the future."""


class Replies(Protocol):
    """Where answers are put; from any thread."""

    def put(self, item: Reply, /) -> None:
        """See that the future gets its answer."""


def settle(reply: Reply) -> None:
    """Give the future its answer, unless it has been cancelled; where the future belongs."""
    future, answer = reply
    if future.done():
        return
    if isinstance(answer, BaseException):
        future.set_exception(answer)
    else:
        future.set_result(answer)


def settle_all(replies: list[Reply]) -> None:
    """:func:`settle` each."""
    for reply in replies:
        settle(reply)


class _Here:
    """Settles futures at once, on the thread that answers: right for a thread that waits, and on the same loop."""

    __slots__ = ()

    def put(self, item: Reply, /) -> None:
        """Settle it."""
        settle(item)


HERE: Replies = _Here()
