"""What is done to a fleet, and what its customer sees."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from uuid import UUID

from tests.chaos.mix import Order

from mog.engine.distributed.upkeep import RENEW
from mog.engine.redis.leases import LEASE

RENEWED = RENEW * LEASE
"""Seconds after which a lease is renewed."""

GRAIN = 1.0
"""Seconds that a busy machine may add to what takes no time."""


FROZEN = "frozen"
"""The spell of a worker that stands still for a moment."""


@dataclass(frozen=True, slots=True)
class Death:
    """A worker was killed; perhaps before it had joined the store."""

    at: float
    pid: int


@dataclass(frozen=True, slots=True)
class Spell:
    """A disaster, from ``begin`` to ``end``: of the process ``pid``, or of a server or a wire and so of all.

    ``endangers``: whoever it befalls cannot renew its lease meanwhile.
    """

    name: str
    begin: float
    end: float
    pid: int | None = None
    endangers: bool = False


@dataclass(slots=True)
class Deeds:
    """What was done to the fleet, and what the customer saw."""

    orders: dict[UUID, Order] = field(default_factory=dict)
    submitted_at: dict[UUID, float] = field(default_factory=dict)
    answers: dict[UUID, object] = field(default_factory=dict)
    deaths: list[Death] = field(default_factory=list)
    graceful_exits: list[int] = field(default_factory=list)
    revocations: dict[UUID, str] = field(default_factory=dict)
    """What state each revoked task was in thereafter."""
    refused: set[UUID] = field(default_factory=set)
    """The requests that could not be submitted: nothing may come of them."""
    spells: list[Spell] = field(default_factory=list)

    @contextmanager
    def spell(self, name: str, pid: int | None = None, *, endangers: bool = False) -> Iterator[None]:
        """Note a disaster that lasts for the length of the block."""
        begin = time.time()
        try:
            yield
        finally:
            self.spells.append(Spell(name, begin, time.time(), pid, endangers))

    def may_have_lost_its_lease(self, pid: int | None, at: float) -> bool:
        """Whether a process that lives could not renew its lease for so long that it was taken for dead."""
        return any(
            spell.endangers
            and spell.pid in (None, pid)
            and spell.end - spell.begin > LEASE - RENEWED - GRAIN
            and spell.begin < at < spell.end + GRAIN
            for spell in self.spells
        )

    def is_hindered(self, begin: float, end: float) -> bool:
        """Whether a disaster of all fell into a span of time, in part at least."""
        return any(spell.pid is None and spell.begin < end and begin < spell.end for spell in self.spells)
