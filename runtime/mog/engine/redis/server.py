"""What kind of server stands at the other end, and whether it will do."""

from __future__ import annotations

import re
from typing import Any

from hiredis import ReplyError

from mog.engine.redis.answers import ServerInfo
from mog.engine.redis.client import Client
from mog.errors import StoreUnusable

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
