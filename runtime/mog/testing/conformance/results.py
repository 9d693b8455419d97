"""What every :class:`~mog.engine.contracts.ResultBackend` promises of records, values and metadata."""

# The name of a test says what it checks.
# ruff: noqa: D102

from __future__ import annotations

from uuid import UUID, uuid4

from mog.engine.contracts import Engine
from mog.engine.records import Delivery, Query, Record, Requeue, StoredValue
from mog.errors import AlreadySubmitted
from mog.states import ResultState
from mog.testing.conformance.kit import TTL, Deliveries, EngineKit, Submitter, new_task, outcome, record_of


class ResultConformance:
    """Subclass it, and give it a fixture ``kit`` that returns an :class:`EngineKit`."""

    async def test_a_new_task_is_pending_with_all_that_was_said_of_it(self, kit: EngineKit) -> None:
        async with kit.engine() as engine:
            parent = uuid4()
            task = new_task("mail", name="mail.send", priority=7, parent_id=parent, due=kit.now() + 60)
            [id_] = await Submitter(engine).submit(task)
            assert await record_of(engine, id_) == Record(
                id_,
                "mail.send",
                ResultState.PENDING,
                parent_id=parent,
                created=kit.now(),
                request_kwargs_repr="x=1",
                queue="mail",
                priority=7,
                due=kit.now() + 60,
            )

    async def test_unknown_ids_answer_none(self, kit: EngineKit) -> None:
        async with kit.engine() as engine:
            known = await Submitter(engine).submit_new()
            records = await engine.results.get([uuid4(), known, uuid4()])
            assert [record and record.id for record in records] == [None, known, None]
            assert await engine.results.get_values([uuid4()]) == [None]
            assert await engine.results.get_messages([uuid4()]) == [None]
            assert await engine.results.get_metadata([uuid4()]) == [{}]

    async def test_a_known_id_is_refused_and_its_neighbours_are_not(self, kit: EngineKit) -> None:
        async with kit.engine() as engine:
            known = await Submitter(engine).submit_new()
            first, last = new_task(), new_task()
            answers = await engine.results.create([first, new_task(id=known), last])
            assert [type(answer) for answer in answers] == [type(None), AlreadySubmitted, type(None)]
            assert None not in await engine.results.get([first.record.id, last.record.id])
            assert await engine.results.get_messages([known]) != [None]

    async def test_an_id_twice_in_a_batch_is_stored_once(self, kit: EngineKit) -> None:
        async with kit.engine() as engine:
            id_ = uuid4()
            answers = await engine.results.create([new_task(id=id_), new_task(id=id_)])
            assert answers[0] is None
            assert isinstance(answers[1], AlreadySubmitted)

    async def test_a_finished_id_is_refused_too(self, kit: EngineKit) -> None:
        async with kit.engine() as engine:
            id_ = await self._finish(engine)
            [answer] = await engine.results.create([new_task(id=id_)])
            assert isinstance(answer, AlreadySubmitted)

    async def test_a_delivered_task_is_running(self, kit: EngineKit) -> None:
        async with kit.engine() as engine:
            id_ = await Submitter(engine).submit_new()
            await kit.advance(5)
            await (await Deliveries.begin(engine, slots=1)).next()
            record = await record_of(engine, id_)
            assert (record.state, record.number_of_starts, record.number_of_stops) == (ResultState.RUNNING, 1, 0)
            assert record.started == kit.now()
            assert record.node_id is not None

    async def test_settling_writes_state_value_stop_and_time_together(self, kit: EngineKit) -> None:
        async with kit.engine() as engine:
            id_ = await Submitter(engine).submit_new()
            delivery = await (await Deliveries.begin(engine, slots=1)).next()
            await kit.advance(3)
            item = outcome(delivery, ResultState.FAILURE, b"zipped", encoding="gzip")
            assert await engine.results.settle([item]) == [True]
            record = await record_of(engine, id_)
            assert (record.state, record.number_of_starts, record.number_of_stops) == (ResultState.FAILURE, 1, 1)
            assert (record.finished, record.expires) == (kit.now(), kit.now() + TTL)
            assert record.started == kit.now() - 3
            value = StoredValue(b"zipped", "gzip")
            assert await engine.results.get_values([id_]) == [value]
            assert await engine.results.get_with_values([uuid4(), id_]) == [None, (record, value)]
            [message] = await engine.results.get_messages([id_])
            assert message is not None, "what has failed may be submitted again"

    async def test_the_message_of_a_success_is_let_go(self, kit: EngineKit) -> None:
        async with kit.engine() as engine:
            id_ = await Submitter(engine).submit_new()
            delivery = await (await Deliveries.begin(engine, slots=1)).next()
            assert await engine.results.settle([outcome(delivery)]) == [True]
            assert await engine.results.get_messages([id_]) == [None]

    async def test_a_terminal_state_is_final(self, kit: EngineKit) -> None:
        async with kit.engine() as engine:
            id_ = await Submitter(engine).submit_new()
            delivery = await (await Deliveries.begin(engine, slots=1)).next()
            answers = await engine.results.settle([outcome(delivery), outcome(delivery, ResultState.FAILURE)])
            assert answers == [True, False]
            assert await engine.results.settle([outcome(delivery, ResultState.REVOKED)]) == [False]
            assert await engine.results.requeue([Requeue(id_, delivery.attempt)]) == [False]
            assert (await record_of(engine, id_)).state is ResultState.SUCCESS

    async def test_a_task_that_does_not_run_cannot_be_settled(self, kit: EngineKit) -> None:
        async with kit.engine() as engine:
            waiting = await Submitter(engine).submit_new("elsewhere")
            delivery = (await self._deliver(engine))[1]
            for id_ in (waiting, uuid4()):
                other = delivery._replace(message=delivery.message._replace(id=id_))
                assert await engine.results.settle([outcome(other)]) == [False]

    async def test_an_earlier_attempt_cannot_settle(self, kit: EngineKit) -> None:
        async with kit.engine() as engine:
            deliveries, first = await self._deliver(engine)
            assert await deliveries.requeue(first)
            assert await engine.results.settle([outcome(first)]) == [False]
            deliveries.consumer.grant(1)
            second = await deliveries.next()
            assert second.attempt == 2
            assert await engine.results.settle([outcome(first)]) == [False]
            assert await engine.results.requeue([Requeue(first.message.id, first.attempt)]) == [False]
            assert await deliveries.settle(second)

    async def test_an_attempt_of_a_dead_engine_cannot_settle_once_it_runs_again(self, kit: EngineKit) -> None:
        async with kit.engine() as survivor:
            victim = kit.make()
            await victim.open()
            _, first = await self._deliver(victim)
            await kit.crash(victim)
            second = await (await Deliveries.begin(survivor, slots=1)).next()
            assert await survivor.results.settle([outcome(first, ResultState.FAILURE)]) == [False]
            assert await survivor.results.settle([outcome(second)]) == [True]

    async def test_a_requeued_task_is_suspended_until_its_due_time(self, kit: EngineKit) -> None:
        async with kit.engine() as engine:
            deliveries, delivery = await self._deliver(engine)
            assert await deliveries.requeue(delivery, due=kit.now() + 30)
            record = await record_of(engine, delivery.message.id)
            assert (record.state, record.number_of_starts, record.number_of_stops) == (ResultState.SUSPENDED, 1, 1)
            assert record.due == kit.now() + 30
            deliveries.consumer.grant(1)
            await kit.quiet()
            assert len(deliveries.taken) == 1
            await kit.advance(31)
            again = await deliveries.next()
            assert (again.attempt, again.crashes) == (2, 0)

    async def test_a_refund_is_as_if_nothing_had_been_delivered(self, kit: EngineKit) -> None:
        async with kit.engine() as engine:
            id_ = await Submitter(engine).submit_new()
            before = await record_of(engine, id_)
            deliveries = await Deliveries.begin(engine, slots=1)
            assert await deliveries.requeue(await deliveries.next(), refund=True)
            assert await record_of(engine, id_) == before
            deliveries.consumer.grant(1)
            again = await deliveries.next()
            assert (again.attempt, again.crashes) == (1, 0)

    async def test_a_refund_of_a_suspended_task_leaves_it_suspended(self, kit: EngineKit) -> None:
        async with kit.engine() as engine:
            deliveries, first = await self._deliver(engine)
            assert await deliveries.requeue(first)
            deliveries.consumer.grant(1)
            assert await deliveries.requeue(await deliveries.next(), refund=True)
            record = await record_of(engine, first.message.id)
            assert (record.state, record.number_of_starts, record.number_of_stops) == (ResultState.SUSPENDED, 1, 1)

    async def test_a_refund_keeps_crashes_counted(self, kit: EngineKit) -> None:
        async with kit.engine() as survivor:
            victim = kit.make()
            await victim.open()
            await self._deliver(victim)
            await kit.crash(victim)
            deliveries = await Deliveries.begin(survivor, slots=1)
            assert await deliveries.requeue(await deliveries.next(), refund=True)
            deliveries.consumer.grant(1)
            again = await deliveries.next()
            assert (again.attempt, again.crashes) == (2, 1)

    async def test_a_repeated_refund_does_not_touch_the_next_attempt(self, kit: EngineKit) -> None:
        async with kit.engine() as first, kit.engine() as second:
            deliveries, delivery = await self._deliver(first)
            item = Requeue(delivery.message.id, delivery.attempt, refund=True)
            assert await first.results.requeue([item]) == [True]
            others = await Deliveries.begin(second, slots=1)
            again = await others.next()
            assert await first.results.requeue([item]) == [False]
            assert await others.settle(again)
            await deliveries.consumer.stop()

    async def test_requeued_tasks_do_not_starve_others(self, kit: EngineKit) -> None:
        async with kit.engine() as engine:
            ids = set(await Submitter(engine).submit(new_task(), new_task()))
            deliveries = await Deliveries.begin(engine, slots=1)
            for _ in range(10):
                delivery = await deliveries.next()
                ids.discard(delivery.message.id)
                assert await deliveries.requeue(delivery)
                deliveries.consumer.grant(1)
            assert not ids

    async def test_the_message_can_be_read_until_the_end(self, kit: EngineKit) -> None:
        async with kit.engine() as engine:
            task = new_task(due=kit.now() + 60)
            await Submitter(engine).submit(task)
            assert await engine.results.get_messages([task.record.id]) == [task.message]

    async def test_a_value_expires_before_its_record(self, kit: EngineKit) -> None:
        async with kit.engine() as engine:
            id_ = await self._finish(engine)
            await kit.advance(TTL / 2 + 1)
            assert await engine.results.get_values([id_]) == [None]
            record = await record_of(engine, id_)
            assert record.state is ResultState.SUCCESS
            assert await engine.results.get_with_values([id_]) == [(record, None)]
            await kit.advance(TTL / 2)
            assert await engine.results.get([id_]) == [None]
            assert await engine.results.get_metadata([id_]) == [{}]

    async def test_a_value_does_not_outlive_its_record(self, kit: EngineKit) -> None:
        async with kit.engine() as engine:
            _, delivery = await self._deliver(engine)
            assert await engine.results.settle([outcome(delivery, ttl=10.0, value_ttl=TTL)]) == [True]
            await kit.advance(11)
            assert await engine.results.get_values([delivery.message.id]) == [None]

    async def test_a_task_that_is_not_done_does_not_expire(self, kit: EngineKit) -> None:
        async with kit.engine() as engine:
            id_ = await Submitter(engine).submit_new()
            assert await engine.results.set_ttl([(id_, 1.0)]) == [True]
            await kit.advance(TTL * 2)
            assert (await record_of(engine, id_)).state is ResultState.PENDING

    async def test_an_expired_id_is_forgotten(self, kit: EngineKit) -> None:
        async with kit.engine() as engine:
            id_ = await self._finish(engine)
            await kit.advance(TTL + 1)
            assert await engine.results.set_ttl([(id_, 60.0)]) == [False]
            assert await engine.results.delete([id_]) == [False]
            assert await engine.results.create([new_task(id=id_)]) == [None]
            assert (await record_of(engine, id_)).state is ResultState.PENDING
            assert await engine.results.get_values([id_]) == [None]

    async def test_set_ttl_counts_from_now(self, kit: EngineKit) -> None:
        async with kit.engine() as engine:
            id_ = await self._finish(engine)
            assert await engine.results.set_ttl([(id_, 10.0), (uuid4(), 10.0)]) == [True, False]
            assert (await record_of(engine, id_)).expires == kit.now() + 10
            await kit.advance(11)
            assert await engine.results.get([id_]) == [None]

    async def test_set_ttl_can_lengthen(self, kit: EngineKit) -> None:
        async with kit.engine() as engine:
            id_ = await self._finish(engine)
            await engine.results.set_ttl([(id_, TTL * 5)])
            await kit.advance(TTL * 4)
            assert (await record_of(engine, id_)).state is ResultState.SUCCESS
            assert await engine.results.get_values([id_]) != [None]

    async def test_set_ttl_of_a_running_task_counts_from_its_end(self, kit: EngineKit) -> None:
        async with kit.engine() as engine:
            deliveries, delivery = await self._deliver(engine)
            id_ = delivery.message.id
            assert await engine.results.set_ttl([(id_, 10.0)]) == [True]
            await kit.advance(100)
            assert await deliveries.settle(delivery)
            assert (await record_of(engine, id_)).expires == kit.now() + 10

    async def test_delete_forgets_what_is_done_and_only_that(self, kit: EngineKit) -> None:
        async with kit.engine() as engine:
            done = await self._finish(engine)
            waiting = await Submitter(engine).submit_new()
            assert await engine.results.delete([done, waiting, uuid4()]) == [True, False, False]
            assert await engine.results.get([done]) == [None]
            assert await engine.results.get_values([done]) == [None]
            assert await engine.results.get_metadata([done]) == [{}]
            assert (await record_of(engine, waiting)).state is ResultState.PENDING

    async def test_metadata_is_stored_with_the_task_and_merged(self, kit: EngineKit) -> None:
        async with kit.engine() as engine:
            [id_] = await Submitter(engine).submit(new_task(metadata={"a": b"1", "b": b"2"}))
            assert await engine.results.get_metadata([id_]) == [{"a": b"1", "b": b"2"}]
            await engine.results.set_metadata([(id_, {"b": b"3", "c": b"4"}), (uuid4(), {"a": b"1"})])
            assert await engine.results.get_metadata([id_]) == [{"a": b"1", "b": b"3", "c": b"4"}]

    async def test_metadata_outlives_the_end(self, kit: EngineKit) -> None:
        async with kit.engine() as engine:
            id_ = await self._finish(engine)
            await engine.results.set_metadata([(id_, {"seen": b"true"})])
            assert await engine.results.get_metadata([id_]) == [{"a": b"1", "seen": b"true"}]

    async def test_find_lists_the_newest_first_page_by_page(self, kit: EngineKit) -> None:
        async with kit.engine() as engine:
            ids = []
            for _ in range(5):
                ids.append(await Submitter(engine).submit_new())
                await kit.advance(1)
            first = await engine.results.find(Query(limit=3))
            assert [record.id for record in first] == ids[:1:-1]
            rest = await engine.results.find(Query(limit=3, before=first[-1].id))
            assert [record.id for record in rest] == ids[1::-1]
            assert await engine.results.find(Query(before=ids[0])) == []

    async def test_find_filters(self, kit: EngineKit) -> None:
        async with kit.engine() as engine:
            done = await self._finish(engine)
            [mail] = await Submitter(engine).submit(new_task("mail", name="mail.send"))
            [other] = await Submitter(engine).submit(new_task("mail", name="mail.check"))
            states = frozenset({ResultState.SUCCESS, ResultState.FAILURE})
            for query, expected in [
                (Query(states=states), [done]),
                (Query(queue="mail"), [other, mail]),
                (Query(queue="mail", name="mail.send"), [mail]),
                (Query(name="mail.send", states=states), []),
                (Query(limit=1), [other]),
            ]:
                assert [record.id for record in await engine.results.find(query)] == expected

    async def test_records_outlive_the_engine_that_wrote_them(self, kit: EngineKit) -> None:
        async with kit.engine() as engine:
            id_ = await self._finish(engine)
        async with kit.engine() as engine:
            assert (await record_of(engine, id_)).state is ResultState.SUCCESS
            assert await engine.results.get_values([id_]) != [None]

    async def test_empty_batches_do_nothing(self, kit: EngineKit) -> None:
        async with kit.engine() as engine:
            results, state = engine.results, engine.state
            for method in (results.create, results.settle, results.requeue, results.get, results.delete, state.clear):
                assert await method([]) == []

    async def test_bodies_and_values_are_bytes_of_any_size(self, kit: EngineKit) -> None:
        async with kit.engine() as engine:
            task = new_task()
            task = task._replace(message=task.message._replace(body=bytes(range(256)) * 4000))
            await Submitter(engine).submit(task)
            delivery = await (await Deliveries.begin(engine, slots=1)).next()
            assert delivery.message.body == task.message.body
            await engine.results.settle([outcome(delivery, content=task.message.body)])
            assert await engine.results.get_values([task.record.id]) == [StoredValue(task.message.body)]

    async def _deliver(self, engine: Engine) -> tuple[Deliveries, Delivery]:
        """Submit a task and take it."""
        await Submitter(engine).submit_new()
        deliveries = await Deliveries.begin(engine, slots=1)
        return deliveries, await deliveries.next()

    async def _finish(self, engine: Engine) -> UUID:
        """Run a task to its end, with metadata, and return its id."""
        [id_] = await Submitter(engine).submit(new_task("finished", metadata={"a": b"1"}))
        deliveries = await Deliveries.begin(engine, "finished", slots=1)
        assert await deliveries.settle(await deliveries.next())
        return id_
