"""How much the server may deliver."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, cast

import pytest

from mog.engine.distributed.window import Window
from mog.engine.rabbitmq.transport import Transport
from mog.errors import EngineError, EngineUnavailable, StoreUnusable


@dataclass
class FakeTransport:
    """Notes what is consumed."""

    prefetches: list[int] = field(default_factory=list)
    stopped: int = 0
    errors: list[EngineError] = field(default_factory=list)
    pause: asyncio.Event | None = None

    async def declare(self, queues: Sequence[str]) -> None:
        if self.pause is not None:
            await self.pause.wait()

    async def consume(self, queues: Sequence[str], prefetch: int, take: Any) -> FakeTransport:
        if self.errors:
            raise self.errors.pop()
        self.prefetches.append(prefetch)
        return self

    async def stop(self) -> None:
        self.stopped += 1


class Room:
    """A window on a fake transport."""

    def __init__(self, *queues: str, look_ahead: int = 16) -> None:
        self.transport = FakeTransport()
        self.told: list[EngineError | None] = []
        self._changed = asyncio.Event()
        transport = cast("Transport", self.transport)
        self.window = Window(transport, queues or ("tasks",), lambda _: None, self._hear, look_ahead=look_ahead)

    def _hear(self, error: EngineError | None) -> None:
        self.told.append(error)
        self._changed.set()

    async def changed(self) -> None:
        await self._changed.wait()
        self._changed.clear()


async def test_the_first_is_for_all_slots_and_some_ahead() -> None:
    room = Room()
    assert room.window.is_narrow
    room.window.open_for(10, 10)
    await room.changed()
    assert (room.transport.prefetches, room.told) == ([20], [None])
    assert not room.window.is_narrow


@pytest.mark.parametrize(
    ("look_ahead", "queues", "slots", "prefetch"),
    [(16, "a", 100, 116), (16, "a", 4, 8), (0, "a", 4, 4), (16, "abc", 10, 14), (16, "abcdefgh", 1, 2)],
)
async def test_what_is_ahead_is_shared_by_the_queues(look_ahead: int, queues: str, slots: int, prefetch: int) -> None:
    room = Room(*queues, look_ahead=look_ahead)
    room.window.open_for(slots, slots)
    await room.changed()
    assert room.transport.prefetches == [prefetch]


async def test_it_is_narrow_once_one_queue_can_deliver_no_more() -> None:
    room = Room("a", "b", look_ahead=0)
    room.window.open_for(2, 2)
    await room.changed()
    room.window.source("a").unacked = 2
    assert room.window.is_narrow
    room.window.open_for(3, 5)
    await room.changed()
    assert room.transport.prefetches == [2, 5]
    assert room.transport.stopped == 1
    assert not room.window.is_narrow


async def test_shut_it_is_opened_for_free_slots_alone_until_it_may_look_ahead() -> None:
    room = Room()
    room.window.open_for(10, 10)
    await room.changed()
    room.window.shut()
    await room.changed()
    assert (room.transport.stopped, room.window.is_narrow, room.window.looks_ahead) == (1, True, False)
    room.window.open_for(1, 10)
    await room.changed()
    assert room.transport.prefetches == [20, 1]
    room.window.look_ahead()
    await room.changed()
    room.window.open_for(1, 10)
    await room.changed()
    assert room.transport.prefetches == [20, 1, 20]


async def test_one_change_at_a_time() -> None:
    room = Room()
    room.transport.pause = asyncio.Event()
    room.window.open_for(1, 1)
    room.window.open_for(2, 2)
    room.window.shut()
    room.transport.pause.set()
    await room.changed()
    assert (room.transport.prefetches, room.told, room.transport.stopped) == ([2], [None], 0)


@pytest.mark.parametrize("error", [EngineUnavailable("gone"), StoreUnusable("wrong")])
async def test_what_goes_wrong_is_told_and_may_be_tried_again(error: EngineError) -> None:
    room = Room()
    room.transport.errors = [error]
    room.window.open_for(1, 1)
    await room.changed()
    assert room.told == [error]
    room.window.open_for(1, 1)
    await room.changed()
    assert room.transport.prefetches == [2]


async def test_a_lost_connection_empties_the_window() -> None:
    room = Room()
    room.window.open_for(1, 1)
    await room.changed()
    before = room.window.source("tasks")
    before.unacked = 2
    room.window.lost()
    assert not room.window.is_narrow
    before.unacked -= 1  # a late acknowledgement, of the lost connection
    assert room.window.source("tasks").unacked == 0


async def test_closed_it_opens_no_more() -> None:
    room = Room()
    room.window.open_for(1, 1)
    await room.window.close()
    assert room.transport.stopped == 1
    room.window.open_for(1, 1)
    await room.window.close()
    assert room.transport.prefetches == [2]
