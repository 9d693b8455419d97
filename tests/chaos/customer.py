"""Who submits to a fleet under chaos, waits for what comes of it, and changes its mind."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar
from uuid import UUID

from tests.chaos.deeds import Deeds
from tests.chaos.mix import Order

from mog import App, Result
from mog.errors import CouldNotSubmit, EngineUnavailable, MogError, Revoked

T = TypeVar("T")

AGAIN = 0.2
"""Seconds between tries while the store is out of reach."""


class Customer:
    """Submits orders, and notes in ``deeds`` what it is told."""

    def __init__(self, app: App, deeds: Deeds, chance: random.Random) -> None:
        self._app, self._deeds, self._chance = app, deeds, chance
        self._waits: list[asyncio.Task[None]] = []

    async def order(self, orders: list[Order]) -> None:
        """Submit, in portions; what is refused is submitted under another id, until all is taken."""
        while orders:
            size = self._chance.choice((1, 1, 10, 100, 300))
            portion, orders = orders[:size], orders[size:]
            while portion:
                portion = await self._submit(portion)

    async def finish(self) -> None:
        """Wait for all that was submitted."""
        await asyncio.gather(*self._waits)

    async def leave(self) -> None:
        """Wait no longer."""
        for wait in self._waits:
            wait.cancel()
        await asyncio.gather(*self._waits, return_exceptions=True)

    async def _submit(self, orders: list[Order]) -> list[Order]:
        """Submit once, and return anew what could not be."""
        now = time.time()
        self._deeds.orders.update({order.request.id: order for order in orders})
        self._deeds.submitted_at.update({order.request.id: now for order in orders})
        refused = await self._send(orders)
        for order in orders:
            if order.request.id in refused:
                del self._deeds.orders[order.request.id]
            else:
                self._expect(order)
        self._deeds.refused |= refused
        if refused:
            await asyncio.sleep(AGAIN)
        return [order.anew() for order in orders if order.request.id in refused]

    async def _send(self, orders: list[Order]) -> set[UUID]:
        """Return the ids of those that were refused."""
        try:
            if len(orders) == 1:
                await self._app.submit(orders[0].request)
            else:
                await self._app.submit_many([order.request for order in orders])
        except CouldNotSubmit as error:
            return set(error.failed) or {orders[0].request.id}
        return set()

    def _expect(self, order: Order) -> None:
        self._waits.append(asyncio.create_task(self._wait(order.request.id)))
        if order.revoke_after is not None:
            self._waits.append(asyncio.create_task(self._revoke(order.request.id, order.revoke_after)))

    async def _wait(self, task: UUID) -> None:
        result: Result[Any] = await patiently(lambda: self._app.result(task))
        try:
            value = await patiently(lambda: value_of(result))
        except ValueError as error:
            value = error.args[0]
        except Revoked:
            value = self._deeds.orders[task].index
        except MogError as error:
            value = str(error)
        self._deeds.answers[task] = (str(result.state), value)

    async def _revoke(self, task: UUID, after: float) -> None:
        await asyncio.sleep(after)
        self._deeds.revocations[task] = str((await patiently(lambda: self._app.revoke(task))).state)


async def value_of(result: Result[Any]) -> Any:
    return await result


async def patiently(ask: Callable[[], Awaitable[T]]) -> T:
    """Ask until the store is in reach."""
    while True:
        try:
            return await ask()
        except EngineUnavailable:
            await asyncio.sleep(AGAIN)
