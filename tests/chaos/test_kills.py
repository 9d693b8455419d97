"""Workers are killed, frozen and stopped while they work: nothing is lost, nothing is recorded twice."""

import random
from pathlib import Path
from signal import SIGKILL
from uuid import UUID

import pytest
from tests.chaos.distributed_ground import distributed_ground
from tests.chaos.grounds import Ground, sqlite_ground
from tests.chaos.harness import Chaos, Plan
from tests.chaos.processes import Child
from tests.chaos.yard import yard

BUSY = 3.0
"""How much longer things may take where a machine has much else to do."""


async def run(plan: Plan, ground: Ground, directory: Path) -> None:
    report = await Chaos(plan, ground, directory).run()
    print(f"{plan}\n{report.lines()}")
    assert not report.faults, report.lines()
    assert report.tasks >= plan.tasks
    assert (report.kills, report.freezes) == (plan.kills, plan.freezes)
    assert report.crashes >= plan.kills, "the kills hit too little to show anything"
    assert max([*report.freed, *report.recoveries], default=0.0) <= BUSY * ground.recovery


async def run_on_sqlite(plan: Plan, directory: Path) -> None:
    async with sqlite_ground(directory) as ground:
        await run(plan, ground, directory)


@pytest.mark.chaos
async def test_a_fleet_under_fire_loses_nothing(tmp_path: Path) -> None:
    plan = Plan(tasks=2000, kills=6, workers=3, freezes=1, stops=2, seed=random.randrange(10**9))
    await run_on_sqlite(plan, tmp_path)


@pytest.mark.chaos
async def test_families_under_fire_lose_nobody(tmp_path: Path) -> None:
    seed = random.randrange(10**9)
    await run_on_sqlite(Plan(600, kills=4, workers=3, freezes=1, stops=1, seed=seed, families=120), tmp_path)


@pytest.mark.chaos
@pytest.mark.timeout(240)
async def test_a_fleet_on_servers_under_fire_loses_nothing(tmp_path: Path, amqp_url: str) -> None:
    """Redis is the test's own and may be stopped; RabbitMQ is not."""
    seed = random.randrange(10**9)
    plan = Plan(300, kills=2, workers=3, freezes=0, stops=1, seed=seed, patience=200.0, families=30, disasters=3)
    async with distributed_ground(amqp_url) as ground:
        await run(plan, ground, tmp_path)


@pytest.mark.long
@pytest.mark.timeout(1000)
async def test_a_fleet_under_fire_for_long_loses_nothing(tmp_path: Path) -> None:
    seed = random.randrange(10**9)
    plan = Plan(20_000, kills=35, workers=4, freezes=4, stops=6, seed=seed, patience=900.0, families=2000)
    await run_on_sqlite(plan, tmp_path)


@pytest.mark.long
@pytest.mark.timeout(3000)
async def test_a_fleet_on_servers_under_fire_for_long_loses_nothing(tmp_path: Path) -> None:
    seed = random.randrange(10**9)
    plan = Plan(20_000, 25, workers=4, freezes=3, stops=5, seed=seed, patience=2400.0, families=1000, disasters=18)
    async with distributed_ground() as ground:
        await run(plan, ground, tmp_path)


@pytest.mark.chaos
async def test_what_a_killed_submitter_was_told_is_stored_has_been_stored(tmp_path: Path) -> None:
    acknowledged = tmp_path / "acknowledged.txt"
    with yard(tmp_path, "tests.chaos.lives") as scene:
        for kill in range(1, 5):
            environment = {"MOG_BROKER": scene.app.config.broker, "CHAOS_DIRECTORY": str(tmp_path)}
            submitter = Child(tmp_path, "-m", "tests.chaos.submitter", environment=environment)
            scene.children.append(submitter)
            goal = kill * random.randint(5_000, 15_000)  # bytes: some hundred ids
            scene.wait_until(
                lambda goal=goal: acknowledged.exists() and acknowledged.stat().st_size > goal, "it submits"
            )
            submitter.send(SIGKILL)
        assert scene.worker("--once", wait=False).wait() == 0

        ids = {UUID(line) for line in acknowledged.read_text().splitlines()}
        ended = [event.task for event in scene.ledger.events() if event.kind == "ended" and event.detail == "SUCCESS"]
        assert ids <= set(ended), "what was acknowledged is lost"
        assert len(ended) == len(set(ended)), "something was recorded twice"
        assert scene.ledger.integrity() == "ok"
