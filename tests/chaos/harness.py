"""A fleet of workers on one engine, a customer, and all that befalls them, which follows a seed."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count, cycle, islice
from pathlib import Path

from tests.chaos.customer import Customer
from tests.chaos.fleet import Fleet
from tests.chaos.grounds import Deed, Ground
from tests.chaos.mix import Order, draw, draw_blocking, draw_family
from tests.chaos.notes import read_notes
from tests.chaos.oracle import Report, judge


@dataclass(frozen=True, slots=True)
class Plan:
    """How much of what. ``kills`` are SIGKILLs, ``freezes`` SIGSTOP and later SIGCONT, ``stops`` SIGTERMs.

    ``families`` of the tasks are parents, which submit further tasks and wait for them; one in five is revoked.
    ``disasters`` are those of the ground, in an order of the seed's; each as often as the others.
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
    disasters: int = 0


class Chaos:
    """One run of a plan, on a ground, with an empty directory."""

    def __init__(self, plan: Plan, ground: Ground, directory: Path) -> None:
        self.plan, self.ground, self.directory = plan, ground, directory
        self.chance = random.Random(plan.seed)
        self.deeds = ground.deeds
        settings = {
            **ground.settings,
            "MOG_MAX_RETRIES": str(plan.max_retries),
            "MOG_CONCURRENCY": str(plan.concurrency),
        }
        self.fleet = Fleet(directory, settings, ground.ledger, self.deeds)
        self.customer = Customer(ground.app, self.deeds, self.chance)
        self._parents = frozenset(self.chance.sample(range(plan.tasks), plan.families))
        self._numbers = count()
        self._surplus = count(plan.tasks)

    async def run(self) -> Report:
        """Do it all, and judge."""
        began = time.monotonic()
        late = []
        try:
            async with asyncio.timeout(self.plan.patience):
                await self._run()
        except TimeoutError:
            late = [f"not over after {self.plan.patience:g} s"]
        finally:
            await self.customer.leave()
            self.fleet.end()
            await self.ground.app.close()
        notes = read_notes(self.directory / "runs.log")
        report = judge(self.deeds, self.ground.ledger, notes, self.plan.max_retries)
        report.faults = [*late, *report.faults, *(f"left behind: {what}" for what in await self.ground.left())]
        report.seconds = time.monotonic() - began
        return report

    async def _run(self) -> None:
        ledger, until = self.ground.ledger, self.fleet.until
        await self.ground.prepare()
        for _ in range(self.plan.workers):
            self.fleet.hire()
        await self._play()
        await until(lambda: len(self.fleet.able()) >= 2, "two workers are there")
        await self.customer.finish()
        await until(lambda: not ledger.unfinished(), "the children of killed parents have ended")
        await until(lambda: not ledger.owed(), "nothing is on its way any more")
        await until(lambda: set(ledger.consuming()) == self.fleet.pids(), "the dead are struck off")
        await self.fleet.dismiss()

    async def _play(self) -> None:
        """Submit one share of the tasks for each deed, and do the deed while they are worked on."""
        plan, chance, ledger = self.plan, self.chance, self.ground.ledger
        deeds = [
            *[self.fleet.kill_one] * plan.kills,
            *[self.fleet.freeze_one] * plan.freezes,
            *[self.fleet.stop_one] * plan.stops,
            *islice(cycle(self._disasters()), plan.disasters),
        ]
        chance.shuffle(deeds)
        share = plan.tasks // len(deeds)
        for number, deed in enumerate(deeds):
            await self.fleet.until(lambda: len(self.fleet.able()) >= 2, "two workers are there")
            size = share if number < len(deeds) - 1 else plan.tasks - number * share
            goal = len(self.deeds.orders) + share * chance.uniform(0.0, 0.7)
            async with asyncio.TaskGroup() as group:
                group.create_task(self.customer.order(list(islice(self._orders(), size))))
                await self.fleet.until(lambda goal=goal: ledger.ended() >= goal, "tasks are worked on", 120.0)
                await deed(chance)

    def _disasters(self) -> list[Deed]:
        """Return what befalls the ground, and where leases run out, what befalls the processes that hold them."""
        own = list(self.ground.disasters())
        found = [*own, self.fleet.outlast_a_lease, self._block] if own else []
        return self.chance.sample(found, len(found))

    async def _block(self, chance: random.Random) -> None:
        """Submit two tasks that block a loop for longer than RabbitMQ's heartbeats; one holds the interpreter lock."""
        await self.customer.order([draw_blocking(chance, next(self._surplus), how) for how in ("block", "hold")])

    def _orders(self) -> Iterator[Order]:
        for index in self._numbers:
            if index in self._parents:
                yield draw_family(self.chance, index, self.chance.randint(1, 2), doomed=0.2)
            else:
                yield draw(self.chance, index)
