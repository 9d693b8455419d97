"""The way to the server: how it is found out to be lost, and made again; what is said when it cannot be made."""

from __future__ import annotations

import asyncio
import os
import ssl
import subprocess
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hiredis import ReplyError
from tests.runtime.proxy import Proxy
from tests.services import RedisServer, free_port, redis

from mog.engine.redis.client import Client
from mog.engine.redis.connection import Connection, pack
from mog.engine.redis.failures import ConnectionLost
from mog.engine.redis.settings import RedisSettings
from mog.errors import EngineError, EngineUnavailable, NotConnected, StoreFull, StoreUnusable

from .place import PATIENCE, Place, eventually, outcome


@pytest.fixture
async def client(place: Place) -> AsyncIterator[Client]:
    client = Client(place.settings)
    await client.open()
    yield client
    await client.close()


async def through(proxy: Proxy, **changes: Any) -> Client:
    client = Client(replace(RedisSettings.from_url(proxy.url), **changes))
    await client.open()
    return client


async def test_answers_come_in_the_order_of_the_commands(client: Client, place: Place) -> None:
    key = f"{place.app}.x"
    asked = [client.call([("RPUSH", key, number), ("LLEN", key)]) for number in range(100)]
    assert await asyncio.gather(*asked) == [[number, number] for number in range(1, 101)]


async def test_error_replies_stand_among_the_answers(client: Client) -> None:
    before, error, after = await client.call([("PING",), ("NONSENSE",), ("PING",)])
    assert (before, after) == (b"PONG", b"PONG")
    assert isinstance(error, ReplyError)


async def test_open_may_be_repeated(proxy: Proxy) -> None:
    client = await through(proxy)
    await client.open()
    assert proxy.connections == 1
    await client.close()


async def test_large_answers_and_commands_pass(client: Client, place: Place) -> None:
    text = os.urandom(5_000_000)
    assert (await client.call([("SET", f"{place.app}.x", text), ("GET", f"{place.app}.x")]))[1] == text


async def test_a_call_before_open_or_after_close(place: Place) -> None:
    client = Client(place.settings)
    with pytest.raises(NotConnected):
        await client.call([("PING",)])
    await client.open()
    await client.close()
    with pytest.raises(NotConnected):
        await client.call([("PING",)])


async def test_whose_answers_are_lost_is_told_and_the_next_call_connects_again(proxy: Proxy) -> None:
    client = await through(proxy)
    proxy.down.open.clear()
    asked = [asyncio.create_task(client.call([("PING",)])) for _ in range(3)]
    await eventually(lambda: proxy.up.passed > 0)
    proxy.heal()
    proxy.cut()
    for error in await asyncio.gather(*asked, return_exceptions=True):
        assert isinstance(error, ConnectionLost)
    assert await client.call([("PING",)])
    assert proxy.connections == 2
    await client.close()


async def test_callers_share_one_connection(proxy: Proxy) -> None:
    client = await through(proxy)
    proxy.cut()
    await asyncio.gather(*(client.call([("PING",)]) for _ in range(50)), return_exceptions=True)
    await asyncio.gather(*(client.call([("PING",)]) for _ in range(50)))
    assert proxy.connections <= 3
    await client.close()


async def test_a_wire_that_is_silent_is_given_up(proxy: Proxy) -> None:
    client = await through(proxy, answer_timeout=0.2)
    proxy.stall()
    with pytest.raises(ConnectionLost, match=r"has not answered for 0\.2 s"):
        await client.call([("PING",)])
    proxy.heal()
    assert await client.call([("PING",)])
    await client.close()


async def test_an_idle_wire_is_not_given_up(proxy: Proxy) -> None:
    client = await through(proxy, answer_timeout=0.05)
    await client.call([("PING",)])
    await asyncio.sleep(0.15)
    await client.call([("PING",)])
    assert proxy.connections == 1
    await client.close()


async def test_attempts_that_fail_pause(proxy: Proxy) -> None:
    client = await through(proxy)
    await proxy.refuse()
    proxy.cut()
    await eventually(lambda: client._connection is None)
    errors = [await _error_of(client) for _ in range(20)]
    assert {str(error) for error in errors} == {str(errors[0])}
    assert "is it running there?" in str(errors[0])
    await proxy.listen()
    await eventually(lambda: _works(client))
    await client.close()


