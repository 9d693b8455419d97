"""Messages over wires that break again and again: none that was confirmed is lost."""

from __future__ import annotations

import asyncio
import random

import pytest
from tests.runtime.proxy import Proxy, proxy_to

from mog.engine.rabbitmq.messages import Incoming, Parcel
from mog.engine.rabbitmq.transport import Transport
from mog.errors import EngineUnavailable

from .conftest import Rabbit, parcels

BREAKS, WAVE, SIZE = 20, 200, 50
"""Until so many breaks, waves of messages in batches of this size."""


async def publish_all(transport: Transport, todo: list[Parcel]) -> None:
    """Publish until each is confirmed."""
    while todo:
        batch, todo = todo[:SIZE], todo[SIZE:]
        try:
            answers = await transport.publish(batch)
        except EngineUnavailable:
            todo += batch
            await asyncio.sleep(0.01)
            continue
        todo += [parcel for parcel, answer in zip(batch, answers, strict=True) if answer is not None]


class Worker:
    """Consumes; finishes in any order, and hands some back."""

    def __init__(self, transport: Transport, dice: random.Random) -> None:
        self.transport, self.dice = transport, dice
        self.done: set[bytes] = set()
        self.open: list[Incoming] = []
        self.progress = asyncio.Event()

    def take(self, batch: list[Incoming]) -> None:
        self.open += batch
        asyncio.get_running_loop().call_later(0.002, self.finish)

    def finish(self) -> None:
        self.dice.shuffle(self.open)
        count = self.dice.randint(0, len(self.open))
        ended, self.open = self.open[:count], self.open[count:]
        back = {message.receipt for message in ended if self.dice.random() < 0.1}
        self.transport.hand_back(back)
        self.transport.acknowledge(message.receipt for message in ended if message.receipt not in back)
        self.done |= {message.body for message in ended if message.receipt not in back}
        self.progress.set()
        if self.open:
            asyncio.get_running_loop().call_later(0.002, self.finish)


async def break_again_and_again(proxies: list[Proxy], dice: random.Random) -> None:
    for _ in range(BREAKS):
        await asyncio.sleep(dice.uniform(0.05, 0.3))
        proxy = dice.choice(proxies)
        if dice.random() < 0.3:
            proxy.down.open.clear()
            await asyncio.sleep(0.02)
        proxy.cut()
        proxy.heal()


@pytest.mark.parametrize("seed", range(2))
async def test_nothing_is_lost(rabbit: Rabbit, seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mog.engine.rabbitmq.line.FIRST_DELAY", 0.01)
    monkeypatch.setattr("mog.engine.rabbitmq.line.LONGEST_DELAY", 0.05)
    dice = random.Random(seed)
    sent: set[bytes] = set()
    async with proxy_to(rabbit.url, 5672) as front, proxy_to(rabbit.url, 5672) as back:
        publisher = await rabbit.open(url=front.url, node="publisher")
        consumer = await rabbit.open(url=back.url, node="consumer")
        worker = Worker(consumer, dice)
        await consumer.consume(["tasks"], 40, worker.take)
        breaking = asyncio.create_task(break_again_and_again([front, back], dice))
        while not breaking.done():
            wave = [parcel._replace(body=b"%d" % (len(sent) + number)) for number, parcel in enumerate(parcels(WAVE))]
            await publish_all(publisher, wave)
            sent |= {parcel.body for parcel in wave}
        while len(worker.done) < len(sent):
            worker.progress.clear()
            await worker.progress.wait()
        await breaking
        assert worker.done == sent
