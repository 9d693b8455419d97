"""Has the store decide which of the messages that have come may start, and does what follows for the others."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from typing import Any

from mog.engine.distributed.dead_letters import UNKNOWN, Letter
from mog.engine.distributed.held import Held, Messages
from mog.engine.distributed.running import Run, Running
from mog.engine.distributed.settling import Settling
from mog.engine.records import Delivery, Message
from mog.engine.redis.answers import Admission, Verdict
from mog.engine.redis.attempts import Attempts
from mog.engine.repeater import FIRST_DELAY, LONGEST_DELAY
from mog.errors import EngineUnavailable, MogError

logger = logging.getLogger("mog.engine.distributed")

RETURN = 1.0
"""Seconds after which a message goes back to its queue that could not be dealt with."""


class Admissions:
    """Decides batch by batch."""

    def __init__(self, attempts: Attempts, settling: Settling, messages: Messages, running: Running) -> None:
        self._attempts, self._settling = attempts, settling
        self._messages, self._running = messages, running
        self._burials: set[asyncio.Task[None]] = set()

    async def decide(self, batch: Sequence[Held], until: asyncio.Future[Any]) -> list[Delivery]:
        """Return what has started. Tries until the store is in reach, or ``until`` is done: then all goes back.

        Raises StoreUnusable and NotConnected.
        """
        admissions = await self._admit(batch, until)
        if admissions is None:
            self._messages.hand_back(batch)
            return []
        started, over = [], []
        doomed = []
        for held, admission in zip(batch, admissions, strict=True):
            if isinstance(admission, MogError):
                logger.error("message of task %s goes back to its queue: %s", held.arrival.id, admission)
                self._return_later([held])
            elif admission.verdict is Verdict.START:
                started.append(self._start(held, admission))
            elif (reason := _reason(admission)) is not None:
                doomed.append((held, reason))
            else:
                over.append(held)
        self._messages.acknowledge(over)
        self.bury(doomed)
        return started

    def bury(self, doomed: Sequence[tuple[Held, str]]) -> None:
        """Begin to make dead letters of messages, each with its reason; acknowledged once they are."""
        if doomed:
            burial = asyncio.get_running_loop().create_task(self._bury(doomed))
            self._burials.add(burial)
            burial.add_done_callback(self._burials.discard)

    async def finish(self) -> None:
        """Wait for the burials that are under way."""
        if self._burials:
            await asyncio.wait(self._burials)

    async def _admit(self, batch: Sequence[Held], until: asyncio.Future[Any]) -> Sequence[Admission | MogError] | None:
        arrivals = [held.arrival for held in batch]
        delay, again = FIRST_DELAY, False
        while True:
            try:
                return await self._attempts.admit(arrivals, again=again)
            except EngineUnavailable as error:
                if not again:
                    logger.warning("no tasks are taken until this is over: %s", error)
            again = True
            await asyncio.wait([until], timeout=delay)
            if until.done():
                return None
            delay = min(2 * delay, LONGEST_DELAY)

    def _start(self, held: Held, admission: Admission) -> Delivery:
        arrival = held.arrival
        self._running.begin(Run(arrival, admission.attempt, held))
        message = Message(arrival.id, arrival.queue, arrival.priority, arrival.body)
        return Delivery(
            message,
            admission.attempt,
            admission.crashes,
            admission.created,
            admission.parent_id,
            retries=admission.retries,
        )

    async def _bury(self, doomed: Sequence[tuple[Held, str]]) -> None:
        letters = [Letter(held.arrival.id, held.arrival.queue, why, held.arrival.body) for held, why in doomed]
        answers = await self._settling.bury(letters)
        self._messages.acknowledge(held for (held, _), answer in zip(doomed, answers, strict=True) if answer is None)
        failed = [(held, answer) for (held, _), answer in zip(doomed, answers, strict=True) if answer is not None]
        if failed:
            logger.warning("%d dead letters are not stored yet, the first because %s", len(failed), failed[0][1])
            self._return_later([held for held, _ in failed])

    def _return_later(self, batch: Sequence[Held]) -> None:
        """Hand messages back, but not at once: they would be back at once, too."""
        asyncio.get_running_loop().call_later(RETURN, self._messages.hand_back, batch)


def _reason(admission: Admission) -> str | None:
    """Return why a message is to become a dead letter."""
    return UNKNOWN if admission.verdict is Verdict.MISSING else admission.dead
