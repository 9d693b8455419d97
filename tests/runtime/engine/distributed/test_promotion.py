"""What waits in the store is published in time."""

from __future__ import annotations

import asyncio
import time

from tests.runtime.leftovers import core_of

from mog.engine.contracts import Engine
from mog.engine.distributed.engine import distributed_engine
from mog.engine.distributed.options import DistributedOptions
from mog.testing.conformance.kit import Deliveries, Submitter, new_task

from .conftest import DistributedKit


def on_real_time(kit: DistributedKit, node_id: str) -> Engine:
    """Make an engine whose workers look for what is due once in a blue moon, by the servers' clock."""
    engine = distributed_engine(kit.rabbit, kit.redis, DistributedOptions(kit.app, node_id, tick=60.0))
    kit.engines.append(engine)
    return engine


async def test_what_a_worker_delays_comes_at_its_time(kit: DistributedKit) -> None:
    engine = on_real_time(kit, "worker")
    await engine.open()
    await Submitter(engine).submit_new()
    deliveries = await Deliveries.begin(engine, slots=2)
    due = time.time() + 0.3
    assert await deliveries.requeue(await deliveries.next(), due=due)
    await deliveries.next()
    assert due <= time.time() < due + 5


async def test_what_a_client_delays_for_a_moment_comes_at_its_time(kit: DistributedKit) -> None:
    worker, client = on_real_time(kit, "worker"), on_real_time(kit, "client")
    await worker.open()
    await client.open()
    deliveries = await Deliveries.begin(worker, slots=1)
    due = time.time() + 0.3
    await Submitter(client).submit_new(due=due)
    await deliveries.next()
    assert due <= time.time() < due + 5


async def test_a_client_does_not_stay_for_what_it_has_delayed(kit: DistributedKit) -> None:
    async with kit.engine() as worker:
        async with kit.engine() as client:
            await Submitter(client).submit_new(due=kit.now() + 0.5)
        deliveries = await Deliveries.begin(worker, slots=1)
        await kit.advance(1)
        await deliveries.next()


async def test_many_that_are_due_at_once_all_come(kit: DistributedKit) -> None:
    async with kit.engine() as engine:
        due = kit.now() + 60
        ids = await Submitter(engine).submit(*(new_task(due=due) for _ in range(250)))
        deliveries = await Deliveries.begin(engine, slots=300)
        await asyncio.sleep(0)
        await kit.advance(61)
        assert sorted(one.message.id for one in await deliveries.several(250)) == sorted(ids)
        assert len(core_of(engine).running) == 250
