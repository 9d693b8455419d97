"""What every :class:`~mog.engine.contracts.ResultBackend` promises to those who wait for tasks."""

# The name of a test says what it checks.
# ruff: noqa: D102

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID, uuid4

from mog.engine.contracts import Engine
from mog.states import ResultState
from mog.testing.conformance.kit import PATIENCE, Deliveries, EngineKit, Submitter, new_task, outcome


@dataclass
class Listener:
    """Collects the ids that it is told."""

    told: list[UUID] = field(default_factory=list)
    _event: asyncio.Event = field(default_factory=asyncio.Event)

    @classmethod
    def on(cls, engine: Engine) -> Listener:
        """Listen to an engine."""
        listener = cls()
        engine.results.on_finished(listener.hear)
        return listener

    def hear(self, ids: Sequence[UUID]) -> None:
        """Take what is told."""
        self.told += ids
        self._event.set()

    async def several(self, count: int) -> list[UUID]:
        """Wait until ``count`` ids have been told, and return all."""
        async with asyncio.timeout(PATIENCE):
            while len(self.told) < count:
                self._event.clear()
                await self._event.wait()
        return self.told


class WaitingConformance:
    """Subclass it, and give it a fixture ``kit`` that returns an :class:`EngineKit`."""

    async def test_a_watched_task_that_ends_elsewhere_is_told(self, kit: EngineKit) -> None:
        async with kit.engine() as client, kit.engine() as worker:
            listener = Listener.on(client)
            id_ = await Submitter(client).submit_new()
            [found] = await client.results.watch([id_])
            assert found is not None
            assert (found[0].state, found[1]) == (ResultState.PENDING, None)
            deliveries = await Deliveries.begin(worker, slots=1)
            await deliveries.settle(await deliveries.next())
            assert await listener.several(1) == [id_]

    async def test_a_watched_task_that_ends_here_is_told(self, kit: EngineKit) -> None:
        async with kit.engine() as engine:
            listener = Listener.on(engine)
            id_ = await Submitter(engine).submit_new()
            await engine.results.watch([id_])
            deliveries = await Deliveries.begin(engine, slots=1)
            await deliveries.settle(await deliveries.next())
            assert await listener.several(1) == [id_]

    async def test_what_is_done_or_unknown_is_answered_and_not_watched(self, kit: EngineKit) -> None:
        async with kit.engine() as engine:
            listener = Listener.on(engine)
            id_ = await Submitter(engine).submit_new()
            deliveries = await Deliveries.begin(engine, slots=1)
            await deliveries.settle(await deliveries.next())
            done, unknown = await engine.results.watch([id_, uuid4()])
            assert [done] == await engine.results.get_with_values([id_])
            assert done is not None
            assert done[0].state is ResultState.SUCCESS
            assert done[1] is not None
            assert unknown is None
            await kit.quiet()
            assert listener.told == []

    async def test_many_are_told_once_each(self, kit: EngineKit) -> None:
        async with kit.engine() as client, kit.engine() as worker:
            listener = Listener.on(client)
            ids = await Submitter(client).submit(*(new_task() for _ in range(300)))
            await client.results.watch(ids)
            deliveries = await Deliveries.begin(worker, slots=300)
            for delivery in await deliveries.several(300):
                await deliveries.settle(delivery)
            await listener.several(300)
            await kit.quiet()
            assert sorted(listener.told) == sorted(ids)

    async def test_what_is_not_watched_is_not_told(self, kit: EngineKit) -> None:
        async with kit.engine() as engine:
            listener = Listener.on(engine)
            ids = await Submitter(engine).submit(new_task(), new_task(), new_task())
            await engine.results.watch(ids[:2])
            engine.results.unwatch([ids[0], uuid4()])
            batch = await (await Deliveries.begin(engine, slots=3)).several(3)
            await engine.results.settle([outcome(delivery) for delivery in batch])
            await listener.several(1)
            await kit.quiet()
            assert listener.told == [ids[1]]

    async def test_a_task_that_is_put_back_is_not_told(self, kit: EngineKit) -> None:
        async with kit.engine() as engine:
            listener = Listener.on(engine)
            id_ = await Submitter(engine).submit_new()
            await engine.results.watch([id_])
            deliveries = await Deliveries.begin(engine, slots=1)
            await deliveries.requeue(await deliveries.next())
            await kit.quiet()
            assert listener.told == []

    async def test_a_purged_task_is_told(self, kit: EngineKit) -> None:
        async with kit.engine() as client, kit.engine() as other:
            listener = Listener.on(client)
            id_ = await Submitter(client).submit_new()
            await client.results.watch([id_])
            await other.broker.purge(["tasks"])
            assert await listener.several(1) == [id_]

    async def test_watching_again_after_the_end_answers(self, kit: EngineKit) -> None:
        async with kit.engine() as engine:
            listener = Listener.on(engine)
            id_ = await Submitter(engine).submit_new()
            await engine.results.watch([id_])
            deliveries = await Deliveries.begin(engine, slots=1)
            await deliveries.settle(await deliveries.next())
            await listener.several(1)
            [found] = await engine.results.watch([id_])
            assert found is not None
            assert found[0].state is ResultState.SUCCESS
