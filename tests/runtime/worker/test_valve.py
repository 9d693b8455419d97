from __future__ import annotations

import asyncio
import time

import pytest

from mog.engine.io_thread import ThreadPort
from mog.worker import valve as valve_module
from mog.worker.valve import IDLE_INTERVAL, INTERVAL, Valve


class FakePort:
    """Counts pings, and answers them when told."""

    def __init__(self):
        self.pongs = []

    def ping(self, pong):
        self.pongs.append(pong)


class Turned:
    """A valve whose clocks a test turns, whose naps are counted, and whose looks the test makes itself."""

    def __init__(self):
        self.now, self.cpu, self.naps = 100.0, 0.0, []
        self.port = FakePort()
        self.valve = Valve(self.port, clock=lambda: self.now, cpu_clock=lambda: self.cpu, nap=self.naps.append)
        self.valve.start()

    def look(self, after, cpu=0.0):
        """Look ``after`` seconds; return for how long the valve then wants to wait."""
        self.now += after
        self.cpu += cpu
        self.valve._timer.cancel()
        self.valve._look()
        return self.valve._timer.when() - asyncio.get_running_loop().time() if self.valve._timer else None


@pytest.fixture
async def turned():
    turned = Turned()
    yield turned
    if turned.valve._timer is not None:
        turned.valve._timer.cancel()


async def test_it_naps_only_while_an_answer_is_late(turned):
    turned.look(0.010)
    turned.look(0.015)
    assert turned.naps == []
    turned.look(0.010)
    turned.look(0.010)
    assert turned.naps == [valve_module.NAP] * 2
    turned.port.pongs[0]()
    turned.look(0.010)
    assert len(turned.naps) == 2
    assert len(turned.port.pongs) == 2


async def test_it_looks_seldom_on_an_idle_loop(turned):
    assert turned.look(0.010, cpu=0.009) == pytest.approx(INTERVAL, abs=0.005)
    assert turned.look(0.010, cpu=0.0001) == pytest.approx(IDLE_INTERVAL, abs=0.05)


async def test_it_stops_by_itself(turned):
    turned.valve.start()
    turned.valve.stop()
    assert turned.look(0.010) is None
    assert turned.port.pongs == []
    turned.valve.start()
    turned.look(0.010)
    assert len(turned.port.pongs) == 1


def busy(seconds):
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        pass


async def worst_lateness(port, callback_seconds, seconds):
    """Keep this loop busy with callbacks; return how late a 10 ms timer on the I/O thread was at most."""
    loop, io_loop = asyncio.get_running_loop(), port._host.loop
    late = []
    ended = loop.create_future()
    end = loop.time() + seconds

    def tick(due):
        late.append(io_loop.time() - due)
        if loop.time() < end:
            io_loop.call_later(0.01, tick, io_loop.time() + 0.01)

    def work():
        busy(callback_seconds)
        if loop.time() < end:
            loop.call_soon(work)
        else:
            ended.set_result(None)

    port.ping(lambda: tick(io_loop.time()))
    loop.call_soon(work)
    await ended
    return max(late)


@pytest.fixture
def busy_lateness(fake_engine):
    async def measure(callback_seconds, seconds):
        port = ThreadPort(fake_engine)
        await port.open()
        valve = Valve(port)
        valve.start()
        try:
            return await worst_lateness(port, callback_seconds, seconds)
        finally:
            valve.stop()
            await port.close()

    def run(callback_seconds, seconds):
        return asyncio.run(measure(callback_seconds, seconds), debug=False)

    return run


CALLBACKS = pytest.mark.parametrize("callback_seconds", [0.00005, 0.0005, 0.003])


@CALLBACKS
def test_a_busy_loop_lets_the_io_thread_through(busy_lateness, callback_seconds):
    """On a machine that others keep busy too, one of three short runs must show it."""
    assert any(busy_lateness(callback_seconds, 2.0) < 0.25 for _ in range(3))


@pytest.mark.long
@pytest.mark.timeout(120)
@CALLBACKS
def test_a_busy_loop_lets_the_io_thread_through_for_a_minute(busy_lateness, callback_seconds):
    assert busy_lateness(callback_seconds, 60.0) < 0.25
