"""The append-only file tells the oracle what happens in Redis, through restarts too."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Iterator
from uuid import UUID

import pytest
from tests.chaos.append_only import OPTIONS, AppendOnlyFile
from tests.chaos.redis_ledger import RedisLedger
from tests.runtime.engine.redis.place import Place, outcome
from tests.services import RedisServer, redis

from mog.engine.records import Requeue
from mog.engine.redis.store import RedisStore

NODE = f"{os.getpid()}@host"


@pytest.fixture
def server() -> Iterator[RedisServer]:
    with redis(*OPTIONS) as server:
        yield server


@pytest.fixture
async def place(server: RedisServer) -> AsyncIterator[Place]:
    place = Place(server.url)
    yield place
    await place.close()


@pytest.fixture
def ledger(server: RedisServer, place: Place) -> RedisLedger:
    return RedisLedger(place.app, server.directory)


def story(ledger: RedisLedger, task: UUID) -> list[str]:
    return [event.kind for event in ledger.events() if event.task == task]


async def lapse_and_void(place: Place, owner: RedisStore, other: RedisStore) -> None:
    """Let an owner's lease run out, and another process find that."""
    await place.lapse(owner)
    await other.leases.void()


async def test_a_tasks_life(place: Place, ledger: RedisLedger) -> None:
    store = await place.open(node=NODE)
    assert ledger.consuming() == {os.getpid(): store.owner}
    id_, attempt = await place.start(store)
    await store.attempts.requeue([Requeue(id_, attempt)])
    assert (ledger.ended(), ledger.unfinished(), ledger.owed()) == (0, 1, 1)
    await store.submissions.sent([(id_, 1)])
    assert ledger.owed() == 0
    _, attempt = await place.start(store, id_, seq=1)
    assert await store.attempts.settle([outcome(id_, attempt)]) == [True]
    assert story(ledger, id_) == ["created", "claimed", "freed", "claimed", "ended"]
    end = list(ledger.events())[-1]
    assert (end.starts, end.stops, end.detail) == (2, 2, "SUCCESS")
    assert not [event for event in ledger.events() if event.is_crash]
    assert (ledger.ended(), ledger.unfinished(), ledger.left()) == (1, 0, {"process": 1})
    await store.leases.release()
    assert (ledger.consuming(), ledger.left()) == ({}, {})


async def test_a_crash(place: Place, ledger: RedisLedger) -> None:
    dead, heir = await place.open(node=NODE), await place.open(node=NODE)
    id_, _ = await place.start(dead)
    await lapse_and_void(place, dead, heir)
    await place.start(heir, id_, seq=1)
    assert story(ledger, id_) == ["created", "claimed", "freed", "claimed"]
    assert [event.owner for event in ledger.events() if event.is_crash] == [dead.owner]
    assert (await place.time()) - max(event.at for event in ledger.events()) < 5.0


async def test_what_was_given_up_and_kept(place: Place, ledger: RedisLedger) -> None:
    slow, other = await place.open(node=NODE), await place.open(node=NODE)
    (first, attempt), (second, _) = await place.start(slow), await place.start(slow)
    await lapse_and_void(place, slow, other)
    await slow.leases.renew()
    assert await slow.attempts.reclaim([(second, 1)]) == [True]
    assert await slow.attempts.settle([outcome(first, attempt)]) == [True]
    assert story(ledger, second) == ["created", "claimed", "freed", "kept"]
    assert story(ledger, first) == ["created", "claimed", "freed", "kept", "ended"]


async def test_a_second_end_a_theft_and_a_loss_are_seen(place: Place, ledger: RedisLedger) -> None:
    store, other = await place.open(node=NODE), await place.open(node=NODE)
    done, (running, _) = await place.finish(store), await place.start(store)
    key = place.layout.of_task("result", done)
    await place.call("HSET", key, "state", '"FAILURE"')
    assert story(ledger, done)[-2:] == ["rewritten", "ended"]
    await place.call("DEL", key)
    assert story(ledger, done)[-1] == "forgotten"
    theft = ("state", '"RUNNING"', "mog_owner", f'"{other.owner}"', "started", '"2026-01-01T00:00:00Z"')
    await place.call("HSET", place.layout.of_task("result", running), *theft)
    assert story(ledger, running)[-1] == "stolen"


async def test_it_goes_on_behind_a_restart_and_waits_for_what_is_half_written(
    server: RedisServer, place: Place, ledger: RedisLedger
) -> None:
    before = await place.finish(await place.open(node=NODE))
    assert story(ledger, before)[-1] == "ended"
    server.kill()
    server.start()
    after = await place.finish(await place.open(node=NODE))
    assert story(ledger, after)[-1] == "ended"
    [file] = server.directory.glob("appendonlydir/*.incr.aof")
    whole = file.read_bytes()
    copy = server.directory / "copy" / "appendonly.aof"
    copy.parent.mkdir()
    copied = AppendOnlyFile(copy.parent)
    found = []
    for end in range(100, len(whole), 100):
        copy.write_bytes(whole[:end])
        found += list(copied.transactions())
    assert not copied.is_whole
    copy.write_bytes(whole)
    found += copied.transactions()
    assert copied.is_whole
    assert found == list(AppendOnlyFile(server.directory).transactions())
