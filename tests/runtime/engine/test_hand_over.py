"""Deliveries for a loop that may be blocked."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from mog.engine import hand_over
from mog.engine.hand_over import HandOver
from mog.engine.records import Delivery, Message
from mog.ids import new_id


class Loop:
    """A loop that turns when it is told to."""

    def __init__(self) -> None:
        self.ready: list[Callable[[], None]] = []

    def call_soon_threadsafe(self, call: Callable[[], None]) -> None:
        self.ready.append(call)

    def turn(self) -> None:
        ready, self.ready = self.ready, []
        for call in ready:
            call()


class Scene:
    """A way to such a loop, and what becomes of deliveries."""

    def __init__(self) -> None:
        self.loop: Any = Loop()
        self.taken: list[Sequence[Delivery]] = []
        self.late: list[Sequence[Delivery]] = []
        self.way = HandOver(self.loop, self.taken.extend, self.late.extend, lambda _: None)

    def put(self) -> Sequence[Delivery]:
        batch = [Delivery(Message(new_id(), "tasks", 5, b""), attempt=1, crashes=0, created=0.0)]
        self.way.put(batch)
        return batch


@pytest.fixture
def scene(monkeypatch: pytest.MonkeyPatch) -> Scene:
    monkeypatch.setattr(hand_over, "PATIENCE", 0)
    return Scene()


async def patience() -> None:
    """Let the time pass in which deliveries must be taken."""
    for _ in range(3):
        await asyncio.sleep(0)


async def test_what_is_taken_in_time_is_not_late(scene: Scene) -> None:
    batch = scene.put()
    scene.loop.turn()
    await patience()
    assert (scene.taken, scene.late) == ([batch], [])


async def test_what_a_blocked_loop_does_not_take_is_late_and_never_taken(scene: Scene) -> None:
    batches = [scene.put(), scene.put()]
    await patience()
    assert scene.late == batches
    scene.loop.turn()
    assert scene.taken == []
    batch = scene.put()
    scene.loop.turn()
    assert scene.taken == [batch]


async def test_what_comes_after_a_turn_has_time_of_its_own(scene: Scene) -> None:
    first = scene.put()
    scene.loop.turn()
    second = scene.put()
    await asyncio.sleep(0)
    assert scene.late == [], "the loop has turned since it was watched"
    await patience()
    assert (scene.taken, scene.late) == ([first], [second])
