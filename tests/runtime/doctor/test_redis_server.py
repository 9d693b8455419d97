"""Redis: what it tells of itself, and servers that are set so."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from hiredis import ReplyError
from tests.services import RedisServer, redis

from mog.doctor import Finding, Level, redis_server
from mog.engine.redis.client import Client
from mog.engine.redis.settings import RedisSettings

OK, WARN, FAIL = Level.OK, Level.WARN, Level.FAIL

GOOD = {
    "redis_version": "7.2.1",
    "used_memory": "1000",
    "maxmemory": "100000",
    "maxmemory_policy": "noeviction",
    "total_system_memory": "1000000",
    "aof_enabled": "1",
    "aof_last_write_status": "ok",
    "rdb_last_bgsave_status": "ok",
    "connected_clients": "5",
    "maxclients": "10000",
    "timeout": "0",
    "appendfsync": "everysec",
}


def complaints(findings: list[Finding]) -> list[tuple[Level, str]]:
    return [(finding.level, finding.text) for finding in findings if finding.level is not OK]


def test_server_in_order() -> None:
    assert {finding.level for finding in redis_server.of(GOOD)} == {OK}


@pytest.mark.parametrize(
    ("told", "level", "said"),
    [
        ({"maxmemory_policy": "allkeys-lru"}, FAIL, "maxmemory-policy is allkeys-lru: it throws away tasks"),
        ({"maxmemory_policy": "volatile-ttl", "maxmemory": "0"}, WARN, "once maxmemory is set"),
        ({"used_memory": "96000"}, FAIL, "it uses 96% of maxmemory"),
        ({"used_memory": "81000"}, WARN, "it uses 81% of maxmemory"),
        ({"maxmemory": "0", "used_memory": "990000"}, FAIL, "it uses 99% of the machine's memory"),
        ({"aof_enabled": "0"}, WARN, "it keeps no append-only file"),
        ({"appendfsync": "no"}, WARN, "appendfsync is no"),
        ({"aof_last_write_status": "err"}, FAIL, "it could not write its append-only file"),
        ({"rdb_last_bgsave_status": "err"}, FAIL, "it could not write its snapshot"),
        ({"connected_clients": "9000"}, WARN, "9000 of 10000 clients are connected"),
        ({"timeout": "300"}, WARN, "timeout is 300"),
    ],
)
def test_what_is_wrong(told: Mapping[str, str], level: Level, said: str) -> None:
    [(found, text)] = complaints(list(redis_server.of({**GOOD, **told})))
    assert found is level
    assert said in text


def test_every_complaint_says_what_to_do() -> None:
    bad = {"maxmemory_policy": "x", "used_memory": "99999", "aof_enabled": "0", "timeout": "1", "maxclients": "5"}
    findings = [finding for finding in redis_server.of({**GOOD, **bad}) if finding.level is not OK]
    assert len(findings) == 5
    assert all(finding.remedy for finding in findings)


def test_server_that_hides_much() -> None:
    assert complaints(list(redis_server.of({"redis_version": "7.0.0"}))) == []


@pytest.mark.parametrize(("here", "said"), [(103.5, "3.5 s ahead of"), (98.0, "2.0 s behind")])
def test_clocks_that_differ(here: float, said: str) -> None:
    [finding] = redis_server.clock([b"100", b"0"], here)
    assert finding.level is WARN
    assert said in finding.text


def test_clocks_that_agree_and_clocks_that_are_hidden() -> None:
    [finding] = redis_server.clock([b"100", b"500000"], 100.75)
    assert (finding.level, finding.text) == (OK, "this machine's and Redis's differ by 0.25 s")
    assert list(redis_server.clock(ReplyError("NOPERM"), 100.0)) == []


def test_settings_that_are_hidden() -> None:
    told = redis_server.read(b"# Server\r\nredis_version:7.0.0\r\n", [[b"timeout", b"5"], ReplyError("NOPERM"), []])
    assert told == {"redis_version": "7.0.0", "timeout": "5"}


# -- real servers


async def look(url: str) -> list[Finding]:
    return await redis_server.redis_server(RedisSettings.from_url(url))


async def test_server_that_is_shared(redis_url: str) -> None:
    first, clock, *_ = await look(redis_url)
    assert first.level is OK
    assert " ms away" in first.text
    assert clock.subject == "clock"


async def test_server_that_is_set_badly() -> None:
    options = ["--maxmemory", "100mb", "--maxmemory-policy", "allkeys-lru", "--timeout", "60", "--appendonly", "no"]
    with redis(*options) as server:
        found = {finding.text.partition(":")[0] for finding in await look(server.url) if finding.level is not OK}
    assert found == {"maxmemory-policy is allkeys-lru", "it keeps no append-only file", "timeout is 60"}


async def test_user_who_may_see_little(own_redis: RedisServer) -> None:
    await command(own_redis, "ACL", "SETUSER", "small", "on", ">secret", "~*", "+@all", "-info", "-config")
    url = own_redis.url.replace("127", "small:secret@127", 1)
    findings = await look(url)
    assert complaints(findings) == [(WARN, f"{own_redis.url} answers; it does not let this user see how it is set")]


async def test_servers_that_will_not_do(own_redis: RedisServer) -> None:
    await command(own_redis, "CONFIG", "SET", "requirepass", "secret")
    [finding] = await look(own_redis.url)
    assert (finding.level, finding.out_of_reach) == (FAIL, True)
    assert "asks for a password" in finding.text
    own_redis.stop()
    [finding] = await look(own_redis.url)
    assert (finding.level, finding.out_of_reach) == (FAIL, True)
    assert "is it running there?" in finding.text


async def test_replica(own_redis: RedisServer, redis_url: str) -> None:
    await command(own_redis, "REPLICAOF", "127.0.0.1", "1")
    [finding] = await look(own_redis.url)
    assert "read-only replica" in finding.text


async def command(server: RedisServer, *words: str) -> None:
    client = Client(RedisSettings.from_url(server.url))
    await client.open()
    [answer] = await client.call([words])
    await client.close()
    assert answer == b"OK"
