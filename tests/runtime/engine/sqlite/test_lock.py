"""Waiting for the store's lock while another process holds it."""

from __future__ import annotations

import asyncio
import logging
import signal
import sqlite3
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from mog.engine.contracts import Engine
from mog.engine.sqlite.engine import file_engine
from mog.engine.sqlite.lock import StoreLock
from mog.errors import EngineUnavailable
from mog.states import ResultState
from mog.testing.conformance import Deliveries, Submitter
from mog.testing.conformance.kit import eventually, new_task, outcome, record_of

from .processes import Child


@pytest.fixture
async def engine(path: Path) -> AsyncIterator[Engine]:
    engine = file_engine(path, clock=time.time, lock_timeout=0.3)
    await engine.open()
    yield engine
    await engine.close()


@pytest.fixture
async def keeper(path: Path, engine: Engine) -> AsyncIterator[Child]:
    """A process that holds the lock."""
    child = await Child.start("keep_lock", path)
    assert await child.line() == ["ready"]
    yield child
    await child.rest()


def test_the_lock_is_exclusive_and_names_its_holder(tmp_path: Path) -> None:
    first, second = StoreLock(tmp_path / "lock"), StoreLock(tmp_path / "lock")
    assert first.acquire(wait=False)
    assert not second.acquire(wait=True)
    assert "pytest" in second.holder()
    first.release()
    assert second.acquire(wait=True)
    first.close()
    second.close()


def test_a_new_lock_file_has_no_holder(tmp_path: Path) -> None:
    lock = StoreLock(tmp_path / "lock")
    assert lock.holder() == "an unknown process"
    lock.close()


async def test_a_write_waits_until_the_lock_is_free(engine: Engine, keeper: Child) -> None:
    submitting = asyncio.create_task(Submitter(engine).submit_new())
    await asyncio.sleep(0.05)
    assert not submitting.done()
    keeper.tell()
    await submitting


async def test_after_its_time_a_write_fails_and_names_the_holder(engine: Engine, keeper: Child) -> None:
    keeper.process.send_signal(signal.SIGSTOP)
    with pytest.raises(EngineUnavailable, match=rf"held for 0.3 s by process {keeper.process.pid} .*child.py"):
        await engine.results.create([new_task()])
    keeper.process.send_signal(signal.SIGCONT)


async def test_reading_needs_no_lock(engine: Engine, keeper: Child) -> None:
    assert await engine.results.get([new_task().record.id]) == [None]


async def test_a_long_wait_is_logged_once(
    engine: Engine, keeper: Child, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mog.engine.sqlite.writer._NAME_HOLDER_AFTER", 0.05)
    with caplog.at_level(logging.WARNING), pytest.raises(EngineUnavailable):
        await engine.results.create([new_task()])
    [record] = caplog.records
    assert f"held by process {keeper.process.pid}" in record.getMessage()


async def test_outcomes_wait_longer_than_others(path: Path, engine: Engine) -> None:
    id_ = await Submitter(engine).submit_new()
    delivery = await (await Deliveries.begin(engine, slots=1)).next()
    keeper = await Child.start("keep_lock", path)
    assert await keeper.line() == ["ready"]
    settling = asyncio.ensure_future(engine.results.settle([outcome(delivery)]))
    with pytest.raises(EngineUnavailable):
        await engine.results.create([new_task()])
    assert not settling.done()
    keeper.tell()
    assert await settling == [True]
    assert (await record_of(engine, id_)).state is ResultState.SUCCESS
    await keeper.rest()


async def test_close_does_not_wait_for_ever(path: Path, engine: Engine, caplog: pytest.LogCaptureFixture) -> None:
    await Submitter(engine).submit_new()
    delivery = await (await Deliveries.begin(engine, slots=1)).next()
    keeper = await Child.start("keep_lock", path)
    assert await keeper.line() == ["ready"]
    settling = asyncio.ensure_future(engine.results.settle([outcome(delivery)]))
    await asyncio.sleep(0)
    async with asyncio.timeout(5.0):
        await engine.close()
    with pytest.raises(EngineUnavailable, match="closed before"):
        await settling
    assert "as after a crash" in caplog.text
    await keeper.rest()
    await engine.open()


async def test_opening_waits_for_the_lock_and_names_the_holder(path: Path, engine: Engine, keeper: Child) -> None:
    second = file_engine(path, clock=time.time, lock_timeout=0.2)
    with pytest.raises(EngineUnavailable, match=rf"by process {keeper.process.pid}"):
        await second.open()
    opening = asyncio.create_task(_open(path))
    keeper.tell()
    await (await opening).close()


async def _open(path: Path) -> Engine:
    engine = file_engine(path, clock=time.time, lock_timeout=10.0)
    await engine.open()
    return engine


async def test_another_programs_lock_is_waited_for(path: Path, engine: Engine) -> None:
    foreign = sqlite3.connect(path, isolation_level=None)
    foreign.execute("BEGIN IMMEDIATE")
    submitting = asyncio.create_task(Submitter(engine).submit_new())
    await asyncio.sleep(0.1)
    assert not submitting.done()
    foreign.execute("COMMIT")
    await submitting
    foreign.close()


async def test_another_programs_lock_is_waited_for_no_longer_than_allowed(path: Path, engine: Engine) -> None:
    foreign = sqlite3.connect(path, isolation_level=None)
    foreign.execute("BEGIN IMMEDIATE")
    with pytest.raises(EngineUnavailable, match="locked by another program"):
        await engine.results.create([new_task()])
    foreign.close()
    await Submitter(engine).submit_new()


async def test_consuming_goes_on_after_a_lock(path: Path, engine: Engine) -> None:
    deliveries = await Deliveries.begin(engine, slots=1)
    keeper = await Child.start("keep_lock", path)
    assert await keeper.line() == ["ready"]
    submitting = asyncio.gather(engine.results.create([new_task()]), return_exceptions=True)
    [failure] = await submitting
    assert isinstance(failure, EngineUnavailable)
    keeper.tell()
    assert await keeper.line() == ["released"]
    id_ = await Submitter(engine).submit_new()
    assert (await deliveries.next()).message.id == id_
    await keeper.rest()


async def test_a_lock_that_dies_with_its_holder_is_free(engine: Engine, keeper: Child) -> None:
    submitting = asyncio.create_task(Submitter(engine).submit_new())
    await asyncio.sleep(0)
    keeper.kill()
    await submitting

    async def ended() -> bool:
        return keeper.process.returncode is not None

    await eventually(ended)