async def _error_of(client: Client) -> EngineError:
    with pytest.raises(EngineUnavailable) as caught:
        await client.call([("PING",)])
    return caught.value


async def _works(client: Client) -> bool:
    try:
        await client.call([("PING",)])
    except EngineUnavailable:
        return False
    return True


async def test_close_ends_an_attempt_to_connect(proxy: Proxy) -> None:
    proxy.stall()
    client = Client(RedisSettings.from_url(proxy.url))
    opening = asyncio.create_task(client.open())
    await eventually(lambda: proxy.connections == 1)
    await client.close()
    with pytest.raises(asyncio.CancelledError):
        await opening


@pytest.mark.parametrize(
    ("url", "kind", "says"),
    [
        ("redis://127.0.0.1:1", EngineUnavailable, "cannot be reached .*; is it running there?"),
        ("redis://no-such-host.invalid", EngineUnavailable, "its name is not known here"),
    ],
)
async def test_where_nobody_is(url: str, kind: type[EngineError], says: str) -> None:
    with pytest.raises(kind, match=says):
        await Client(RedisSettings.from_url(url)).open()


async def test_who_does_not_answer(proxy: Proxy) -> None:
    proxy.stall()
    with pytest.raises(EngineUnavailable, match="does not answer"):
        await through(proxy, connect_timeout=0.1)


