"""Deliveries, and the ends that others bring about, on their way to the worker."""

from __future__ import annotations

from typing import Any
from unittest.mock import AsyncMock, Mock

from mog.engine.consumption import Consumption
from mog.engine.records import Delivery, Message
from mog.ids import new_id


class Loop:
    """A loop that turns when it is told to."""

    def __init__(self) -> None:
        self.ready: list[Any] = []

    def call_soon_threadsafe(self, call: Any) -> None:
        self.ready.append(call)

    def turn(self) -> None:
        ready, self.ready = self.ready, []
        for call in ready:
            call()


async def test_a_task_is_delivered_before_its_end_is_told() -> None:
    loop: Any = Loop()
    told: list[object] = []
    consumption = Consumption(loop, Mock(), lambda found: told.extend(one.message.id for one in found), told.extend)
    engine = Mock()
    engine.broker.consume = AsyncMock()
    await consumption.begin(engine, ["tasks"])
    _, deliver, ended = engine.broker.consume.await_args.args
    earlier, id_ = new_id(), new_id()
    ended([earlier])  # wakes the loop, which has not turned yet when the next task comes and is revoked
    deliver([Delivery(Message(id_, "tasks", 5, b""), attempt=1, crashes=0, created=0.0)])
    ended([id_])
    loop.turn()
    assert told == [id_, earlier, id_]
