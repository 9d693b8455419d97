"""A fleet of workers on one store, a submitter, and a killer that follows a seed."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from signal import SIGKILL, SIGTERM
from typing import Any
from uuid import UUID

from tests.chaos.ledger import Ledger
from tests.chaos.mix import Order, draw, draw_family
from tests.chaos.notes import read_notes
from tests.chaos.oracle import Death, Deeds, Freeze, Report, judge
from tests.chaos.processes import Child, start_worker

from mog import App, Result
from mog.errors import Revoked


@dataclass(frozen=True, slots=True)
class Plan:
    """How much of what. ``kills`` are SIGKILLs, ``freezes`` SIGSTOP and later SIGCONT, ``stops`` SIGTERMs.

    ``families`` of the tasks are parents, which submit further tasks and wait for them; one in five is revoked.
    """

    tasks: int
    kills: int
    workers: int
    freezes: int
    stops: int
    seed: int
    concurrency: int = 10
    max_retries: int = 25
    patience: float = 50.0
    families: int = 0


class Chaos:
    """One run of a plan in an empty directory."""

    def __init__(self, plan: Plan, directory: Path) -> None:
        self.plan = plan
        self.directory = directory
        self.ledger = Ledger(directory / "mog.db")
        self.deeds = Deeds()
        self.chance = random.Random(plan.seed)
        self._parents = frozenset(self.chance.sample(range(plan.tasks), plan.families))
        self.workers: list[Child] = []
        self.app = App("chaos", broker=f"sqlite:///{self.ledger.path}")
        self._waits: list[asyncio.Task[None]] = []

    async def run(self) -> Report:
        """Do it all, and judge."""
        began = time.monotonic()
        try:
            async with asyncio.timeout(self.plan.patience):
                await self._prepare()
                await self._play()
                await asyncio.gather(*self._waits)
                await self._until(lambda: not self.ledger.unfinished(), "the children of killed parents have ended")
                await self._until(lambda: set(self.ledger.consuming()) == self._pids(), "the dead are struck off")
                await self._stop_all()
        finally:
            for worker in self.workers:
                worker.end()
            await self.app.close()
            seconds = time.monotonic() - began
        report = judge(self.deeds, self.ledger, read_notes(self.directory / "runs.log"), self.plan.max_retries)
        report.faults += [f"left behind: {path}" for path in sorted(self._files_of_processes())]
        report.seconds = seconds
        self.ledger.close()
        return report

    async def _prepare(self) -> None:
        await self.app.connect()
        await self.app.close()
        self.ledger.install()
        await self.app.connect()
        for _ in range(self.plan.workers):
            self._start_worker()

    def _start_worker(self) -> None:
        environment = {
            "MOG_MAX_RETRIES": str(self.plan.max_retries),
            "MOG_CONCURRENCY": str(self.plan.concurrency),
        }
        self.workers.append(start_worker(self.directory, "tests.chaos.families", environment=environment))

    # -- the submitter and the killer

    async def _play(self) -> None:
        """Submit one share of the tasks for each deed, and do the deed while they are worked on."""
        plan, chance = self.plan, self.chance
        deeds = [self._kill_one] * plan.kills + [self._freeze_one] * plan.freezes + [self._stop_one] * plan.stops
        chance.shuffle(deeds)
        share = plan.tasks // len(deeds)
        for number, deed in enumerate(deeds):
            await self._until(lambda: len(self._able()) >= 2, "two workers are there")
            count = share if number < len(deeds) - 1 else plan.tasks - len(self.deeds.orders)
            async with asyncio.TaskGroup() as group:
                goal = len(self.deeds.orders) + share * chance.uniform(0.0, 0.7)
                group.create_task(self._submit(count))
                await self._until(lambda goal=goal: self.ledger.ended() >= goal, "tasks are worked on")
                await deed(chance)

    async def _submit(self, count: int) -> None:
        while count > 0:
            chunk = min(self.chance.choice((1, 1, 10, 100, 300)), count)
            count -= chunk
            orders = [self._draw(len(self.deeds.orders) + number) for number in range(chunk)]
            now = time.time()
            self.deeds.orders.update({order.request.id: order for order in orders})
            self.deeds.submitted_at.update({order.request.id: now for order in orders})
            results = await self._send(orders)
            self._waits += [asyncio.create_task(self._wait(result)) for result in results]
            for order, result in zip(orders, results, strict=True):
                if order.revoke_after is not None:
                    self._waits.append(asyncio.create_task(self._revoke(result.id, order.revoke_after)))

    def _draw(self, index: int) -> Order:
        if index in self._parents:
            return draw_family(self.chance, index, self.chance.randint(1, 2), doomed=0.2)
        return draw(self.chance, index)

    async def _send(self, orders: list[Order]) -> list[Result[Any]]:
        if len(orders) == 1:
            return [await self.app.submit(orders[0].request)]
        return await self.app.submit_many([order.request for order in orders])

    async def _wait(self, result: Result[Any]) -> None:
        try:
            value = await result
        except ValueError as error:
            value = error.args[0]
        except Revoked:
            value = self.deeds.orders[result.id].index
        self.deeds.answers[result.id] = (str(result.state), value)

    async def _revoke(self, task: UUID, after: float) -> None:
        await asyncio.sleep(after)
        self.deeds.revocations[task] = str((await self.app.revoke(task)).state)

    async def _kill_one(self, chance: random.Random) -> None:
        worker = chance.choice(self._able() if chance.random() < 0.9 else self.workers)  # some die while they start
        self.deeds.deaths.append(Death(time.time(), worker.pid))
        worker.send(SIGKILL)
        await self._replace(worker, chance)

    async def _stop_one(self, chance: random.Random) -> None:
        worker = chance.choice(self._able())
        worker.send(SIGTERM)
        await self._replace(worker, chance)
        self.deeds.graceful_exits.append(worker.wait())

    async def _freeze_one(self, chance: random.Random) -> None:
        worker = chance.choice(self._able())
        owner = self.ledger.consuming()[worker.pid]
        worker.freeze()
        begin, claims = time.time(), self.ledger.claims(owner)
        await asyncio.sleep(chance.uniform(1.2, 2.0))  # the others look for dead processes each second
        kept, end = self.ledger.claims(owner), time.time()
        off = self.ledger.revoked()
        assert kept == [claim for claim in claims if claim in kept or claim[0] not in off], "it lost its claims"
        worker.thaw()
        self.deeds.freezes.append(Freeze(begin, end, owner))

    async def _replace(self, worker: Child, chance: random.Random) -> None:
        await self._until(lambda: not worker.alive, "the worker has ended")
        self.workers.remove(worker)
        await asyncio.sleep(chance.choice((0.0, 0.3)))
        self._start_worker()

    async def _stop_all(self) -> None:
        for worker in self.workers:
            worker.send(SIGTERM)
        for worker in self.workers:
            await self._until(lambda worker=worker: not worker.alive, "the worker has ended")
            self.deeds.graceful_exits.append(worker.wait())

    # -- looks

    def _able(self) -> list[Child]:
        consuming = self.ledger.consuming()
        return [worker for worker in self.workers if worker.alive and worker.pid in consuming]

    def _pids(self) -> set[int]:
        return {worker.pid for worker in self.workers if worker.alive}

    def _files_of_processes(self) -> list[Path]:
        """Return the files by which processes find each other: locks of owners, doorbells."""
        return [*self.directory.glob("mog.db-owners/*"), *self.directory.glob("t/mog-*")]

    async def _until(self, condition: Callable[[], bool], what: str, patience: float = 30.0) -> None:
        try:
            async with asyncio.timeout(patience):
                while not condition():
                    await asyncio.sleep(0.01)
        except TimeoutError:
            said = "\n".join(worker.said[-2000:] for worker in self.workers)
            raise AssertionError(f"waited {patience:g} s in vain until {what}; the workers said:\n{said}") from None
