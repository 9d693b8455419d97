"""Doorbells: full queues, dead bells, and engines that hear."""

from __future__ import annotations

import asyncio
import shutil
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from mog.engine.contracts import Engine
from mog.engine.sqlite import doorbells
from mog.engine.sqlite.doorbells import Bell, BellTower, Ringer
from mog.engine.sqlite.engine import file_engine
from mog.testing.conformance import Deliveries, Submitter
from mog.testing.conformance.kit import eventually, new_task, outcome

from .inside import connection_of


@pytest.fixture
def tower() -> Iterator[BellTower]:
    tower = BellTower()
    yield tower
    tower.close()


@pytest.fixture
def bell(tower: BellTower) -> Bell:
    return tower.hang_finished()


@pytest.fixture
def ringer() -> Iterator[Ringer]:
    ringer = Ringer()
    yield ringer
    ringer.close()


def ids(count: int, start: int = 0) -> list[bytes]:
    return [number.to_bytes(16) for number in range(start, start + count)]


def stuff(ringer: Ringer, bell: Bell) -> None:
    """Fill the bell's queue."""
    while ringer._send(str(bell.path), b"stuffing"):
        pass


def test_a_tower_is_private_and_its_name_short(tower: BellTower) -> None:
    assert tower.directory.stat().st_mode & 0o777 == 0o700
    assert len(str(tower.hang_ready().path)) < 104


def test_ids_arrive(ringer: Ringer, bell: Bell) -> None:
    assert ringer.finished(str(bell.path), ids(3))
    assert b"".join(bell.heard()) == b"".join(ids(3))


def test_many_ids_are_parted(ringer: Ringer, bell: Bell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doorbells, "IDS_IN_A_RING", 2)
    assert ringer.finished(str(bell.path), ids(5))
    assert [len(ring) for ring in bell.heard()] == [32, 32, 16]


def test_a_full_queue_makes_debts_that_are_settled(ringer: Ringer, bell: Bell) -> None:
    stuff(ringer, bell)
    assert ringer.finished(str(bell.path), ids(2))
    assert ringer.finished(str(bell.path), ids(2, 2))
    assert ringer.owes
    bell.heard()
    ringer.settle_debts()
    assert not ringer.owes
    assert b"".join(bell.heard()) == b"".join(ids(4))


def test_too_many_debts_become_a_call_to_look(ringer: Ringer, bell: Bell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doorbells, "IDS_OWED", 3)
    stuff(ringer, bell)
    ringer.finished(str(bell.path), ids(2))
    ringer.finished(str(bell.path), ids(2))
    ringer.finished(str(bell.path), ids(1))
    bell.heard()
    ringer.settle_debts()
    assert bell.heard() == [b""]


def test_a_ready_ring_is_dropped_at_a_full_queue(ringer: Ringer, bell: Bell) -> None:
    stuff(ringer, bell)
    assert ringer.ready(str(bell.path))
    assert not ringer.owes


def test_a_bell_that_nobody_answers(ringer: Ringer, tower: BellTower) -> None:
    bell = tower.hang_ready()
    bell.close()
    assert not ringer.ready(str(bell.path))
    assert not ringer.finished(str(bell.path), ids(1))
    assert not ringer.ready("/nowhere/at/all")
    assert not ringer.owes


@pytest.fixture
async def worker(path: Path) -> AsyncIterator[Engine]:
    engine = file_engine(path, clock=time.time)
    await engine.open()
    yield engine
    await engine.close()


@pytest.fixture
async def client(path: Path) -> AsyncIterator[Engine]:
    engine = file_engine(path, clock=time.time)
    await engine.open()
    yield engine
    await engine.close()


async def test_bells_wake_without_a_tick(worker: Engine, client: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mog.engine.sqlite.store.TICK", 3600)
    told = asyncio.Event()
    client.results.on_finished(lambda _: told.set())
    deliveries = await Deliveries.begin(worker, slots=1)
    id_ = await Submitter(client).submit_new()
    await client.results.watch([id_])
    await deliveries.settle(await deliveries.next())
    async with asyncio.timeout(5):
        await told.wait()


async def test_a_busy_consumer_is_not_woken(worker: Engine, client: Engine) -> None:
    deliveries = await Deliveries.begin(worker, slots=1)
    await Submitter(client).submit_new()
    await deliveries.next()
    await Submitter(client).submit(*(new_task() for _ in range(5)))
    [(bell,)] = connection_of(client).execute("SELECT ready FROM process").fetchall()
    selector = asyncio.get_running_loop()._selector  # type: ignore[attr-defined]
    listened = [key.fileobj for key in selector.get_map().values()]
    assert all(getattr(one, "getsockname", lambda: "")() != bell for one in listened)


async def test_the_tick_finds_what_no_bell_told(
    worker: Engine, client: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mog.engine.sqlite.store.TICK", 0.05)
    monkeypatch.setattr(Ringer, "_send", lambda *_: True)
    told = asyncio.Event()
    client.results.on_finished(lambda _: told.set())
    deliveries = await Deliveries.begin(worker, slots=1)
    id_ = await Submitter(client).submit_new()
    await client.results.watch([id_])
    await worker.results.settle([outcome(await deliveries.next())])
    async with asyncio.timeout(5):
        await told.wait()


async def test_removed_bells_are_hung_again(worker: Engine, client: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mog.engine.sqlite.store.TICK", 0.05)
    monkeypatch.setattr("mog.engine.sqlite.recovery._PAUSE", 0.0)
    await Deliveries.begin(worker, slots=1)

    def hung() -> str:
        [(bell,)] = connection_of(client).execute("SELECT ready FROM process").fetchall()
        return str(bell)

    before = hung()
    shutil.rmtree(Path(before).parent)

    async def again() -> bool:
        return hung() != before and Path(hung()).is_socket()

    await eventually(again)


async def test_a_removed_owner_file_is_made_again(
    path: Path, worker: Engine, client: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mog.engine.sqlite.store.TICK", 0.05)
    monkeypatch.setattr("mog.engine.sqlite.recovery._PAUSE", 0.0)
    await Deliveries.begin(worker, slots=1)
    [owner] = path.with_name("mog.db-owners").iterdir()
    owner.unlink()

    async def again() -> bool:
        return owner.exists()

    await eventually(again)


async def test_a_consumer_that_was_struck_off_signs_in_when_it_claims(worker: Engine, client: Engine) -> None:
    deliveries = await Deliveries.begin(worker, slots=1)
    connection_of(client).execute("DELETE FROM process")
    await Submitter(worker).submit_new()
    await deliveries.next()
    assert connection_of(client).execute("SELECT count(*) FROM process").fetchone() == (1,)
