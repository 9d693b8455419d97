"""What every :class:`~mog.engine.contracts.StateBackend` promises."""

# The name of a test says what it checks.
# ruff: noqa: D102

from __future__ import annotations

from uuid import uuid4

from mog.engine.records import Revocation, StoredValue
from mog.testing.conformance.kit import TTL, Deliveries, EngineKit, Submitter


class StateConformance:
    """Subclass it, and give it a fixture ``kit`` that returns an :class:`EngineKit`."""

    async def test_what_is_set_is_read(self, kit: EngineKit) -> None:
        async with kit.engine() as engine:
            id_ = await Submitter(engine).submit_new()
            assert await engine.state.get([(id_, "place")]) == [None]
            await engine.state.set([(id_, "place", b"1"), (id_, "name", b'"a"')])
            assert await engine.state.get([(id_, "place"), (id_, "name"), (uuid4(), "place")]) == [b"1", b'"a"', None]

    async def test_later_writes_win(self, kit: EngineKit) -> None:
        async with kit.engine() as engine:
            id_ = await Submitter(engine).submit_new()
            await engine.state.set([(id_, "place", b"1"), (id_, "place", b"2")])
            assert await engine.state.get([(id_, "place")]) == [b"2"]
            await engine.state.set([(id_, "place", b"3")])
            assert await engine.state.get([(id_, "place")]) == [b"3"]

    async def test_tasks_do_not_see_each_others_values(self, kit: EngineKit) -> None:
        async with kit.engine() as engine:
            one, other = [await Submitter(engine).submit_new() for _ in range(2)]
            await engine.state.set([(one, "place", b"1")])
            assert await engine.state.get([(other, "place")]) == [None]

    async def test_pop_reads_and_removes(self, kit: EngineKit) -> None:
        async with kit.engine() as engine:
            id_ = await Submitter(engine).submit_new()
            await engine.state.set([(id_, "place", b"1"), (id_, "name", b"2")])
            assert await engine.state.pop([(id_, "place"), (id_, "other")]) == [b"1", None]
            assert await engine.state.get([(id_, "place"), (id_, "name")]) == [None, b"2"]

    async def test_clear_removes_all_of_a_task(self, kit: EngineKit) -> None:
        async with kit.engine() as engine:
            one, other = [await Submitter(engine).submit_new() for _ in range(2)]
            await engine.state.set([(one, "a", b"1"), (one, "b", b"2"), (other, "a", b"3")])
            await engine.state.clear([one])
            keys = [(one, "a"), (one, "b"), (other, "a")]
            assert await engine.state.get(keys) == [None, None, b"3"]

    async def test_another_engine_reads_it(self, kit: EngineKit) -> None:
        async with kit.engine() as first, kit.engine() as second:
            id_ = await Submitter(first).submit_new()
            await first.state.set([(id_, "place", b"1")])
            assert await second.state.get([(id_, "place")]) == [b"1"]

    async def test_it_outlives_pauses_and_time(self, kit: EngineKit) -> None:
        async with kit.engine() as engine:
            id_ = await Submitter(engine).submit_new()
            deliveries = await Deliveries.begin(engine, slots=1)
            delivery = await deliveries.next()
            await engine.state.set([(id_, "place", b"1")])
            assert await deliveries.requeue(delivery, due=kit.now() + 100_000)
            await kit.advance(100_001)
            deliveries.consumer.grant(1)
            await deliveries.next()
            assert await engine.state.get([(id_, "place")]) == [b"1"]

    async def test_it_outlives_a_crash(self, kit: EngineKit) -> None:
        async with kit.engine() as survivor:
            victim = kit.make()
            await victim.open()
            id_ = await Submitter(survivor).submit_new()
            await (await Deliveries.begin(victim, slots=1)).next()
            await victim.state.set([(id_, "place", b"1")])
            await kit.crash(victim)
            await (await Deliveries.begin(survivor, slots=1)).next()
            assert await survivor.state.get([(id_, "place")]) == [b"1"]

    async def test_a_settled_task_keeps_none(self, kit: EngineKit) -> None:
        async with kit.engine() as engine:
            id_ = await Submitter(engine).submit_new()
            deliveries = await Deliveries.begin(engine, slots=1)
            delivery = await deliveries.next()
            await engine.state.set([(id_, "place", b"1")])
            assert await deliveries.settle(delivery)
            assert await engine.state.get([(id_, "place")]) == [None]

    async def test_what_a_revoked_run_still_writes_is_dropped(self, kit: EngineKit) -> None:
        async with kit.engine() as engine:
            id_ = await Submitter(engine).submit_new()
            await (await Deliveries.begin(engine, slots=1)).next()
            await engine.results.revoke([Revocation(id_, StoredValue(b'"off"'), TTL, TTL)])
            await engine.state.set([(id_, "place", b"1"), (uuid4(), "place", b"1")])
            assert await engine.state.get([(id_, "place")]) == [None]

    async def test_values_may_be_large_and_any_text(self, kit: EngineKit) -> None:
        async with kit.engine() as engine:
            id_ = await Submitter(engine).submit_new()
            value = ('"' + "ü\u0000x" * 100_000 + '"').encode()
            await engine.state.set([(id_, "schlüssel\n", value)])
            assert await engine.state.get([(id_, "schlüssel\n")]) == [value]
