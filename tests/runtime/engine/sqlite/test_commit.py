"""What cannot be stored fails alone; what is interrupted is not lost."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from mog.engine.contracts import Engine
from mog.engine.sqlite.transaction import Transaction
from mog.errors import EngineError
from mog.testing.conformance import EngineKit
from mog.testing.conformance.kit import new_task

from .inside import scalar, store_of


async def test_one_task_of_a_batch_fails_alone(kit: EngineKit) -> None:
    async with kit.engine() as engine:
        tasks = [new_task(), new_task(priority=2**70), new_task(), new_task(name="\udc80")]
        answers = await engine.results.create(tasks)
        assert [isinstance(answer, EngineError) for answer in answers] == [False, True, False, True]
        assert "could not store this" in str(answers[1])
        records = await engine.results.get([task.record.id for task in tasks])
        assert [record is None for record in records] == [False, True, False, True]
        assert (await engine.broker.depth(["tasks"]))[0].ready == 2


async def test_one_operation_of_a_transaction_fails_alone(kit: EngineKit) -> None:
    async with kit.engine() as engine:
        good, bad = new_task(), new_task(priority=2**70)
        first, second, third = await asyncio.gather(
            engine.results.create([good]),
            engine.results.create([bad]),
            engine.state.set([(good.record.id, "a", b"1")]),
            return_exceptions=True,
        )
        assert first == [None]
        assert isinstance(second, EngineError)
        assert third == [None]
        assert await engine.state.get([(good.record.id, "a")]) == [b"1"]


async def test_what_a_failed_operation_would_have_told_is_not_told(kit: EngineKit) -> None:
    async with kit.engine() as engine:
        told: list[Sequence[bytes]] = []
        store_of(engine).finished_listeners.append(told.append)

        def fails(transaction: Transaction, _items: Sequence[Any]) -> list[Any]:
            transaction.finished.append(b"x" * 16)
            raise ValueError("no")

        with pytest.raises(EngineError, match="could not store this: no"):
            await store_of(engine).write(fails, (1,))
        assert told == []


async def test_operations_of_one_turn_share_a_transaction(kit: EngineKit) -> None:
    async with kit.engine() as engine:
        positions: list[float] = []

        def note(transaction: Transaction, items: Sequence[Any]) -> list[Any]:
            positions.append(transaction.position)
            return list(items)

        answers = await asyncio.gather(*(store_of(engine).write(note, (number,)) for number in range(3)))
        assert answers == [[0], [1], [2]]
        assert len(set(positions)) == 1
        await store_of(engine).write(note, (3,))
        assert positions[-1] > positions[0]


async def test_a_large_burst_is_parted(kit: EngineKit, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mog.engine.sqlite.writer.ITEMS_IN_A_TRANSACTION", 10)
    async with kit.engine() as engine:
        await asyncio.gather(*(engine.results.create([new_task() for _ in range(4)]) for _ in range(10)))
        assert scalar(engine, "SELECT count(*) FROM result") == 40
        assert scalar(engine, "SELECT count(DISTINCT position) FROM message") == 5


async def test_a_cancelled_call_does_not_undo_its_work(kit: EngineKit) -> None:
    async with kit.engine() as engine:
        task = new_task()
        creating = asyncio.ensure_future(engine.results.create([task]))
        creating.cancel()
        with pytest.raises(asyncio.CancelledError):
            await creating
        assert await engine.results.get([task.record.id]) != [None]


async def test_an_interrupted_transaction_is_repeated(kit: EngineKit) -> None:
    engine: Engine
    async with kit.engine() as engine:
        loop = asyncio.get_running_loop()
        task = new_task()
        interrupted = []

        class Interrupt(BaseException):
            pass

        def interrupt(_transaction: Transaction, items: Sequence[Any]) -> list[Any]:
            if not interrupted:
                interrupted.append(True)
                raise Interrupt
            return list(items)

        loop.set_exception_handler(lambda *_: None)
        both = asyncio.gather(engine.results.create([task]), store_of(engine).write(interrupt, (1,)))
        try:
            await both
        except Interrupt:  # asyncio hands it on in some versions
            raise AssertionError from None
        assert interrupted
        assert await engine.results.get([task.record.id]) != [None]
