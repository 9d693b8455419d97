"""Redis: whether it keeps what it is given, and takes what it must."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from typing import Any

from hiredis import ReplyError

from mog.doctor.findings import Finding, fail, ok, warn
from mog.engine.redis.client import Client
from mog.engine.redis.server import check_schema, look_at
from mog.engine.redis.settings import RedisSettings
from mog.errors import EngineError

SUBJECT = "redis"

Told = Mapping[str, str]
"""What INFO and CONFIG GET tell, by name."""

SKEW = 1.0
"""Seconds by which clocks may differ before what is due at a time comes noticeably early or late."""

FULL, ALMOST_FULL = 0.95, 0.8
"""Shares of maxmemory, and of the clients that may connect."""

NOT_TOLD = "it does not let this user see how it is set"


async def redis_server(settings: RedisSettings, app: str | None = None) -> list[Finding]:
    """Look at one server, and whether this release reads what it holds of an app; nothing is written."""
    client = Client(settings)
    try:
        await client.open()
        await look_at(client)
        if app is not None:
            await check_schema(client, app)
        begun = time.time()
        [now, info, *configured] = await client.call(
            [("TIME",), ("INFO",), *(("CONFIG", "GET", name) for name in ("timeout", "appendfsync"))]
        )
        took = time.time() - begun
    except EngineError as error:
        return [fail(SUBJECT, str(error), out_of_reach=True)]
    finally:
        await client.close()
    findings = [*clock(now, begun + took / 2)]
    if isinstance(info, ReplyError):
        remedy = "allow it INFO, and CONFIG GET, to have them checked: they cost nothing"
        return [warn(SUBJECT, f"{settings} answers; {NOT_TOLD}", remedy), *findings]
    told = read(info, configured)
    version = told.get("valkey_version") or told.get("redis_version", "?")
    return [ok(SUBJECT, f"{settings} is {name_of(told)} {version}, {1000 * took:.1f} ms away"), *findings, *of(told)]


def read(info: bytes, configured: list[Any]) -> dict[str, str]:
    """Return what the server tells; settings that it hides are missing."""
    lines = info.decode(errors="replace").splitlines()
    told = dict(line.split(":", 1) for line in lines if ":" in line)
    for answer in configured:
        if isinstance(answer, list) and len(answer) == 2:
            told[answer[0].decode()] = answer[1].decode()
    return told


def name_of(told: Told) -> str:
    """Return what kind of server it is."""
    return "Valkey" if "valkey_version" in told else "Redis"


def of(told: Told) -> Iterator[Finding]:
    """Judge what the server tells of itself."""
    yield from eviction(told)
    yield from memory(told)
    yield from append_only_file(told)
    yield from saving(told)
    yield from clients(told)
    yield from idle_timeout(told)


def clock(now: Any, here: float) -> Iterator[Finding]:
    """Compare the server's clock with this machine's, which read ``here`` (POSIX seconds) at the same time."""
    if not isinstance(now, list):
        return
    ahead = here - (int(now[0]) + int(now[1]) / 1e6)
    if abs(ahead) < SKEW:
        yield ok("clock", f"this machine's and Redis's differ by {abs(ahead):.2f} s")
        return
    which = "ahead of" if ahead > 0 else "behind"
    what = (
        f"this machine's clock is {abs(ahead):.1f} s {which} Redis's: what is due at a time of day comes early or late"
    )
    yield warn("clock", what, "have both set by NTP")


def eviction(told: Told) -> Iterator[Finding]:
    """Find a server that throws away keys when it is full."""
    policy, limited = told.get("maxmemory_policy"), told.get("maxmemory", "0") != "0"
    if policy is None:
        return
    if policy == "noeviction":
        yield ok(SUBJECT, "maxmemory-policy is noeviction")
        return
    remedy = "set `maxmemory-policy noeviction`; a server that is full then says so"
    if not limited:
        yield warn(SUBJECT, f"maxmemory-policy is {policy}: once maxmemory is set, it would throw away tasks", remedy)
    else:
        yield fail(SUBJECT, f"maxmemory-policy is {policy}: it throws away tasks and results when it is full", remedy)


def memory(told: Told) -> Iterator[Finding]:
    """Look how much room is left."""
    used, limit = int(told.get("used_memory", 0)), int(told.get("maxmemory", 0))
    total = int(told.get("total_system_memory", 0))
    of_what, bound = ("maxmemory", limit) if limit else ("the machine's memory", total)
    if not bound:
        return
    share = used / bound
    text = f"it uses {share:.0%} of {of_what}"
    if share >= FULL:
        yield fail(SUBJECT, text, "free some or raise the limit: nothing can be submitted when it is full")
    elif share >= ALMOST_FULL:
        yield warn(
            SUBJECT, text, "free some or raise the limit; result_ttl and result_value_ttl say how long results stay"
        )
    else:
        yield ok(SUBJECT, text)


def append_only_file(told: Told) -> Iterator[Finding]:
    """Find a server that forgets when it is restarted."""
    if told.get("aof_enabled") == "0":
        what = (
            "it keeps no append-only file: a restart loses what has happened since the last snapshot, if there is one"
        )
        yield warn(SUBJECT, what, "set `appendonly yes`, as delayed and running tasks are kept there alone")
    elif told.get("appendfsync") == "no":
        what = "appendfsync is no: a loss of power loses what the system has not written yet, some 30 s"
        yield warn(SUBJECT, what, "set `appendfsync everysec`")
    elif "aof_enabled" in told:
        yield ok(SUBJECT, f"it keeps an append-only file, written {told.get('appendfsync', 'as it is set')}")


def saving(told: Told) -> Iterator[Finding]:
    """Find a server that could not write to its disk the last time."""
    for name, what in (("aof_last_write_status", "append-only file"), ("rdb_last_bgsave_status", "snapshot")):
        if told.get(name, "ok") != "ok":
            yield fail(
                SUBJECT, f"it could not write its {what}, and may refuse to take anything", "see its log and its disk"
            )


def clients(told: Told) -> Iterator[Finding]:
    """Look how many more may connect; a process of mog takes two connections."""
    connected, most = int(told.get("connected_clients", 0)), int(told.get("maxclients", 0))
    if most and connected >= ALMOST_FULL * most:
        yield warn(SUBJECT, f"{connected} of {most} clients are connected", "raise maxclients, or find who has so many")


def idle_timeout(told: Told) -> Iterator[Finding]:
    """Find a server that hangs up on who says nothing for a while."""
    seconds = told.get("timeout", "0")
    if seconds != "0":
        what = f"timeout is {seconds}: it hangs up on clients that say nothing for so many seconds"
        yield warn(SUBJECT, what, "set `timeout 0`; `tcp-keepalive` finds those that are gone")
