"""What the contracts promise of tasks that are called off, wait for others, are retried, or end as dead letters."""

# The name of a test says what it checks.
# ruff: noqa: D102

from __future__ import annotations

from uuid import UUID, uuid4

from mog.engine.contracts import Engine
from mog.engine.records import DeadQuery, Record, Requeue, Revocation, StoredValue, Waiting
from mog.states import ResultState
from mog.testing.conformance.kit import TTL, Deliveries, EngineKit, Submitter, eventually, new_task, outcome, record_of

REASON = StoredValue(b'{"value_type": "builtins:str", "raw_value": "off"}')


async def revoke(engine: Engine, id_: UUID, *, force: bool = False, ttl: float = TTL) -> Record:
    """Revoke one task."""
    [record] = await engine.results.revoke([Revocation(id_, REASON, ttl, TTL, force)])
    return record


class CallingOffConformance:
    """Promises about revoke, waiting parents, children, retries and dead letters."""

    async def test_a_task_that_waits_is_revoked_and_never_delivered(self, kit: EngineKit) -> None:
        async with kit.engine() as engine:
            [off, on] = [await Submitter(engine).submit_new() for _ in range(2)]
            record = await revoke(engine, off)
            assert (record.state, record.number_of_starts, record.finished) == (ResultState.REVOKED, 0, kit.now())
            deliveries = await Deliveries.begin(engine, slots=2)
            assert (await deliveries.next()).message.id == on
            await kit.quiet()
            assert len(deliveries.taken) == 1
            assert await engine.results.get_values([off]) == [REASON]

    async def test_a_delayed_task_is_revoked(self, kit: EngineKit) -> None:
        async with kit.engine() as engine:
            id_ = await Submitter(engine).submit_new(due=kit.now() + 5)
            await revoke(engine, id_)
            deliveries = await Deliveries.begin(engine, slots=1)
            await kit.advance(6)
            await kit.quiet()
            assert deliveries.taken == []

    async def test_who_runs_a_revoked_task_is_told_and_its_outcome_is_refused(self, kit: EngineKit) -> None:
        async with kit.engine() as worker, kit.engine() as client:
            id_ = await Submitter(client).submit_new()
            deliveries = await Deliveries.begin(worker, slots=1)
            delivery = await deliveries.next()
            assert (await revoke(client, id_)).state is ResultState.REVOKED

            async def told() -> bool:
                return id_ in deliveries.ended

            await eventually(told)
            assert not await deliveries.settle(delivery)
            assert not await deliveries.requeue(delivery)
            assert (await record_of(client, id_)).state is ResultState.REVOKED

    async def test_a_waiting_client_hears_of_a_revoke(self, kit: EngineKit) -> None:
        async with kit.engine() as engine:
            id_ = await Submitter(engine).submit_new()
            heard: list[UUID] = []
            engine.results.on_finished(heard.extend)
            await engine.results.watch([id_])
            await revoke(engine, id_)

            async def told() -> bool:
                return id_ in heard

            await eventually(told)

    async def test_a_done_task_is_left_unless_forced(self, kit: EngineKit) -> None:
        async with kit.engine() as engine:
            id_ = await Submitter(engine).submit_new()
            deliveries = await Deliveries.begin(engine, slots=1)
            await deliveries.settle(await deliveries.next())
            assert (await revoke(engine, id_)).state is ResultState.SUCCESS
            forced = await revoke(engine, id_, force=True)
            assert (forced.state, forced.number_of_stops) == (ResultState.REVOKED, 2)
            again = await revoke(engine, id_, force=True)
            assert again.number_of_stops == 2

    async def test_a_task_ends_in_the_state_that_is_known_elsewhere(self, kit: EngineKit) -> None:
        async with kit.engine() as engine:
            waiting, unknown = await Submitter(engine).submit_new(), uuid4()
            for id_, state in (waiting, ResultState.SUCCESS), (unknown, ResultState.FAILURE):
                [record] = await engine.results.revoke([Revocation(id_, REASON, TTL, TTL, state=state)])
                assert (record.state, record.number_of_starts, record.finished) == (state, 0, kit.now())
                [kept] = await engine.results.revoke([Revocation(id_, StoredValue(b"1"), TTL, TTL)])
                assert kept.state is state
            assert await engine.results.get_values([waiting, unknown]) == [REASON, REASON]
            deliveries = await Deliveries.begin(engine, slots=1)
            await kit.quiet()
            assert deliveries.taken == []

    async def test_an_unknown_id_is_remembered_as_revoked(self, kit: EngineKit) -> None:
        async with kit.engine() as engine:
            id_ = uuid4()
            assert (await revoke(engine, id_)).state is ResultState.REVOKED
            [answer] = await engine.results.create([new_task(id=id_)])
            assert answer is not None
            deliveries = await Deliveries.begin(engine, slots=1)
            await kit.quiet()
            assert deliveries.taken == []
            await kit.advance(TTL + 1)
            assert await engine.results.get([id_]) == [None], "what is remembered is forgotten in its time"

    async def test_a_remembered_revocation_is_not_outlived_by_its_reason(self, kit: EngineKit) -> None:
        async with kit.engine() as engine:
            id_ = uuid4()
            await revoke(engine, id_, ttl=TTL / 2)
            assert await engine.results.get_values([id_]) == [REASON]
            await kit.advance(TTL / 2 + 0.1)
            assert await engine.results.get_values([id_]) == [None]

    async def test_a_revoked_task_is_kept_as_long_as_was_asked(self, kit: EngineKit) -> None:
        async with kit.engine() as engine:
            id_ = await Submitter(engine).submit_new()
            await engine.results.set_ttl([(id_, 3 * TTL)])
            assert (await revoke(engine, id_)).expires == kit.now() + 3 * TTL
            await kit.advance(2 * TTL)
            assert await engine.results.get_values([id_]) == [REASON]

    async def test_a_waiting_attempt_is_suspended_and_keeps_its_task(self, kit: EngineKit) -> None:
        async with kit.engine() as engine:
            id_ = await Submitter(engine).submit_new()
            deliveries = await Deliveries.begin(engine, slots=2)
            delivery = await deliveries.next()
            assert await engine.results.set_waiting([Waiting(id_, delivery.attempt, waits=True)]) == [True]
            waiting = await record_of(engine, id_)
            assert (waiting.state, waiting.number_of_starts, waiting.number_of_stops) == (ResultState.SUSPENDED, 1, 0)
            await kit.quiet()
            assert len(deliveries.taken) == 1
            assert await engine.results.set_waiting([Waiting(id_, delivery.attempt, waits=False)]) == [True]
            assert (await record_of(engine, id_)).state is ResultState.RUNNING
            assert await deliveries.settle(delivery)
            assert await engine.results.set_waiting([Waiting(id_, delivery.attempt, waits=True)]) == [False]

    async def test_a_waiting_attempt_may_end(self, kit: EngineKit) -> None:
        async with kit.engine() as engine:
            id_ = await Submitter(engine).submit_new()
            deliveries = await Deliveries.begin(engine, slots=1)
            delivery = await deliveries.next()
            await engine.results.set_waiting([Waiting(id_, delivery.attempt, waits=True)])
            assert await deliveries.settle(delivery, ResultState.REVOKED)

    async def test_a_waiting_task_of_a_dead_engine_is_delivered_again(self, kit: EngineKit) -> None:
        async with kit.engine() as survivor:
            dead = kit.make()
            await dead.open()
            id_ = await Submitter(survivor).submit_new()
            delivery = await (await Deliveries.begin(dead, slots=1)).next()
            await dead.results.set_waiting([Waiting(id_, delivery.attempt, waits=True)])
            await kit.crash(dead)
            again = await (await Deliveries.begin(survivor, slots=1)).next()
            assert (again.message.id, again.attempt, again.crashes) == (id_, 2, 1)

    async def test_children_come_in_order_of_submission(self, kit: EngineKit) -> None:
        async with kit.engine() as engine:
            parent = await Submitter(engine).submit_new()
            children = [(await Submitter(engine).submit(new_task(parent_id=parent)))[0] for _ in range(3)]
            assert await engine.results.children([(parent, None), (parent, 2), (uuid4(), None)]) == [
                children,
                children[:2],
                [],
            ]

    async def test_a_child_whose_result_has_expired_is_not_listed(self, kit: EngineKit) -> None:
        async with kit.engine() as engine:
            parent = await Submitter(engine).submit_new()
            gone, there = [(await Submitter(engine).submit(new_task(parent_id=parent)))[0] for _ in range(2)]
            await revoke(engine, gone, ttl=5)
            await kit.advance(6)
            assert await engine.results.children([(parent, None)]) == [[there]]

    async def test_retries_are_counted_apart(self, kit: EngineKit) -> None:
        async with kit.engine() as engine:
            id_ = await Submitter(engine).submit_new()
            deliveries = await Deliveries.begin(engine, slots=3)
            first = await deliveries.next()
            assert (first.attempt, first.retries, first.crashes) == (1, 0, 0)
            assert await engine.results.requeue([Requeue(id_, first.attempt, retry=True)]) == [True]
            second = await deliveries.next()
            assert (second.attempt, second.retries, second.crashes) == (2, 1, 0)
            assert await engine.results.requeue([Requeue(id_, second.attempt)]) == [True]
            third = await deliveries.next()
            assert (third.attempt, third.retries, third.crashes) == (3, 1, 0)
            assert await deliveries.settle(third)
            assert (await record_of(engine, id_)).number_of_retries == 1

    async def test_dead_letters_outlive_results_until_they_are_dropped(self, kit: EngineKit) -> None:
        async with kit.engine() as engine:
            deliveries = await Deliveries.begin(engine, slots=3)
            ids = []
            for reason in ("first", "second", None):
                ids.append(await Submitter(engine).submit_new())
                end = outcome(await deliveries.next(), ResultState.FAILURE)._replace(dead=reason)
                assert await engine.results.settle([end]) == [True]
            await kit.advance(TTL + 1)
            letters = await engine.broker.dead(DeadQuery())
            assert [(letter.id, letter.reason, letter.queue) for letter in letters] == [
                (ids[1], "second", "tasks"),
                (ids[0], "first", "tasks"),
            ]
            assert b'"id"' in letters[0].body
            assert [letter.id for letter in await engine.broker.dead(DeadQuery(reason="first"))] == [ids[0]]
            assert [letter.id for letter in await engine.broker.dead(DeadQuery(ids=(ids[1],)))] == [ids[1]]
            assert [letter.id for letter in await engine.broker.dead(DeadQuery(before=ids[1]))] == [ids[0]]
            assert await engine.broker.dead(DeadQuery(queue="other")) == []
            assert await engine.broker.drop_dead([ids[0], ids[2]]) == [True, False]
            assert [letter.id for letter in await engine.broker.dead(DeadQuery())] == [ids[1]]

    async def test_nodes_tell_what_they_run(self, kit: EngineKit) -> None:
        async with kit.engine() as worker, kit.engine() as client:
            assert await client.broker.nodes() == []
            id_ = await Submitter(client).submit_new()
            await (await Deliveries.begin(worker, slots=1)).next()
            [node] = await client.broker.nodes()
            assert node.running == (id_,)
