"""Who is told of revoked tasks, and of which not."""

from mog.engine.records import Revocation, StoredValue
from mog.testing.conformance import EngineKit
from mog.testing.conformance.kit import TTL, Deliveries, Submitter, eventually, new_task

from .inside import store_of


async def test_a_task_that_begins_a_new_life_is_not_taken_for_its_revoked_self(kit: EngineKit) -> None:
    async with kit.engine() as worker, kit.engine() as client:
        id_ = await Submitter(client).submit_new()
        deliveries = await Deliveries.begin(worker, slots=2)
        await deliveries.next()
        await client.results.revoke([Revocation(id_, StoredValue(b'"off"'), TTL, TTL)])

        async def told() -> bool:
            return id_ in deliveries.ended

        await eventually(told)
        assert await client.results.delete([id_]) == [True]
        await Submitter(client).submit(new_task(id=id_))
        again = await deliveries.next()
        deliveries.ended.clear()
        store_of(worker)._tick()
        await kit.quiet()
        assert deliveries.ended == []
        assert await deliveries.settle(again)
