"""Workers are killed, frozen and stopped while they work: nothing is lost, nothing is recorded twice."""

import random
from pathlib import Path

import pytest
from tests.chaos.harness import Chaos, Plan

RECOVERY = 2.0
"""Seconds from a kill to the new start of what it hit, at most."""


async def run(plan: Plan, directory: Path) -> None:
    report = await Chaos(plan, directory).run()
    print(f"{plan}\n{report.lines()}")
    assert not report.faults, report.lines()
    assert (report.tasks, report.kills, report.freezes) == (plan.tasks, plan.kills, plan.freezes)
    assert report.crashes >= plan.kills, "the kills hit too little to show anything"
    assert max(report.recoveries) <= RECOVERY


@pytest.mark.chaos
async def test_a_fleet_under_fire_loses_nothing(tmp_path: Path) -> None:
    plan = Plan(tasks=2000, kills=6, workers=3, freezes=1, stops=2, seed=random.randrange(10**9))
    await run(plan, tmp_path)


@pytest.mark.long
@pytest.mark.timeout(1000)
async def test_a_fleet_under_fire_for_long_loses_nothing(tmp_path: Path) -> None:
    seed = random.randrange(10**9)
    await run(Plan(20_000, kills=35, workers=4, freezes=4, stops=6, seed=seed, patience=900.0), tmp_path)
