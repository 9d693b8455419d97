"""Hands deliveries to a loop that may be blocked: what it does not take in time goes back, for other workers to run.

A task that blocks its loop keeps its own claim for as long as that takes. The tasks that were claimed for free slots
beside it have not begun; waiting behind it would help nobody.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from mog.engine.mailbox import Mailbox
from mog.engine.records import Delivery

Batches = Callable[[list[Sequence[Delivery]]], None]

PATIENCE = 2.0
"""Seconds in which a loop must take what is delivered to it.

Well above what a busy loop needs for a turn: a loop whose every turn takes longer gets no tasks beside those it has.
"""


class HandOver:
    """The way of deliveries to ``loop``: ``take`` gets them there.

    ``late`` gets, on the engine's loop, what was not taken in time; ``lost`` what comes for a loop that is closed.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, take: Batches, late: Batches, lost: Batches) -> None:
        self._mailbox = Mailbox(loop, self._turn, lost)
        self._take = take
        self._late = late
        self._turns = 0
        self._watched = False

    def put(self, deliveries: Sequence[Delivery]) -> None:
        """Send deliveries on their way; on the engine's loop."""
        self._mailbox.put(deliveries)
        if not self._watched:
            self._watch()

    def empty(self) -> None:
        """Take now what is on its way; on the loop that consumes."""
        self._mailbox.empty()

    def _turn(self, batches: list[Sequence[Delivery]]) -> None:
        self._turns += 1
        self._take(batches)

    def _watch(self) -> None:
        self._watched = True
        asyncio.get_running_loop().call_later(PATIENCE, self._look, self._turns)

    def _look(self, turns: int) -> None:
        """See whether the loop has had a turn since it was watched: then it is not blocked, and what waits is new."""
        self._watched = False
        if self._turns == turns:
            if batches := self._mailbox.take_back():
                self._late(batches)
        elif not self._mailbox.is_empty():
            self._watch()
