"""Workers that are killed and wires that break: no task is lost, and each is recorded once."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

import pytest
from tests.runtime.proxy import Proxy

from mog import App, ResultState
from mog.engine.redis.client import Client
from mog.testing.conformance.kit import Deliveries, eventually

from .child import make_app
from .conftest import DistributedKit

CHILD = Path(__file__).with_name("child.py")


class Crew:
    """Worker processes that are replaced when they die."""

    def __init__(self, *arguments: str) -> None:
        self.arguments = arguments
        self.killed = 0
        self.processes: list[asyncio.subprocess.Process] = []

    async def hire(self) -> None:
        command = [sys.executable, str(CHILD), *self.arguments]
        log = (Path(self.arguments[-1]) / "log").open("ab")
        with log:
            self.processes.append(await asyncio.create_subprocess_exec(*command, stdout=log, stderr=log))

    async def kill_one(self) -> None:
        victim = self.processes.pop(0)
        if victim.returncode is None:  # one whose wires broke while it started has ended by itself
            victim.send_signal(signal.SIGKILL)
            self.killed += 1
        await victim.wait()
        await self.hire()

    async def dismiss(self) -> None:
        alive = [process for process in self.processes if process.returncode is None]
        for process in alive:
            process.send_signal(signal.SIGTERM)
        assert [await process.wait() for process in alive] == [0] * len(alive)


@pytest.fixture
async def app(kit: DistributedKit, amqp_url: str, redis_url: str, tmp_path: Path) -> AsyncIterator[App]:
    """The app that submits; what it declares is removed with the kit's."""
    app = make_app(kit.app, amqp_url, redis_url, tmp_path)
    async with app:
        kit.engines.append(app.port().engine)
        yield app


async def submit_all(app: App, count: int) -> list[object]:
    """Submit in portions, so that some come while workers die."""
    results: list[object] = []
    for start in range(0, count, 50):
        requests = [app.create_request("work", number) for number in range(start, min(count, start + 50))]
        results += await app.submit_many(requests)
        await asyncio.sleep(0.1)
    return results


async def disturb(crew: Crew, proxies: tuple[Proxy, ...], chance: random.Random) -> None:
    while True:
        await asyncio.sleep(0.5)
        chance.choice(proxies).cut()
        await asyncio.sleep(0.5)
        await crew.kill_one()


@pytest.mark.chaos
@pytest.mark.timeout(180)
async def test_kills_and_cuts_lose_no_task(
    kit: DistributedKit, app: App, amqp_proxy: Proxy, redis_proxy: Proxy, tmp_path: Path
) -> None:
    count = 600
    crew = Crew(kit.app, amqp_proxy.url, redis_proxy.url, str(tmp_path))
    for _ in range(3):
        await crew.hire()
    disturbing = asyncio.create_task(disturb(crew, (amqp_proxy, redis_proxy), random.Random(os.urandom(4))))
    results = await submit_all(app, count)
    await asyncio.sleep(1)
    disturbing.cancel()
    await asyncio.wait([disturbing])
    await crew.hire()
    values = await asyncio.gather(*(result for result in results))
    assert values == list(range(count))
    assert crew.killed > 0

    async def all_over() -> bool:
        return all(record.done for record in await app.find_results(limit=10_000))

    # a killed parent leaves children that nobody awaits, and whose messages another worker sends after outbox_age
    await eventually(all_over, within=30.0)
    await crew.dismiss()
    ran = set(map(int, (tmp_path / "runs").read_text().split()))
    assert ran == set(range(count))
    for record in await app.find_results(limit=10_000):
        withdrawn = (record.name, record.state, record.number_of_starts) == ("leaf", ResultState.REVOKED, 0)
        assert record.successful or withdrawn, "a child that could not be submitted is revoked, and its parent retried"
    assert [(depth.ready, depth.delayed, depth.running) for depth in await app.queue_depths()] == [(0, 0, 0)]
    async with kit.engine() as sweeper:
        deliveries = await Deliveries.begin(sweeper, slots=10)
        left: set[str] = set()

        async def cleared_up() -> bool:
            left.clear()
            left.update(await remains(kit))
            return not left

        with suppress(TimeoutError):
            await eventually(cleared_up, within=20.0)  # the leases of the killed take a while to end
        assert not left
        assert deliveries.taken == []


async def remains(kit: DistributedKit) -> set[str]:
    """Return what shows that somebody, save one that consumes, owns, owes or waits for anything."""
    client = Client(kit.redis)
    await client.open()
    [keys, nodes] = await client.call([("KEYS", f"{kit.app}.mog.*"), ("ZCARD", f"{kit.app}.mog.nodes")])
    await client.close()
    names = [key.decode().removeprefix(f"{kit.app}.mog.").partition(".")[0] for key in keys]
    kept = {"index", "sweeping", "places", "body"}  # a body only of what has failed, or was not submitted
    return set(names) - kept - ({"node", "nodes"} if names.count("node") == nodes == 1 else set())
