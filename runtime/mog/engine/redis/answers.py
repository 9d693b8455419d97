"""What passes between the store and the engine that puts it together with RabbitMQ."""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple
from uuid import UUID

from mog.engine.records import Record


class WakeUp(NamedTuple):
    """A message that is to be published: a task may start. Of several, the one with the task's seq counts."""

    id: UUID
    seq: int
    queue: str
    priority: int
    body: bytes


class Arrival(NamedTuple):
    """A message that has come from a queue. ``seq`` is None in one that a Mognet process published."""

    id: UUID
    seq: int | None
    queue: str
    priority: int
    body: bytes


class Verdict(Enum):
    """What is to become of an arrival."""

    START = "start"
    """Run it: it is RUNNING now, and its attempt is this process's."""
    PARKED = "parked"
    """Acknowledge it: another attempt runs; the store wakes the task up again when that one's owner is gone."""
    STALE = "stale"
    """Acknowledge it: a newer message counts."""
    DONE = "done"
    """Acknowledge it: the task has ended. With ``dead``: make it a dead letter first, see Attempts.buried()."""
    MISSING = "missing"
    """Make it a dead letter: the store knows nothing of the task."""


class Admission(NamedTuple):
    """The store's answer to an arrival. All but ``verdict`` and ``dead`` are a started attempt's, see Delivery."""

    verdict: Verdict
    attempt: int = 0
    crashes: int = 0
    retries: int = 0
    created: float = 0.0
    parent_id: UUID | None = None
    dead: str | None = None


class Revoked(NamedTuple):
    """What revoking has led to. ``changed``: it has ended only now, so whoever may run it must be told."""

    record: Record
    changed: bool


class Lease(NamedTuple):
    """How a process stands.

    ``held`` is False if its lease had run out: others may have taken its tasks (see Leases.reclaim). ``running`` is
    how many attempts the store counts as its own.
    """

    held: bool
    running: int


class Backlog(NamedTuple):
    """How many tasks of a queue the store keeps back: ``delayed`` until later, ``due`` already; how many run."""

    delayed: int
    due: int
    running: int


class ServerInfo(NamedTuple):
    """What the server says of itself; None where it does not say, or its rules forbid asking."""

    version: str | None = None
    product: str = "redis"
    aof: bool | None = None
    eviction: str | None = None
