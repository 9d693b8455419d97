"""A loop that calls an engine: where its answers go, and when its calls set out."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import UUID

from mog.engine.host import WAIT_VALUE, Entry, Host
from mog.engine.mailbox import Mailbox
from mog.engine.replies import HERE, AnyFuture, LateReplies, Replies, Reply, settle_all


class Caller:
    """One loop's side of the crossing to a host; used on that loop alone.

    Calls set out when the loop has gone through what is ready now, so that what one burst asks for is one wake-up and
    one batch. Woken by the first call, the host's thread would fight for the interpreter lock with the rest of the
    burst: six times the cost per call, measured with calls that each read ``os.urandom``, as a new id does.
    """

    __slots__ = ("_due", "_inbox", "_loop", "host", "late_replies", "replies")

    def __init__(self, loop: asyncio.AbstractEventLoop, host: Host) -> None:
        self.host = host
        self.replies: Replies = HERE
        self.late_replies: Replies = HERE
        if loop is not host.loop:
            mailbox = Mailbox[Reply](loop, settle_all)
            self.replies, self.late_replies = mailbox, LateReplies(mailbox, host.late)
        self._loop = loop
        self._inbox = host.inbox
        self._due = False

    def post(self, operation: str, item: Any, future: AnyFuture, *, late: bool = False) -> None:
        """Put a call on its way; its answer will be the future's. ``late``: nothing waits for it in earnest."""
        entry: Entry = (operation, item, future, self.late_replies if late else self.replies)
        self._inbox.add(entry)
        if not self._due:
            self.ring_soon()

    def post_wait(self, operation: str, task_id: UUID, future: AnyFuture) -> None:
        """Put a wait for a task's end on its way; the host is not woken for it where it will be up by then."""
        if not self.host.waiters.expect(task_id, future, self.replies, with_value=operation == WAIT_VALUE):
            self.post(operation, task_id, future)

    def ring_soon(self) -> None:
        """Wake the host at the end of this burst."""
        if not self._due:
            self._due = True
            self._loop.call_soon(self.ring)

    def ring(self) -> None:
        """Wake the host now, if it is to be woken at all: this burst is over."""
        if self._due:
            self._due = False
            self._inbox.ring()
