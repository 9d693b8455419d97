"""What kind of server stands at the other end, and whether it will do."""

from __future__ import annotations

import re
from typing import Any

from hiredis import ReplyError

from mog.engine.redis.answers import ServerInfo
from mog.engine.redis.client import Client
from mog.engine.redis.layout import SCHEMA, Layout
from mog.errors import StoreTooNew, StoreUnusable

OLDEST = (6, 2)


async def look_at(client: Client) -> ServerInfo:
    """Ask the server what it is. Raises StoreUnusable for one that will not do; one that may not tell is trusted."""
    [reply] = await client.call([("INFO",)])
    if isinstance(reply, ReplyError):
        return ServerInfo()
    told = dict(line.split(":", 1) for line in reply.decode(errors="replace").splitlines() if ":" in line)
    _refuse(told, str(client.settings))
    return ServerInfo(
        told.get("valkey_version") or told.get("redis_version"),
        told.get("server_name", "redis"),
        told.get("aof_enabled") == "1" if "aof_enabled" in told else None,
        told.get("maxmemory_policy"),
    )


async def check_schema(client: Client, app: str) -> None:
    """Raise StoreTooNew for an app whose keys a newer release writes."""
    [number] = await client.call([("GET", Layout(app).of("schema"))])
    if not isinstance(number, ReplyError):
        refuse_newer(number, app, str(client.settings))


def refuse_newer(number: bytes | None, app: str, label: str) -> None:
    """Raise StoreTooNew for the number of a layout that this release does not know."""
    if number is not None and not (number.isdigit() and int(number) <= SCHEMA):
        named = number.decode(errors="replace")
        raise StoreTooNew(
            f"a newer mog keeps app {app!r} in {label} (schema {named}); this one knows schemas up to {SCHEMA}: "
            "upgrade mogkit"
        )


def _refuse(told: dict[str, Any], label: str) -> None:
    if told.get("cluster_enabled") == "1":
        raise StoreUnusable(
            f"{label} is a Redis Cluster, over which a task's keys would be spread; "
            "use a single Redis, or one with replicas"
        )
    if told.get("role") == "slave":
        raise StoreUnusable(f"{label} is a read-only replica; let the URL lead to its primary")
    version = told.get("redis_version", "")
    numbers = tuple(int(number) for number in re.findall(r"\d+", version)[:2])
    if numbers and numbers < OLDEST:
        raise StoreUnusable(f"{label} is Redis {version}; use Redis 6.2 or later")
