"""The second's work: clearing away what has expired, freeing orphans."""

from __future__ import annotations

import os

import pytest

from mog.engine.records import Query
from mog.errors import NotConnected, ResultLost
from mog.testing.conformance import Deliveries, Submitter
from mog.testing.conformance.kit import TTL, eventually, new_task, outcome

from .conftest import FileKit, VirtualKit
from .inside import connection_of, scalar


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mog.engine.sqlite.store.TICK", 0.03)
    monkeypatch.setattr("mog.engine.sqlite.recovery._PAUSE", 0.0)
    monkeypatch.setattr("mog.engine.sqlite.recovery.SWEPT_AT_ONCE", 4)


async def test_expired_values_and_results_are_cleared_away(kit: VirtualKit) -> None:
    async with kit.engine() as engine:
        ids = await Submitter(engine).submit(*(new_task(metadata={"a": b"1"}) for _ in range(10)))
        deliveries = await Deliveries.begin(engine, slots=10)
        batch = await deliveries.several(10)
        await engine.results.settle([outcome(delivery) for delivery in batch])
        await engine.state.set([(id_, "late", b"1") for id_ in ids])
        kit.clock.advance(TTL / 2 + 1)

        async def values_gone() -> bool:
            return bool(scalar(engine, "SELECT count(value) FROM result") == 0)

        await eventually(values_gone)
        assert scalar(engine, "SELECT count(*) FROM result") == 10
        kit.clock.advance(TTL / 2)

        async def all_gone() -> bool:
            tables = ("result", "metadata", "state", "message")
            return all(scalar(engine, f"SELECT count(*) FROM {table}") == 0 for table in tables)

        await eventually(all_gone)


async def test_orphaned_claims_are_freed(kit: VirtualKit) -> None:
    async with kit.engine() as engine:
        await Submitter(engine).submit_new()
        connection_of(engine).execute("UPDATE message SET owner = 5, state = 'RUNNING', number_of_starts = 1")
        delivery = await (await Deliveries.begin(engine, slots=1)).next()
        assert (delivery.attempt, delivery.crashes) == (2, 1)


async def test_purging_more_than_one_transactions_worth(kit: VirtualKit, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mog.engine.sqlite.broker._PURGED_AT_ONCE", 3)
    async with kit.engine() as engine:
        await Submitter(engine).submit(*(new_task() for _ in range(10)))
        assert await engine.broker.purge(["tasks"]) == {"tasks": 10}
        assert (await engine.broker.depth(["tasks"]))[0].ready == 0


async def test_finding_among_more_than_one_stretch(kit: VirtualKit, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mog.engine.sqlite.results._KEYS_AT_ONCE", 3)

    async with kit.engine() as engine:
        [wanted] = await Submitter(engine).submit(new_task(name="wanted"))
        await Submitter(engine).submit(*(new_task() for _ in range(10)))
        assert [record.id for record in await engine.results.find(Query(name="wanted"))] == [wanted]
        assert len(await engine.results.find(Query(limit=7))) == 7


async def test_finding_before_an_unknown_record(kit: VirtualKit) -> None:

    async with kit.engine() as engine:
        with pytest.raises(ResultLost):
            await engine.results.find(Query(before=new_task().record.id))


async def test_stray_owner_files_are_removed(file_kit: FileKit) -> None:
    async with file_kit.engine() as engine:
        await Deliveries.begin(engine)
        owners = file_kit.path.with_name("mog.db-owners")
        old, new = owners / f"{7:016x}", owners / f"{8:016x}"
        old.touch()
        new.touch()
        os.utime(old, (0, 0))

        async def removed() -> bool:
            return not old.exists()

        await eventually(removed)
        assert new.exists()


async def test_an_abandoned_engine_can_be_opened_again(kit: VirtualKit) -> None:
    engine = kit.make()
    for _ in range(2):
        await engine.open()
        id_ = await Submitter(engine).submit_new()
        deliveries = await Deliveries.begin(engine, slots=1)
        await engine.results.watch([id_])
        assert (await deliveries.next()).message.id == id_
        await deliveries.consumer.stop()
        engine.abandon()
        engine.abandon()
        with pytest.raises(NotConnected):
            await engine.results.get([id_])
        await engine.open()
        deliveries = await Deliveries.begin(engine, slots=1)
        await deliveries.settle(await deliveries.next())
        await engine.close()


async def test_credit_for_an_engine_that_is_gone_does_no_harm(kit: VirtualKit) -> None:
    engine = kit.make()
    await engine.open()
    deliveries = await Deliveries.begin(engine)
    engine.abandon()
    deliveries.consumer.grant(1)
    await deliveries.consumer.stop()
