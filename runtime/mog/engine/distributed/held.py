"""Messages that RabbitMQ has delivered to this process, and that it waits to be told of."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from mog.engine.rabbitmq.messages import Receipt
from mog.engine.rabbitmq.transport import Transport
from mog.engine.redis.answers import Arrival


@dataclass(slots=True)
class Source:
    """One queue as it is consumed just now: of ``prefetch`` messages at most, ``unacked`` are delivered."""

    prefetch: int
    unacked: int = 0


class Held(NamedTuple):
    """What has arrived, with what acknowledges it, and since when (the loop's time) it is here."""

    arrival: Arrival
    receipt: Receipt
    source: Source
    since: float


class Messages:
    """Tells RabbitMQ what has become of messages."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def acknowledge(self, batch: Iterable[Held]) -> None:
        """Let RabbitMQ forget them."""
        self._transport.acknowledge(_receipts(batch))

    def hand_back(self, batch: Iterable[Held]) -> None:
        """Let RabbitMQ deliver them again, to whomever."""
        self._transport.hand_back(_receipts(batch))


def _receipts(batch: Iterable[Held]) -> list[Receipt]:
    receipts = []
    for held in batch:
        held.source.unacked -= 1
        receipts.append(held.receipt)
    return receipts
