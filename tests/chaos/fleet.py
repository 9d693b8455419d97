"""The workers of a chaos run, and what is done to them."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from signal import SIGKILL, SIGTERM

from tests.chaos.deeds import FROZEN, Death, Deeds
from tests.chaos.ledger import Ledger
from tests.chaos.processes import Child, start_worker
from tests.chaos.work import REFUSED

from mog.engine.redis.leases import LEASE


class Fleet:
    """Worker processes that are replaced when they die."""

    def __init__(self, directory: Path, settings: Mapping[str, str], ledger: Ledger, deeds: Deeds) -> None:
        self._directory, self._settings = directory, settings
        self._ledger, self._deeds = ledger, deeds
        self._workers: list[Child] = []

    def hire(self) -> None:
        """Start a worker."""
        self._workers.append(start_worker(self._directory, "tests.chaos.families", environment=self._settings))

    async def kill_one(self, chance: random.Random) -> None:
        """Let a worker die at once; one in ten while it starts, perhaps."""
        worker = chance.choice(self.able() if chance.random() < 0.9 else self._workers)
        self._deeds.deaths.append(Death(time.time(), worker.pid))
        worker.send(SIGKILL)
        await self._replace(worker, chance)

    async def stop_one(self, chance: random.Random) -> None:
        """Ask a worker to end."""
        worker = chance.choice(self.able())
        worker.send(SIGTERM)
        await self._replace(worker, chance)
        self._deeds.graceful_exits.append(worker.wait())

    async def freeze_one(self, chance: random.Random) -> None:
        """Let a worker stand still for a short while, in which it keeps all that it has claimed."""
        worker = chance.choice(self.able())
        with self._deeds.spell(FROZEN, worker.pid):
            worker.freeze()
            await asyncio.sleep(chance.uniform(1.2, 2.0))  # the others look for dead processes each second
            worker.thaw()

    async def outlast_a_lease(self, chance: random.Random) -> None:
        """Let a worker stand still until it counts as dead, and go on."""
        worker = chance.choice(self.able())
        with self._deeds.spell("frozen past its lease", worker.pid, endangers=True):
            worker.freeze()
            await asyncio.sleep(LEASE + chance.uniform(0.5, 3.0))
            worker.thaw()

    async def dismiss(self) -> None:
        """Ask all to end, and wait for it."""
        for worker in self._workers:
            worker.send(SIGTERM)
        for worker in self._workers:
            await self.until(lambda worker=worker: not worker.alive, "the worker has ended")
            self._deeds.graceful_exits.append(worker.wait())

    def end(self) -> None:
        """Kill all that is left."""
        for worker in self._workers:
            worker.end()

    def able(self) -> list[Child]:
        """Return the workers that consume. One that found its servers gone when it started is replaced."""
        for worker in [worker for worker in self._workers if not worker.alive and worker.wait() == REFUSED]:
            self._workers.remove(worker)
            self.hire()
        consuming = self._ledger.consuming()
        return [worker for worker in self._workers if worker.alive and worker.pid in consuming]

    def pids(self) -> set[int]:
        """Return the process ids of the living."""
        return {worker.pid for worker in self._workers if worker.alive}

    async def until(self, condition: Callable[[], object], what: str, patience: float = 60.0) -> None:
        """Wait for a condition; AssertionError, with what the workers have said, when patience is over."""
        try:
            async with asyncio.timeout(patience):
                while not condition():
                    await asyncio.sleep(0.01)
        except TimeoutError:
            said = "\n".join(worker.said[-2000:] for worker in self._workers)
            raise AssertionError(f"waited {patience:g} s in vain until {what}; the workers said:\n{said}") from None

    async def _replace(self, worker: Child, chance: random.Random) -> None:
        await self.until(lambda: not worker.alive, "the worker has ended")
        self._workers.remove(worker)
        await asyncio.sleep(chance.choice((0.0, 0.3)))
        self.hire()
