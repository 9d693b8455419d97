"""Takes tasks back that could not be submitted: REVOKED, they never start, whatever becomes of their messages."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from contextlib import suppress
from typing import NamedTuple
from uuid import UUID

from mog.engine.records import StoredValue
from mog.engine.redis.submissions import Submissions
from mog.engine.repeater import FIRST_DELAY, LONGEST_DELAY
from mog.errors import EngineError

logger = logging.getLogger("mog.engine.distributed")

LIMIT = 20_000
"""Tasks that wait to be taken back; of more, the oldest are given up."""

LAST_LOOK = 1.0
"""Seconds for which the store is asked at the end which tasks it has at all."""


class Order(NamedTuple):
    """Tasks to be taken back, and whoever waits to hear which were."""

    ids: Sequence[UUID]
    value: StoredValue
    answer: asyncio.Future[list[bool]]


class Withdrawal:
    """Keeps trying while the store is out of reach."""

    def __init__(self, submissions: Submissions) -> None:
        self._submissions = submissions
        self._orders: list[Order] = []
        self._trying: asyncio.Task[None] | None = None

    def take_back(self, ids: Sequence[UUID], value: StoredValue) -> asyncio.Future[list[bool]]:
        """Begin to take tasks back, and return which never started, once the store has said so; nobody need wait.

        True: it is REVOKED now, with ``value``. False: it has started, or was never stored.
        """
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[list[bool]] = loop.create_future()
        self._orders.append(Order(ids, value, answer))
        self._forget_oldest()
        if self._trying is None:
            self._trying = loop.create_task(self._try())
        return answer

    async def close(self) -> None:
        """Give up what the store has not taken back. A store that takes no writes just now may never have had it."""
        if self._trying is not None:
            self._trying.cancel()
            await asyncio.wait([self._trying])
        with suppress(EngineError, TimeoutError):
            async with asyncio.timeout(LAST_LOOK):
                self._orders = [await self._what_is_stored(order) for order in self._orders]
        self._give_up(len(self._orders))

    async def _what_is_stored(self, order: Order) -> Order:
        known = await self._submissions.known(order.ids)
        return order._replace(ids=[id_ for id_, is_known in zip(order.ids, known, strict=True) if is_known])

    def _forget_oldest(self) -> None:
        waiting = sum(len(order.ids) for order in self._orders)
        count = 0
        while waiting > LIMIT and count < len(self._orders) - 1:
            waiting -= len(self._orders[count].ids)
            count += 1
        self._give_up(count)

    def _give_up(self, count: int) -> None:
        given_up, self._orders = self._orders[:count], self._orders[count:]
        for order in given_up:
            order.answer.cancel()
        if ids := [str(id_) for order in given_up for id_ in order.ids]:
            logger.error("%d tasks were not submitted and may run once the store is back: %s", len(ids), ", ".join(ids))

    async def _try(self) -> None:
        delay = FIRST_DELAY
        try:
            while self._orders:
                try:
                    await self._carry_out(self._orders[0])
                except EngineError as error:
                    logger.debug("tasks wait to be taken back: %s", error)
                    await asyncio.sleep(delay)
                    delay = min(2 * delay, LONGEST_DELAY)
        finally:
            self._trying = None

    async def _carry_out(self, order: Order) -> None:
        answer = await self._submissions.not_sent(order.ids, order.value)
        self._orders = [other for other in self._orders if other is not order]
        if not order.answer.done():
            order.answer.set_result(answer)
