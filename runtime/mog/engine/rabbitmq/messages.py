"""What passes through the transport. Queues go by their short names, as users know them; bodies are opaque bytes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from mog.engine.rabbitmq.properties import NO_HEADERS, Value


class Receipt(NamedTuple):
    """What acknowledges one delivery; worth nothing once the epoch in which it was given has ended."""

    epoch: int
    tag: int


class Parcel(NamedTuple):
    """What is published to a task queue or to a queue of dead letters. ``priority`` is 0 to 10, higher first."""

    queue: str
    body: bytes
    priority: int
    message_id: str
    headers: Mapping[str, Value] = NO_HEADERS


class Incoming(NamedTuple):
    """What a consumer was given. ``redelivered``: somebody was given it before and did not acknowledge it."""

    queue: str
    body: bytes
    priority: int
    redelivered: bool
    receipt: Receipt


class ControlMessage(NamedTuple):
    """What came over the control exchange, which reaches every process that listens."""

    body: bytes
    reply_to: str | None = None


class Browsed(NamedTuple):
    """What lies in a queue and stays there."""

    body: bytes
    message_id: str
    headers: Mapping[str, Any]
