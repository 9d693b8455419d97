"""Every key in Redis and every field of a task's hash, named once: Python and the scripts take the names from here.

Mognet's keys are ``{app}.mognet.…`` and written as Mognet 2.0 writes them, so that both kinds of process share a
fleet. Ours are ``{app}.mog.…``; besides, a task's hash has fields of ours, which Mognet reads over. Every field of that
hash is a JSON text, since Mognet decodes all that it finds.

Two clocks: leases, and what waits to be sent, go by Redis's own; all that users see (created, started, due, …) by the
time that scripts are given, which is Redis's too unless a test turns it.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from uuid import UUID

SCHEMA = 1
"""Number of this layout. A release that writes what the one before cannot read has a higher one, and sets the app's
key ``schema`` to it; a release that finds a higher number there than its own does not touch the app."""

OF_TASKS: Mapping[str, str] = MappingProxyType(
    {
        "result": ".mognet.result.",  # hash, the fields below; expires from the task's end on
        "state": ".mognet.state.",  # hash of what State.set() keeps; until the task's end
        "body": ".mog.body.",  # string: the request's JSON; until success, or as long as the result
        "waiters": ".mog.waiters.",  # set of clients to be told of the end; an hour from the last one's coming
    }
)
"""Keys that end with a task's id."""

PARTS: Mapping[str, str] = MappingProxyType(
    {
        "value": "/value",  # hash: contents, encoding, content_type
        "children": "/children",  # set of ids as 16 bytes
        "metadata": "/metadata",  # hash of JSON texts
    }
)
"""What is put behind a result's key."""

OF_QUEUES: Mapping[str, str] = MappingProxyType(
    {
        "due": ".mog.due.",  # sorted set: id → due time, of tasks that wait in the store
    }
)
"""Keys that end with a queue's full name."""

OF_OWNERS: Mapping[str, str] = MappingProxyType(
    {
        "node": ".mog.node.",  # hash: what is told of a process
        "running": ".mog.running.",  # hash: id → queue, of the attempts that it owns
    }
)
"""Keys that end with an owner: one life of one process."""

OF_CLIENTS: Mapping[str, str] = MappingProxyType(
    {
        "done": ".mog.done.",  # pub/sub channel: ids, joined by spaces, of watched tasks that have ended
    }
)
"""Channels that end with a client."""

OF_THE_APP: Mapping[str, str] = MappingProxyType(
    {
        "outbox": ".mog.outbox",  # sorted set: id → since when its message is on its way to RabbitMQ (Redis's clock)
        "queues": ".mog.queues",  # set: queues that have something due
        "parked": ".mog.parked",  # sorted set: id → lease end; runs somewhere, its message is acknowledged
        "nodes": ".mog.nodes",  # sorted set: owner → lease end (Redis's clock)
        "index": ".mog.index",  # sorted set: id → order of creation, in microseconds (Redis's clock)
        "dead_queues": ".mog.dead-queues",  # set: queues of which there are, or were, dead letters
        "schema": ".mog.schema",  # string: number of the layout; missing is 1
        "sweeping": ".mog.sweeping",  # string: where the walk through the index has come to
    }
)
"""Keys of which an app has one."""

MOGNET_FIELDS = (
    "id",
    "name",
    "state",
    "number_of_starts",
    "number_of_stops",
    "parent_id",
    "created",
    "started",
    "finished",
    "node_id",
    "request_kwargs_repr",
)
"""The fields of Mognet's Result, in its order. Mognet writes all of them at each change."""

OWN_FIELDS = (
    "mog_queue",  # full name
    "mog_priority",
    "mog_due",  # POSIX seconds
    "mog_expires",  # POSIX seconds; set at the end
    "mog_retries",
    "mog_seq",  # of the message that counts; missing is 0
    "mog_owner",  # whose the last attempt is, or was; missing while the task waits
    "mog_ttl",  # seconds, from the submission
    "mog_own_ttl",  # seconds, from set_ttl() before the end
    "mog_dead",  # why it is to become a dead letter; missing once it has
    "mog_call",  # the call that created it, so that it can be repeated
)
"""The fields of ours. What is missing does not hold, or is nothing."""

RECORD_FIELDS = (*MOGNET_FIELDS, "mog_queue", "mog_priority", "mog_due", "mog_expires", "mog_retries")
"""What a Record is made of."""

_ALL = {**OF_TASKS, **OF_QUEUES, **OF_OWNERS, **OF_CLIENTS, **OF_THE_APP}


class Layout:
    """The keys of one app."""

    def __init__(self, app: str) -> None:
        self.app = app

    def of_task(self, name: str, task_id: UUID, part: str | None = None) -> str:
        """Return a task's key; ``part`` is one of PARTS, of the result's."""
        return f"{self.app}{OF_TASKS[name]}{task_id}{PARTS[part] if part else ''}"

    def of(self, name: str, whose: str = "") -> str:
        """Return a key of a queue, an owner, a client or of the app."""
        return f"{self.app}{_ALL[name]}{whose}"


def lua_names(text: str) -> str:
    """Return definitions, in Lua, of the names from here that a script's ``text`` uses.

    A key's name in capitals is its beginning, without the id: ``RESULT .. id .. VALUE``. The script must have the
    app's name in ``app``.
    """
    lines = [f"local {name.upper()} = app .. '{end}'" for name, end in _ALL.items() if name.upper() in text]
    lines += [f"local {name.upper()} = '{end}'" for name, end in PARTS.items() if name.upper() in text]
    for name, fields in (("RECORD_FIELDS", RECORD_FIELDS), ("OWN_FIELDS", OWN_FIELDS)):
        if name in text:
            quoted = ", ".join(f"'{field}'" for field in fields)
            lines.append(f"local {name} = {{{quoted}}}")
    return "\n".join(lines)
