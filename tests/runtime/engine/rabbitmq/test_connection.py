from __future__ import annotations

import asyncio

import pytest
from pamqp import commands
from pamqp.commands import Basic

from mog.engine.rabbitmq.channel import Channel
from mog.engine.rabbitmq.connection import Connection
from mog.engine.rabbitmq.handshake import connect
from mog.errors import EngineUnavailable, NotConnected

from .fake_server import FakeServer


async def reason(connection: Connection) -> str:
    return str(await asyncio.wait_for(asyncio.shield(connection.ended), 5))


async def test_what_is_sent_in_one_turn_is_one_write(fake: FakeServer, connection: Connection) -> None:
    writes: list[bytes] = []
    transport = connection._transport
    assert transport is not None
    connection._transport = type("Spy", (), {"write": writes.append, "is_closing": lambda _: False})()
    for number in range(100):
        connection.send(b"%d," % number)
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    connection._transport = transport
    assert writes == [b"".join(b"%d," % number for number in range(100))]


@pytest.mark.parametrize(
    ("code", "text", "message"),
    [
        (320, "CONNECTION_FORCED - broker forced connection closure", "is shutting down, or an operator closed"),
        (541, "INTERNAL_ERROR - user 'guest'", "closed the connection: INTERNAL_ERROR - this user"),
    ],
)
async def test_the_server_closes(fake: FakeServer, connection: Connection, code: int, text: str, message: str) -> None:
    fake.peer.say(0, commands.Connection.Close(code, text, 0, 0))
    assert message in await reason(connection)
    await fake.until(commands.Connection.CloseOk)


async def test_the_wire_is_cut(fake: FakeServer, connection: Connection) -> None:
    fake.peer.writer.transport.abort()
    assert "is lost" in await reason(connection)


async def test_the_server_sends_nothing_more(fake: FakeServer, connection: Connection) -> None:
    fake.peer.writer.write_eof()
    assert "is lost" in await reason(connection)


async def test_after_the_end_there_are_no_channels(fake: FakeServer, connection: Connection) -> None:
    fake.peer.writer.transport.abort()
    await reason(connection)
    with pytest.raises(EngineUnavailable, match="is lost"):
        await connection.open_channel(Channel(connection))
    connection.send(b"nobody hears this")
    await connection.room()


async def test_goodbye(fake: FakeServer, connection: Connection) -> None:
    await connection.close()
    await fake.until(commands.Connection.Close)
    assert isinstance(connection.ended.result(), NotConnected)
    await connection.close()


async def test_a_server_that_does_not_say_goodbye(
    fake: FakeServer, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mog.engine.rabbitmq.connection.GOODBYE", 0.02)
    fake.answers[commands.Connection.Close] = None
    await connection.close()


async def test_messages_are_held_back(fake: FakeServer, connection: Connection) -> None:
    channel = await connection.open_channel(Channel(connection))
    fake.peer.say(0, commands.Connection.Blocked("low on memory"))
    await channel.call(Basic.Get(queue="q"))
    assert connection.blocked == "low on memory"
    fake.peer.say(0, commands.Connection.Unblocked())
    await channel.call(Basic.Get(queue="q"))
    assert connection.blocked is None


async def test_abandoned_on_its_own_loop(fake: FakeServer, connection: Connection) -> None:
    connection.abandon()
    await connection.close()
    assert fake.count(commands.Connection.Close) == 0


async def test_who_sends_much_waits_for_the_other_end(fake: FakeServer) -> None:
    connection = await connect(fake.settings)
    reader = fake.peer.writer.transport
    reader.pause_reading()
    while not connection.is_full:
        connection.send(bytes(300_000))
    waiting = asyncio.create_task(connection.room())
    await asyncio.sleep(0)
    assert not waiting.done()
    reader.abort()
    await asyncio.wait_for(waiting, 5)
    await connection.close()
