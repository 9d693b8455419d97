from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator

import pytest
from pamqp import commands
from tests.runtime.proxy import Proxy

from mog.engine.rabbitmq.connection import Connection
from mog.engine.rabbitmq.line import Line
from mog.errors import EngineUnavailable, NotConnected, StoreUnusable

from .conftest import Ears, Rabbit
from .fake_server import FakeServer, Peer


class Ropes:
    """A line, what it heard, and how often it was prepared."""

    def __init__(self, fake: FakeServer) -> None:
        self.ears = Ears()
        self.prepared = 0
        self.errors: list[Exception] = []
        self.line = Line(fake.settings, self.prepare, lost=self.ears.on_lost, restored=self.ears.on_restored)

    async def prepare(self, connection: Connection) -> None:
        self.prepared += 1
        if self.errors:
            raise self.errors.pop(0)


@pytest.fixture
async def ropes(fake: FakeServer, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Ropes]:
    monkeypatch.setattr("mog.engine.rabbitmq.line.FIRST_DELAY", 0.001)
    ropes = Ropes(fake)
    yield ropes
    await ropes.line.close()


def hang_up(peer: Peer, *_: object) -> None:
    peer.writer.transport.abort()


async def test_before_it_is_open_there_is_no_connection(ropes: Ropes) -> None:
    with pytest.raises(NotConnected, match="connect it again"):
        ropes.line.connection()


async def test_opening_again_is_the_same(ropes: Ropes) -> None:
    await asyncio.gather(ropes.line.open(), ropes.line.open())
    await ropes.line.open()
    assert ropes.prepared == 1


async def test_a_lost_connection_is_made_again(fake: FakeServer, ropes: Ropes) -> None:
    await ropes.line.open()
    first = ropes.line.connection()
    for times in (1, 2, 3):
        fake.peer.writer.transport.abort()
        await ropes.ears.until(lambda ears: ears.restored == times)  # noqa: B023 - called before the loop goes on
    assert ropes.line.connection() is not first
    assert ropes.prepared == 4
    assert [str(error) for error in ropes.ears.lost] == [str(first.ended.result())] * 3


async def test_meanwhile_it_says_why(fake: FakeServer, ropes: Ropes) -> None:
    await ropes.line.open()
    fake.answers[commands.Connection.Open] = hang_up
    fake.peer.writer.transport.abort()
    await ropes.ears.until(lambda ears: bool(ears.lost))
    with pytest.raises(EngineUnavailable, match="is lost"):
        ropes.line.connection()
    assert ropes.line.is_open


async def test_it_tries_until_it_succeeds(fake: FakeServer, ropes: Ropes) -> None:
    await ropes.line.open()
    fake.answers[commands.Connection.Open] = hang_up
    fake.peer.writer.transport.abort()
    await fake.until(commands.Connection.Open, 5)
    assert ropes.ears.restored == 0
    del fake.answers[commands.Connection.Open]
    await ropes.ears.until(lambda ears: ears.restored == 1)
    assert len(ropes.ears.lost) == 1


async def test_what_goes_wrong_in_preparation_is_a_failure_to_connect(ropes: Ropes) -> None:
    ropes.errors = [StoreUnusable("clash")]
    with pytest.raises(StoreUnusable, match="clash"):
        await ropes.line.open()
    assert not ropes.line.is_open
    await ropes.line.open()
    assert ropes.prepared == 2


async def test_a_store_that_became_unusable_is_said_once_and_tried_again(
    fake: FakeServer, ropes: Ropes, caplog: pytest.LogCaptureFixture
) -> None:
    await ropes.line.open()
    ropes.errors = [StoreUnusable("clash"), StoreUnusable("clash"), StoreUnusable("clash")]
    with caplog.at_level(logging.INFO, "mog.engine.rabbitmq"):
        fake.peer.writer.transport.abort()
        await ropes.ears.until(lambda ears: ears.restored == 1)
    assert [type(error) for error in ropes.ears.lost] == [EngineUnavailable, StoreUnusable]
    assert [record.levelname for record in caplog.records] == ["WARNING", "ERROR", "INFO"]
    assert caplog.messages[0].endswith("is lost; connecting again")
    assert caplog.messages[1] == "clash"
    assert caplog.messages[2].endswith("is back")


