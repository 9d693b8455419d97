"""What waits in the store."""

from __future__ import annotations

from collections.abc import Sequence

from mog.engine.redis.answers import Backlog, WakeUp
from mog.engine.redis.codec import quote, read_wake_up
from mog.engine.redis.scripts import Scripts

STRETCH = 500
"""Tasks of the index that one run of a script looks at: about 1 ms of the server's time."""

SWEPT_EVERY = 1.0
"""Seconds between two stretches that the fleet sweeps."""


class Schedule:
    """See the module's head."""

    def __init__(self, scripts: Scripts) -> None:
        self._scripts = scripts

    async def promote(self, limit: int = 100) -> tuple[list[WakeUp], float | None]:
        """Move to the outbox what is due, or parked behind a lease that has ended, and return it to be published.

        Also returns in how many seconds there is more to do; None if nothing waits in the store.
        """
        seconds, found = await self._scripts.run_once("promote", (limit,))
        return [read_wake_up(one) for one in found], None if seconds is None else float(seconds)

    async def counts(self, queues: Sequence[str]) -> list[Backlog]:
        """Count what waits and runs."""
        answers = await self._scripts.run("counts", (), [(quote(queue),) for queue in queues])
        return [Backlog(*answer) for answer in answers]

    async def purge(self, queues: Sequence[str]) -> list[int]:
        """Revoke all tasks that wait in these queues, here or in RabbitMQ, and return how many there were of each.

        Walks through all known tasks. Those of Mognet that no mog process has run are not known.
        """
        names = list(dict.fromkeys(map(quote, queues)))
        totals = dict.fromkeys(names, 0)
        start: bytes | str | None = "0"
        end: bytes | str = ""
        while start is not None:
            start, end, counts = await self._scripts.run_once("purge", (start, end, STRETCH, *names))
            for name, count in zip(names, counts, strict=True):
                totals[name] += count
        return [totals[quote(queue)] for queue in queues]

    async def sweep(self) -> int:
        """Clear up after tasks whose records are gone: a stretch of the index, at most once a second for the fleet.

        Returns how many tasks it looked at.
        """
        looked_at: int = await self._scripts.run_once("sweep", (STRETCH, SWEPT_EVERY))
        return looked_at
