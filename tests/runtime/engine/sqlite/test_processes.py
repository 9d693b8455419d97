"""Several processes at one file: crashes, stops, forks, many at once."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from mog.engine.contracts import Engine
from mog.engine.sqlite.engine import file_engine
from mog.states import ResultState
from mog.testing.conformance import Deliveries, Submitter
from mog.testing.conformance.kit import eventually, new_task, record_of

from .processes import Child, check_integrity


@pytest.fixture
async def engine(path: Path) -> AsyncIterator[Engine]:
    engine = file_engine(path, clock=time.time)
    await engine.open()
    yield engine
    await engine.close()


async def test_kill_9_frees_the_tasks_within_two_seconds(path: Path, engine: Engine) -> None:
    ids = await Submitter(engine).submit(new_task(), new_task())
    child = await Child.start("hold", path, 2)
    await child.lines(2, "took")
    deliveries = await Deliveries.begin(engine, slots=2)
    child.kill()
    killed = time.monotonic()
    again = await deliveries.several(2)
    assert time.monotonic() - killed <= 2.0
    assert {one.message.id for one in again} == set(ids)
    assert {one.crashes for one in again} == {1}
    await child.rest()


async def test_a_dead_process_leaves_no_files(path: Path, engine: Engine) -> None:
    await Submitter(engine).submit_new()
    child = await Child.start("hold", path, 1)
    await child.lines(1, "took")
    [(bell,)] = engine.results.store.database.fetch("SELECT ready FROM process", ())  # type: ignore[attr-defined]
    assert Path(bell).is_socket()
    child.kill()
    await (await Deliveries.begin(engine, slots=1)).next()

    async def cleared() -> bool:
        return not Path(bell).parent.exists()

    await eventually(cleared)
    assert len(list(path.with_name("mog.db-owners").iterdir())) == 1
    await child.rest()


async def test_a_stopped_process_keeps_its_tasks(path: Path, engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mog.engine.sqlite.store.TICK", 0.05)
    monkeypatch.setattr("mog.engine.sqlite.recovery._PAUSE", 0.0)
    id_ = await Submitter(engine).submit_new()
    child = await Child.start("hold", path, 1)
    await child.lines(1, "took")
    child.process.send_signal(signal.SIGSTOP)
    deliveries = await Deliveries.begin(engine, slots=1)
    await asyncio.sleep(1.0)  # 20 looks for dead processes
    assert deliveries.taken == []
    child.process.send_signal(signal.SIGCONT)
    child.tell()
    assert await child.lines(1, "settled") == ["True"]
    assert (await record_of(engine, id_)).state is ResultState.SUCCESS
    await child.rest()


async def test_offspring_of_a_killed_process_does_not_keep_its_tasks(path: Path, engine: Engine) -> None:
    await Submitter(engine).submit_new()
    child = await Child.start("hold_with_offspring", path, 1)
    await child.lines(1, "took")
    while (await child.line())[0] != "spawned":
        pass
    deliveries = await Deliveries.begin(engine, slots=1)
    child.kill()
    killed = time.monotonic()
    await deliveries.next()
    assert time.monotonic() - killed <= 2.0
    await child.rest()


async def test_many_processes_open_a_new_file_at_once(path: Path) -> None:
    children = [await Child.start("submit", path, 3) for _ in range(6)]
    for child in children:
        await child.line()
    for child in children:
        child.tell()
    submitted = {line[1] for child in children for line in await child.rest()}
    assert len(submitted) == 18
    check_integrity(path)
    engine = file_engine(path, clock=time.time)
    await engine.open()
    [depth] = await engine.broker.depth(["tasks"])
    assert depth.ready == 18
    await engine.close()


@pytest.mark.chaos
async def test_kills_lose_nothing_and_record_nothing_twice(path: Path, engine: Engine) -> None:
    ids = {str(id_) for id_ in await Submitter(engine).submit(*(new_task() for _ in range(1500)))}
    done: list[str] = []
    for round_ in range(6):
        workers = [await Child.start("work", path, 5) for _ in range(2)]
        if round_ < 5:
            for worker in workers:
                done += await worker.lines(20 + 7 * round_, "done")
                worker.kill()
                done += [line[1] for line in await worker.rest() if line[0] == "done" and len(line) == 2]
        else:
            await eventually(lambda: _all_done(engine), within=20)
            for worker in workers:
                done += [line[1] for line in await worker.rest() if line[0] == "done"]
    records = await engine.results.get([_uuid(id_) for id_ in ids])
    assert {record.state for record in records if record} == {ResultState.SUCCESS}
    assert len(done) == len(set(done))
    assert set(done) <= ids
    check_integrity(path)


async def _all_done(engine: Engine) -> bool:
    [depth] = await engine.broker.depth(["tasks"])
    return depth.ready == depth.running == 0


def _uuid(text: str) -> object:
    from uuid import UUID

    return UUID(text)


async def test_what_a_forked_child_writes_survives_its_parents_close(path: Path, engine: Engine) -> None:
    await engine.close()
    child = await Child.start("fork_and_write", path)
    await child.rest()
    await engine.open()
    [depth] = await engine.broker.depth(["tasks"])
    assert depth.ready == 100
    check_integrity(path)


async def test_a_child_forked_from_c_is_refused(path: Path) -> None:
    child = await Child.start("fork_untold", path)
    [line] = await child.rest()
    assert line[0] == "StoreUnusable"
    assert "forked from C" in " ".join(line)


async def test_forks_in_the_middle_of_writing(path: Path, engine: Engine) -> None:
    child = await Child.start("fork_often", path)
    submitted = {line[1] for line in await child.rest()}
    [depth] = await engine.broker.depth(["tasks"])
    assert depth.ready == len(submitted) > 10
    check_integrity(path)


async def test_a_forked_child_leaves_its_parents_claims_alone(path: Path, engine: Engine) -> None:
    await Submitter(engine).submit_new()
    deliveries = await Deliveries.begin(engine, slots=1)
    delivery = await deliveries.next()
    child = os.fork()
    if child == 0:
        os._exit(0)
    await asyncio.to_thread(os.waitpid, child, 0)
    other = file_engine(path, clock=time.time)
    await other.open()
    others = await Deliveries.begin(other, slots=1)
    await asyncio.sleep(0.3)
    assert others.taken == []
    assert await deliveries.settle(delivery)
    await other.close()