async def test_what_is_no_redis() -> None:
    async def talk(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    with pytest.raises(StoreUnusable, match="does not speak Redis's protocol"):
        await Client(RedisSettings("127.0.0.1", port)).open()
    server.close()


async def test_a_database_that_is_not_there(place: Place) -> None:
    with pytest.raises(StoreUnusable, match="no database of that number"):
        await Client(replace(place.settings, database=100_000)).open()


async def test_a_password_that_nobody_asked_for(own_redis: RedisServer) -> None:
    with pytest.raises(StoreUnusable, match="has no password, and the URL names one"):
        await Client(RedisSettings("127.0.0.1", own_redis.port, password="secret")).open()


async def test_passwords() -> None:
    with redis("--requirepass", "right") as server:
        for password, says in [(None, "asks for a password"), ("wrong", "does not accept the credentials")]:
            with pytest.raises(StoreUnusable, match=says) as caught:
                await Client(RedisSettings("127.0.0.1", server.port, password=password)).open()
            assert "wrong" not in str(caught.value)
        client = Client(RedisSettings("127.0.0.1", server.port, password="right"))
        await client.open()
        await client.call([("ACL", "SETUSER", "me", "on", ">mine", "+ping")])
        mine = Client(RedisSettings("127.0.0.1", server.port, user="me", password="mine"))
        await mine.open()
        await mine.close()
        await client.close()


async def test_too_many_clients() -> None:
    with redis("--maxclients", "1") as server:
        first, second = (Client(RedisSettings("127.0.0.1", server.port)) for _ in range(2))
        await eventually(lambda: opens(first))  # whoever saw that it is up may not have left yet
        with pytest.raises(EngineUnavailable, match="takes no more clients"):
            await second.open()
        await first.close()


async def opens(client: Client) -> bool:
    try:
        await client.open()
    except EngineUnavailable:
        return False
    return True


async def test_a_full_store_is_told_and_nothing_is_done(own_redis: RedisServer) -> None:
    place = Place(own_redis.url)
    store = await place.open()
    task, other = place.new(), place.new()
    await store.submissions.create([task])
    id_, attempt = await place.start(store, task.record.id)
    await place.call("CONFIG", "SET", "maxmemory", 1)
    before = await place.hash(place.layout.of_task("result", id_))
    for call in (
        lambda: store.submissions.create([other]),
        lambda: store.attempts.settle([outcome(id_, attempt)]),
    ):
        with pytest.raises(StoreFull, match="out of memory"):
            await call()
    assert await place.hash(place.layout.of_task("result", id_)) == before
    await place.call("CONFIG", "SET", "maxmemory", 0)
    assert await store.attempts.settle([outcome(id_, attempt)]) == [True]
    await place.close()


async def test_a_replica_is_refused_and_one_that_becomes_a_replica_is_waited_for(own_redis: RedisServer) -> None:
    with redis() as primary:
        place = Place(own_redis.url)
        store = await place.open()
        await place.call("REPLICAOF", "127.0.0.1", primary.port)
        with pytest.raises(EngineUnavailable, match="read-only replica just now"):
            await store.submissions.create([place.new()])
        with pytest.raises(StoreUnusable, match="is a read-only replica; let the URL lead to its primary"):
            await place.store().open()
        await place.call("REPLICAOF", "NO", "ONE")
        assert await store.submissions.create([place.new()]) == [None]
        await place.close()


async def test_a_cluster_is_refused() -> None:
    with redis("--cluster-enabled", "yes") as server, pytest.raises(StoreUnusable, match="is a Redis Cluster"):
        await Place(server.url).store().open()


async def test_rights_that_are_missing(own_redis: RedisServer) -> None:
    place = Place(own_redis.url)
    await place.call("ACL", "SETUSER", "me", "on", ">mine", "~*", "+@all", "-evalsha", "-info")
    store = place.store(user="me", password="mine")
    await store.open()
    assert store.server.version is None, "who may not ask goes on"
    with pytest.raises(StoreUnusable, match="forbids this user a command"):
        await store.submissions.create([place.new()])
    await place.close()


async def test_a_server_that_takes_no_scripts(own_redis: RedisServer) -> None:
    place = Place(own_redis.url)
    await place.call("ACL", "SETUSER", "me", "on", ">mine", "~*", "+@all", "-script")
    store = place.store(user="me", password="mine")
    await store.open()
    with pytest.raises(StoreUnusable, match=r"forbids this user a command or key .*'script"):
        await store.submissions.create([place.new()])
    await place.close()


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("certificates")
    command = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=localhost"
    extension = ["-addext", "subjectAltName=IP:127.0.0.1,DNS:localhost"]
    files = ["-keyout", directory / "key.pem", "-out", directory / "cert.pem"]
    made = subprocess.run([*command.split(), *extension, *files], capture_output=True, check=False)
    if made.returncode:
        pytest.skip("no openssl here that makes certificates")
    return directory


async def test_tls(certificates: Path) -> None:
    if not built_with_tls():
        pytest.skip("the server program here was built without TLS")
    port, certificate = free_port(), certificates / "cert.pem"
    files = ("--tls-cert-file", str(certificate), "--tls-key-file", str(certificates / "key.pem"))
    options = ("--tls-ca-cert-file", str(certificate), "--tls-auth-clients", "no", "--tls-port", str(port))
    with redis(*files, *options):
        with pytest.raises(StoreUnusable, match="its certificate is not trusted"):
            await Client(RedisSettings.from_url(f"rediss://127.0.0.1:{port}")).open()
        client = Client(RedisSettings.from_url(f"rediss://127.0.0.1:{port}?ssl_ca_certs={certificate}"))
        await client.open()
        assert await client.call([("PING",)]) == [b"PONG"]
        await client.close()


def built_with_tls() -> bool:
    program = RedisServer.find_program()
    if program is None:
        return False
    linked = subprocess.run(["ldd", program], capture_output=True, text=True, check=False)
    return "libssl" in linked.stdout


async def test_tls_towards_a_server_without(place: Place) -> None:
    """It reads the greeting as a command that never ends."""
    settings = replace(place.settings, tls=ssl.create_default_context(), connect_timeout=0.3)
    with pytest.raises(EngineUnavailable, match=r"and does it speak TLS\?"):
        await Client(settings).open()


async def test_a_forked_child_lets_go_and_the_parent_goes_on(client: Client) -> None:
    """The child closes its copy of the socket, and neither says anything on it nor takes it out of the loop."""
    child = os.fork()
    if child == 0:
        client.abandon()
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
    async with asyncio.timeout(PATIENCE):
        assert await client.call([("PING",)])


async def test_messages_of_channels_are_told_from_answers(place: Place) -> None:
    heard: list[list[bytes]] = []
    connection = Connection(place.settings, lambda _: None, heard.append)
    await connection.open()
    await connection.send(pack([("SUBSCRIBE", place.app)]), 1)
    await place.call("PUBLISH", place.app, "one")
    assert (await connection.send(pack([("PING",)]), 1))[0][0] == b"pong"
    await place.call("PUBLISH", place.app, "two")
    await eventually(lambda: len(heard) == 2)
    assert [message[2] for message in heard] == [b"one", b"two"]
    connection.close()
