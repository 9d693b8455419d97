from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest
from pamqp import commands
from pamqp.heartbeat import Heartbeat
from tests.services import free_port

from mog.engine.rabbitmq.handshake import connect
from mog.engine.rabbitmq.server import ServerInfo
from mog.engine.rabbitmq.settings import RabbitSettings
from mog.errors import EngineUnavailable, MogError, StoreUnusable

from .conftest import Rabbit
from .fake_server import FakeServer, Peer


async def refusal(settings: RabbitSettings) -> MogError:
    """Return what connecting raises: one line, without credentials."""
    with pytest.raises(MogError) as caught:
        await connect(settings)
    text = str(caught.value)
    assert "\n" not in text
    assert settings.password not in text
    assert settings.user not in text
    return caught.value


async def test_connect(rabbit: Rabbit) -> None:
    connection = await connect(rabbit.settings)
    assert connection.server.product == "RabbitMQ"
    assert connection.server.version >= (3, 10)
    assert connection.frame_max == 131_072
    await connection.close()
    assert connection.ended.done()


async def test_a_wrong_password(rabbit: Rabbit) -> None:
    error = await refusal(replace(rabbit.settings, user="mallory-7", password="secret-9"))
    assert isinstance(error, StoreUnusable)
    assert "refuses user or password; correct them in the URL" in str(error)


async def test_a_virtual_host_that_is_not_there(rabbit: Rabbit) -> None:
    with pytest.raises(StoreUnusable, match=r"has no virtual host 'nowhere' .*rabbitmqctl add_vhost nowhere"):
        await connect(replace(rabbit.settings, virtual_host="nowhere"))


async def test_nobody_listens() -> None:
    error = await refusal(RabbitSettings(host="127.0.0.1", port=free_port(), user="mallory-7", password="secret-9"))
    assert isinstance(error, EngineUnavailable)
    assert "nobody listens for RabbitMQ at 127.0.0.1:" in str(error)


async def test_a_host_that_is_not_known() -> None:
    error = await refusal(RabbitSettings(host="no-such-host.invalid", user="mallory-7", password="secret-9"))
    assert isinstance(error, EngineUnavailable)
    assert "no-such-host.invalid" in str(error)


async def test_a_server_that_says_nothing(fake: FakeServer) -> None:
    fake.answers[commands.Connection.Start] = None
    with pytest.raises(EngineUnavailable, match="does not answer; is it running"):
        await connect(replace(fake.settings, connect_timeout=0.05))


@pytest.mark.parametrize("greeting", [b"HTTP/1.1 400 Bad Request\r\n\r\n", b"AMQP\0\0\x09\x01"])
async def test_a_server_of_another_kind(fake: FakeServer, greeting: bytes) -> None:
    fake.answers[commands.Connection.Start] = lambda peer, *_: peer.say(0, greeting)
    error = await refusal(replace(fake.settings, user="mallory-7", password="secret-9"))
    assert isinstance(error, EngineUnavailable)
    assert "does not answer in AMQP 0-9-1" in str(error)


async def test_a_server_that_answers_out_of_order(fake: FakeServer) -> None:
    fake.answers[commands.Connection.StartOk] = lambda peer, *_: peer.say(0, commands.Connection.OpenOk())
    with pytest.raises(EngineUnavailable, match="does not answer in AMQP"):
        await connect(fake.settings)


async def test_a_server_that_hangs_up(fake: FakeServer) -> None:
    fake.answers[commands.Connection.StartOk] = lambda peer, *_: peer.writer.transport.abort()
    with pytest.raises(EngineUnavailable, match=r"connection to RabbitMQ at 127.0.0.1:.* is lost"):
        await connect(fake.settings)


@pytest.mark.parametrize(
    ("code", "text", "kind", "message"),
    [
        (403, "ACCESS_REFUSED - Login was refused", StoreUnusable, "refuses user or password"),
        (530, "NOT_ALLOWED - access to vhost 'v' refused for user 'mallory-7'", StoreUnusable, "no virtual host 'v'"),
        (530, "NOT_ALLOWED - access to vhost 'v' refused: connection limit (1) is reached", EngineUnavailable, "limit"),
        (541, "INTERNAL_ERROR - for user 'mallory-7'\nsorry", EngineUnavailable, "for this user sorry"),
    ],
)
async def test_a_server_that_says_no(fake: FakeServer, code: int, text: str, kind: type, message: str) -> None:
    close = commands.Connection.Close(code, text, 0, 0)
    fake.answers[commands.Connection.Open] = lambda peer, *_: peer.say(0, close)
    error = await refusal(replace(fake.settings, user="mallory-7", password="secret-9", virtual_host="v"))
    assert isinstance(error, kind)
    assert message in str(error)
    await fake.until(commands.Connection.CloseOk)


async def test_what_operators_see_of_us(fake: FakeServer) -> None:
    await (await connect(replace(fake.settings, name="app on node", virtual_host="v"))).close()
    start_ok = await fake.until(commands.Connection.StartOk)
    assert start_ok.client_properties["connection_name"] == "app on node"
    assert start_ok.client_properties["product"] == "mog"
    assert start_ok.client_properties["capabilities"]["connection.blocked"] is True
    assert start_ok.response == "\0guest\0guest"
    assert (await fake.until(commands.Connection.Open)).virtual_host == "v"


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [((0, 0, 0), (2047, 131_072, 20)), ((10, 8192, 5), (10, 8192, 5)), ((5000, 1_000_000, 600), (2047, 131_072, 20))],
)
async def test_limits_are_the_lesser_of_both(
    fake: FakeServer, theirs: tuple[int, int, int], ours: tuple[int, int, int]
) -> None:
    fake.answers[commands.Connection.StartOk] = lambda peer, *_: peer.say(0, commands.Connection.Tune(*theirs))
    connection = await connect(fake.settings)
    tuned = await fake.until(commands.Connection.TuneOk)
    assert (tuned.channel_max, tuned.frame_max, tuned.heartbeat) == ours
    assert (connection.channel_max, connection.frame_max) == ours[:2]
    await connection.close()


async def test_heartbeats_while_connecting_are_passed_over(fake: FakeServer) -> None:
    def slow(peer: Peer, *_: Any) -> None:
        peer.say(0, Heartbeat(), commands.Connection.Tune(0, 0, 0))

    fake.answers[commands.Connection.StartOk] = slow
    connection = await connect(fake.settings)
    assert connection.server == ServerInfo("Fake", (3, 10, 8))
    await connection.close()


async def test_who_gives_up_connecting_leaves_nothing_behind(fake: FakeServer) -> None:
    fake.answers[commands.Connection.Open] = None
    task = asyncio.create_task(connect(fake.settings))
    await fake.until(commands.Connection.Open)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
