from __future__ import annotations

import asyncio
import heapq
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from pamqp.heartbeat import Heartbeat

from mog.engine.rabbitmq.frames import HEARTBEAT
from mog.engine.rabbitmq.handshake import connect
from mog.engine.rabbitmq.heartbeat import Pulse
from mog.engine.rabbitmq.settings import RabbitSettings
from mog.errors import EngineError

from .conftest import Ears, Rabbit
from .fake_server import FakeServer, beat


class Loop:
    """As much of a loop as a pulse needs, with a clock that is turned."""

    def __init__(self) -> None:
        self.now = 0.0
        self.timers: list[tuple[float, int, Callable[[], None]]] = []

    def time(self) -> float:
        return self.now

    def call_at(self, when: float, callback: Callable[[], None]) -> asyncio.TimerHandle:
        heapq.heappush(self.timers, (when, len(self.timers), callback))
        return asyncio.TimerHandle(when, callback, (), asyncio.get_running_loop())

    def advance(self, seconds: float) -> None:
        """Let time pass, and each timer ring on time."""
        until = self.now + seconds
        while self.timers and self.timers[0][0] <= until:
            self.now, _, callback = heapq.heappop(self.timers)
            callback()
        self.now = until

    def sleep(self, seconds: float) -> None:
        """Let time pass while nothing runs."""
        self.now += seconds
        while self.timers and self.timers[0][0] <= self.now:
            heapq.heappop(self.timers)[2]()


class Wire:
    """As much of a connection as a pulse needs."""

    def __init__(self) -> None:
        self.loop: Any = Loop()
        self.settings = RabbitSettings()
        self.heard = self.said = 0.0
        self.sent: list[float] = []
        self.error: EngineError | None = None

    def send(self, data: bytes) -> None:
        assert data == HEARTBEAT
        self.sent.append(self.loop.now)
        self.said = self.loop.now

    def end(self, error: EngineError) -> None:
        self.error = error


@pytest.fixture
async def wire() -> Wire:
    return Wire()


async def test_an_idle_connection_beats_more_often_than_promised(wire: Wire) -> None:
    Pulse(wire, 20)  # type: ignore[arg-type]
    for _ in range(60):
        wire.heard = wire.loop.now
        wire.loop.advance(1)
    gaps = [later - earlier for earlier, later in zip(wire.sent, wire.sent[1:], strict=False)]
    assert wire.sent
    assert max(gaps) <= 10
    assert wire.error is None


async def test_who_speaks_need_not_beat(wire: Wire) -> None:
    Pulse(wire, 20)  # type: ignore[arg-type]
    for _ in range(60):
        wire.heard = wire.said = wire.loop.now
        wire.loop.advance(1)
    assert wire.sent == []


async def test_silence_ends_the_connection(wire: Wire) -> None:
    Pulse(wire, 20)  # type: ignore[arg-type]
    wire.loop.advance(30)
    assert wire.error is None
    wire.loop.advance(5)
    assert "has sent nothing for 35 s" in str(wire.error)


async def test_who_slept_reads_first(wire: Wire) -> None:
    """What the server sent while this process did not run is still to be read."""
    Pulse(wire, 20)  # type: ignore[arg-type]
    wire.loop.sleep(300)
    assert wire.error is None
    assert wire.sent == [300]
    wire.heard = wire.loop.now
    wire.loop.advance(25)
    assert wire.error is None


async def test_who_slept_and_finds_nothing_gives_up(wire: Wire) -> None:
    Pulse(wire, 20)  # type: ignore[arg-type]
    wire.loop.sleep(300)
    wire.loop.advance(5)
    assert "has sent nothing for 305 s" in str(wire.error)


async def test_a_connection_beats(fake: FakeServer) -> None:
    fake.heartbeat = 1
    fake.answers[Heartbeat] = beat
    connection = await connect(fake.settings)
    await fake.until(Heartbeat, 6)
    assert not connection.ended.done()
    fake.answers[Heartbeat] = None
    error = await asyncio.wait_for(asyncio.shield(connection.ended), 5)
    assert "has sent nothing" in str(error)
    await connection.close()


async def test_a_half_open_connection_is_noticed_and_replaced(rabbit: Rabbit, proxy: Any, ears: Ears) -> None:
    transport = await rabbit.open(url=f"{proxy.url}?heartbeat=1", ears=ears)
    await transport.consume(["tasks"], 1, lambda _: None)
    proxy.stall()
    await ears.until(lambda ears: bool(ears.lost))
    assert "has sent nothing" in str(ears.lost[0])
    proxy.heal()
    await ears.until(lambda ears: ears.restored == 1)


async def test_an_idle_connection_lives_on(rabbit: Rabbit) -> None:
    settings = replace(rabbit.settings, heartbeat=1)
    connection = await connect(settings)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(asyncio.shield(connection.ended), 2.5)
    await connection.close()
