"""How answers get back to who asked: futures of an event loop, or of a thread that waits."""

from __future__ import annotations

import asyncio
import concurrent.futures
from typing import Any, Protocol

from mog.engine.mailbox import Mailbox

LATENESS = 0.05
"""Seconds that late answers wait for others at most."""

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


class Late:
    """The mailboxes of other loops in which late answers wait for a wake-up; lives on the host's loop."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._mailboxes: set[Mailbox[Reply]] = set()

    def add(self, mailbox: Mailbox[Reply]) -> None:
        """See to it that what is in the mailbox is taken soon."""
        if not self._mailboxes:
            self._loop.call_later(LATENESS, self.ring)
        self._mailboxes.add(mailbox)

    def ring(self) -> None:
        """Have all taken now."""
        mailboxes, self._mailboxes = self._mailboxes, set()
        for mailbox in mailboxes:
            mailbox.ring()


class LateReplies:
    """Gathers answers that nobody waits for in earnest, so that one wake-up brings many; errors come at once."""

    __slots__ = ("_late", "_mailbox")

    def __init__(self, mailbox: Mailbox[Reply], late: Late) -> None:
        self._mailbox, self._late = mailbox, late

    def put(self, item: Reply, /) -> None:
        """See :meth:`Replies.put`; on the host's loop, save for errors."""
        if isinstance(item[1], BaseException):
            self._mailbox.put(item)
        else:
            self._mailbox.add(item)
            self._late.add(self._mailbox)


class _Here:
    """Settles futures at once, on the thread that answers: right for a thread that waits, and on the same loop."""

    __slots__ = ()

    def put(self, item: Reply, /) -> None:
        """Settle it."""
        settle(item)


HERE: Replies = _Here()
