"""A server that stops and comes back, with what it had and without."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from uuid import UUID

import pytest
from tests.services import RedisServer, redis

from mog.engine.redis.answers import Verdict
from mog.engine.redis.store import RedisStore
from mog.errors import EngineUnavailable

from .place import Listener, Place, eventually, outcome


@pytest.fixture
async def saving() -> AsyncIterator[RedisServer]:
    """A server that writes down each command before it answers."""
    with redis("--appendonly", "yes", "--appendfsync", "always") as server:
        yield server


async def works(store: RedisStore) -> bool:
    try:
        await store.leases.renew()
    except EngineUnavailable:
        return False
    return True


async def test_with_an_append_only_file_nothing_is_lost(saving: RedisServer) -> None:
    place = Place(saving.url)
    store = await place.open()
    listener = Listener(store)
    running, attempt = await place.start(store)
    late, pending = place.new(due=await place.time() - 1), place.new(metadata={"a": b"1"})
    await store.submissions.create([late, pending])
    await store.watches.watch([running])
    before = await store.records.get([running, late.record.id, pending.record.id])
    saving.kill()
    with pytest.raises(EngineUnavailable, match=r"cannot be reached|was lost"):
        await store.attempts.settle([outcome(running, attempt)])
    saving.start()
    await eventually(lambda: works(store))
    assert await store.records.get([running, late.record.id, pending.record.id]) == before
    assert [found.id for found in (await store.schedule.promote())[0]] == [late.record.id]
    assert {found.id for found in await store.submissions.unsent(0.0)} == {late.record.id, pending.record.id}
    assert await store.attempts.settle([outcome(running, attempt)]) == [True]
    assert await listener.until(1) == [running]
    await place.close()


async def test_without_one_all_goes_on_with_nothing(own_redis: RedisServer) -> None:
    place = Place(own_redis.url)
    store = await place.open()
    listener = Listener(store)
    running, attempt = await place.start(store)
    await store.watches.watch([running])
    own_redis.kill()
    own_redis.start()
    await eventually(lambda: works(store))
    assert await listener.until(1) == [running], "who waits is told that it is gone"
    assert await store.records.get([running]) == [None]
    assert await store.attempts.settle([outcome(running, attempt)]) == [False]
    [admission] = await store.attempts.admit([place.arrival(running)])
    assert admission.verdict is Verdict.MISSING
    assert (await store.leases.renew()).running == 0
    await place.finish(store)
    await place.close()


async def test_a_server_that_is_shut_down_under_load_loses_no_end(saving: RedisServer) -> None:
    """Each end is repeated until it is taken, as the host of an engine does it; each counts once."""
    place = Place(saving.url)
    store = await place.open()
    runs = [await place.start(store) for _ in range(60)]
    taken: list[bool] = []
    under_way = asyncio.Event()

    async def settle(run: tuple[UUID, int]) -> None:
        while True:
            try:
                taken.extend(await store.attempts.settle([outcome(*run)]))
            except EngineUnavailable:
                await asyncio.sleep(0.02)
            else:
                under_way.set()
                return

    settling = [asyncio.create_task(settle(run)) for run in runs]
    await under_way.wait()
    await asyncio.get_running_loop().run_in_executor(None, saving.stop)
    await asyncio.get_running_loop().run_in_executor(None, saving.start)
    await asyncio.gather(*settling)
    records = await store.records.get([id_ for id_, _ in runs])
    assert {(record.number_of_starts, record.number_of_stops) for record in records if record} == {(1, 1)}
    assert len(taken) == len(runs)
    await place.close()