async def test_calls_get_the_reason_why_it_is_unusable(fake: FakeServer, ropes: Ropes) -> None:
    await ropes.line.open()
    ropes.errors = [StoreUnusable("clash")] * 1000
    fake.peer.writer.transport.abort()
    await fake.until(commands.Connection.Open, 4)
    with pytest.raises(StoreUnusable, match="clash"):
        ropes.line.connection()


async def test_a_listener_that_fails_does_no_harm(fake: FakeServer, ropes: Ropes) -> None:
    def fail(_: object) -> None:
        raise ValueError("of the listener's own")

    seen: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: seen.append(context["exception"]))
    ropes.line._tell_lost = fail
    await ropes.line.open()
    fake.peer.writer.transport.abort()
    await ropes.ears.until(lambda ears: ears.restored == 1)
    assert [str(error) for error in seen] == ["of the listener's own"]


async def test_closed_it_stays_closed(fake: FakeServer, ropes: Ropes) -> None:
    await ropes.line.open()
    await ropes.line.close()
    with pytest.raises(NotConnected):
        ropes.line.connection()
    assert (ropes.ears.lost, ropes.ears.restored) == ([], 0)
    await ropes.line.close()


async def test_closed_while_it_connects_again(fake: FakeServer, ropes: Ropes) -> None:
    await ropes.line.open()
    fake.answers[commands.Connection.Open] = None
    fake.peer.writer.transport.abort()
    await fake.until(commands.Connection.Open, 2)
    await ropes.line.close()
    with pytest.raises(NotConnected):
        ropes.line.connection()


async def test_closed_while_it_opens(fake: FakeServer, ropes: Ropes) -> None:
    fake.answers[commands.Connection.Open] = None
    opening = asyncio.create_task(ropes.line.open())
    await fake.until(commands.Connection.Open)
    await ropes.line.close()
    fake.peer.say(0, commands.Connection.OpenOk())
    with pytest.raises(NotConnected):
        await opening
    assert not ropes.line.is_open


async def test_opened_again_after_close(ropes: Ropes) -> None:
    await ropes.line.open()
    await ropes.line.close()
    await ropes.line.open()
    assert ropes.line.connection()


async def test_abandoned(fake: FakeServer, ropes: Ropes) -> None:
    await ropes.line.open()
    ropes.line.abandon()
    assert not ropes.line.is_open
    assert fake.count(commands.Connection.Close) == 0


async def test_delays_grow_and_are_bounded(ropes: Ropes, monkeypatch: pytest.MonkeyPatch, fake: FakeServer) -> None:
    delays: list[float] = []

    async def sleep(seconds: float) -> None:
        delays.append(seconds)

    await ropes.line.open()
    monkeypatch.setattr("mog.engine.rabbitmq.line.FIRST_DELAY", 0.1)
    monkeypatch.setattr("mog.engine.rabbitmq.line.asyncio.sleep", sleep)
    ropes.errors = [EngineUnavailable("not yet")] * 9
    fake.peer.writer.transport.abort()
    await ropes.ears.until(lambda ears: ears.restored == 1)
    longest = [0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 5.0, 5.0, 5.0, 5.0]
    assert all(bound / 2 <= delay <= bound for delay, bound in zip(delays, longest, strict=True))


async def test_no_log_line_has_credentials(
    rabbit: Rabbit, proxy: Proxy, caplog: pytest.LogCaptureFixture, ears: Ears
) -> None:
    caplog.set_level(logging.DEBUG)
    transport = await rabbit.open(url=proxy.url, ears=ears)
    await transport.consume(["tasks"], 1, lambda _: None)
    proxy.cut()
    await ears.until(lambda ears: ears.restored == 1)
    assert caplog.messages
    assert not any("guest" in message for message in caplog.messages)
