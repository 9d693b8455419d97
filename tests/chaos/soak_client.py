"""Submits and awaits tasks of the mix at a steady rate: ``python -m tests.chaos.soak_client SECONDS RATE``.

Prints at the end how many it has submitted, and how many of them ended as they should.
"""

from __future__ import annotations

import asyncio
import json
import random
import sys
from collections import Counter
from itertools import count

from tests.chaos.customer import AGAIN, patiently, value_of
from tests.chaos.families import app
from tests.chaos.mix import Order, draw, draw_family

from mog.errors import CouldNotSubmit

FAMILIES = 0.05
"""Share of the tasks that wait for children."""

AT_ONCE = 2000
"""Tasks that are awaited at a time; while the servers are away no more are drawn."""


class Client:
    """Draws, submits, awaits, forgets."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self._chance = random.Random(1)
        self._numbers = count()
        self._awaited: set[asyncio.Task[None]] = set()

    async def run(self, seconds: float, rate: float) -> None:
        """Go on for so long, then await the rest."""
        loop = asyncio.get_running_loop()
        end = loop.time() + seconds
        while loop.time() < end:
            if len(self._awaited) < AT_ONCE:
                task = loop.create_task(self._see_through(self._draw()))
                self._awaited.add(task)
                task.add_done_callback(self._awaited.discard)
            await asyncio.sleep(self._chance.expovariate(rate))
        await asyncio.gather(*self._awaited)

    def _draw(self) -> Order:
        index = next(self._numbers)
        return draw_family(self._chance, index, 1) if self._chance.random() < FAMILIES else draw(self._chance, index)

    async def _see_through(self, order: Order) -> None:
        while True:
            try:
                result = await app.submit(order.request)
                break
            except CouldNotSubmit:
                self.counts["refused"] += 1
                order = order.anew()
                await asyncio.sleep(AGAIN)
        self.counts["submitted"] += 1
        try:
            value = await patiently(lambda: value_of(result))
        except ValueError as error:
            value = error.args[0]
        self.counts["right" if (str(result.state), value) == (order.wanted, order.index) else "wrong"] += 1


async def main(seconds: float, rate: float) -> None:
    client = Client()
    async with app:
        await client.run(seconds, rate)
    print(json.dumps(client.counts), flush=True)


if __name__ == "__main__":
    asyncio.run(main(float(sys.argv[1]), float(sys.argv[2])))
