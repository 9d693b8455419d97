"""A store without room: nothing of a batch is stored by half, outcomes wait, and work goes on when there is room."""

from __future__ import annotations

import asyncio
import subprocess
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from uuid import UUID

import pytest

from mog.engine.contracts import Engine
from mog.engine.sqlite.engine import file_engine
from mog.errors import StoreFull
from mog.states import ResultState
from mog.testing.conformance import Deliveries, Submitter
from mog.testing.conformance.kit import eventually, new_task, outcome, record_of

from .inside import connection_of, scalar
from .processes import check_integrity


@pytest.fixture
async def engine(path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Engine]:
    monkeypatch.setattr("mog.engine.sqlite.store.TICK", 0.05)
    monkeypatch.setattr("mog.engine.sqlite.writer._RETRY_AFTER", 0.05)
    engine = file_engine(path, clock=time.time)
    await engine.open()
    yield engine
    await engine.close()


def fill(engine: Engine) -> None:
    """Allow the database no further page."""
    connection_of(engine).execute(f"PRAGMA max_page_count = {scalar(engine, 'PRAGMA page_count')}")


def make_room(engine: Engine) -> None:
    connection_of(engine).execute("PRAGMA max_page_count = 1000000")


async def test_a_batch_without_room_is_not_stored_at_all(engine: Engine) -> None:
    fill(engine)
    tasks = [new_task() for _ in range(500)]
    with pytest.raises(StoreFull, match=r"no room on the disk of .*mog\.db"):
        await engine.results.create(tasks)
    assert await engine.results.get([task.record.id for task in tasks]) == [None] * 500
    make_room(engine)
    assert await engine.results.create(tasks) == [None] * 500


async def test_outcomes_wait_for_room(engine: Engine) -> None:
    id_ = await Submitter(engine).submit_new()
    delivery = await (await Deliveries.begin(engine, slots=1)).next()
    fill(engine)
    settling = asyncio.ensure_future(engine.results.settle([outcome(delivery, content=b"x" * 100_000)]))
    with pytest.raises(StoreFull):
        await engine.results.create([new_task() for _ in range(500)])
    assert (await record_of(engine, id_)).state is ResultState.RUNNING
    assert not settling.done()
    make_room(engine)
    assert await settling == [True]
    assert (await record_of(engine, id_)).state is ResultState.SUCCESS


async def test_outcomes_that_find_no_room_until_close_are_told_so(engine: Engine) -> None:
    await Submitter(engine).submit_new()
    delivery = await (await Deliveries.begin(engine, slots=1)).next()
    fill(engine)
    settling = asyncio.ensure_future(engine.results.settle([outcome(delivery, content=b"x" * 100_000)]))
    await asyncio.sleep(0)
    await engine.close()
    with pytest.raises(Exception, match="closed before this could be stored"):
        await settling
    await engine.open()
    again = await (await Deliveries.begin(engine, slots=1)).next()
    assert (again.message.id, again.attempt) == (delivery.message.id, 2)


async def test_waiting_and_consuming_begin_without_room(
    path: Path, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = await Submitter(engine).submit(new_task(), new_task())
    told: list[UUID] = []
    engine.results.on_finished(told.extend)
    monkeypatch.setattr("mog.engine.sqlite.store.Store._sign_in", _no_room)
    assert len(await engine.results.watch(ids)) == 2
    deliveries = await Deliveries.begin(engine, slots=2)
    await asyncio.sleep(0.1)
    assert deliveries.taken == []
    monkeypatch.undo()
    monkeypatch.setattr("mog.engine.sqlite.store.TICK", 0.05)
    await engine.results.settle([outcome(delivery) for delivery in await deliveries.several(2)])

    async def all_told() -> bool:
        return sorted(told) == sorted(ids)

    await eventually(all_told)


def _no_room(*_: object) -> None:
    raise StoreFull("no room")


SIZE = 3 * 1024 * 1024


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 3 MB."""
    place = tmp_path / "disk"
    place.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "tmpfs", str(place)], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip(f"LOUD: a full disk needs a mount, and that needs root: {mounted.stderr.decode().strip()}")
    try:
        yield place
    finally:
        subprocess.run(["umount", "--lazy", str(place)], check=True)


async def test_a_really_full_disk(small_disk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mog.engine.sqlite.store.TICK", 0.05)
    monkeypatch.setattr("mog.engine.sqlite.writer._RETRY_AFTER", 0.05)
    engine = file_engine(small_disk / "mog.db", clock=time.time)
    await engine.open()
    stored = await Submitter(engine).submit(*(new_task() for _ in range(20)))
    deliveries = await Deliveries.begin(engine, slots=1)
    delivery = await deliveries.next()
    ballast = small_disk / "ballast"
    with pytest.raises(OSError, match="No space"):
        ballast.write_bytes(b"x" * SIZE)
    settling = asyncio.ensure_future(engine.results.settle([outcome(delivery, content=b"x" * 50_000)]))
    deliveries.consumer.grant(3)
    with pytest.raises(StoreFull):
        await _submit_until_full(engine, stored)
    assert not settling.done()
    assert None not in await engine.results.get(stored)
    ballast.unlink()
    assert await settling == [True]
    await deliveries.several(3)

    async def all_there() -> bool:
        return (await engine.broker.depth(["tasks"]))[0].ready == len(stored) - 4

    await eventually(all_there)
    await engine.close()
    check_integrity(small_disk / "mog.db")


async def _submit_until_full(engine: Engine, stored: list[UUID]) -> None:
    while True:  # what is left of the write-ahead log takes a few
        stored += await Submitter(engine).submit(*(new_task() for _ in range(50)))
