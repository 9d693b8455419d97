"""Which processes live, and what becomes of the tasks of those that do not."""

from __future__ import annotations

import asyncio

from mog.engine.records import Node, Revocation, Waiting
from mog.engine.redis.answers import Lease, Verdict, WakeUp
from mog.engine.redis.store import RedisStore
from mog.states import ResultState

from .place import TTL, VALUE, Place, outcome


async def test_a_lease_is_held_while_it_is_renewed(place: Place) -> None:
    store = await place.open(lease=None)
    assert await store.leases.renew() == Lease(held=False, running=0)
    assert await store.leases.renew() == Lease(held=True, running=0)
    await place.start(store)
    assert await store.leases.renew() == Lease(held=True, running=1)
    told = await place.hash(place.layout.of("node", store.owner))
    assert told == {"node_id": b"node"}
    ends = float(await place.call("ZSCORE", place.layout.of("nodes"), store.owner))
    assert 9 < ends - await place.time() <= 10


async def test_nodes_tell_what_they_run(place: Place, store: RedisStore) -> None:
    other = await place.open(node="another")
    dying = await place.open(node="dying")
    (one, _), (two, _) = await place.start(store), await place.start(store)
    await place.start(dying)
    await place.lapse(dying)
    nodes = await other.leases.nodes()
    assert [node.node_id for node in nodes] == ["another", "node"]
    assert nodes[0] == Node("another", ())
    assert sorted(nodes[1].running) == sorted([one, two])


async def test_the_tasks_of_the_dead_are_woken_up_once(place: Place, store: RedisStore) -> None:
    victim = await place.open()
    running, _ = await place.start(victim)
    waiting, attempt = await place.start(victim)
    await victim.attempts.set_waiting([Waiting(waiting, attempt, waits=True)])
    done, attempt = await place.start(victim)
    await victim.attempts.settle([outcome(done, attempt)])
    assert await store.leases.void() == []
    await place.lapse(victim)
    found = await asyncio.gather(store.leases.void(), store.leases.void())
    wake_ups = [wake_up for one in found for wake_up in one]
    assert sorted(wake_up.id for wake_up in wake_ups) == sorted([running, waiting])
    assert {(wake_up.seq, wake_up.queue) for wake_up in wake_ups} == {(1, place.queue)}
    arrivals = [place.arrival(wake_up.id, wake_up.seq - 1) for wake_up in wake_ups]
    assert {one.verdict for one in await store.attempts.admit(arrivals)} == {Verdict.STALE}
    arrivals = [place.arrival(wake_up.id, wake_up.seq) for wake_up in wake_ups]
    assert {(one.attempt, one.crashes) for one in await store.attempts.admit(arrivals)} == {(2, 1)}
    left = [place.layout.of(name, victim.owner) for name in ("node", "running")]
    assert await place.call("EXISTS", *left) == 0


async def test_at_most_so_many_at_once(place: Place, store: RedisStore) -> None:
    victim = await place.open()
    ids = {(await place.start(victim))[0] for _ in range(5)}
    await place.lapse(victim)
    found = [await store.leases.void(limit=2) for _ in range(4)]
    assert [len(one) for one in found] == [2, 2, 1, 0]
    assert {wake_up.id for one in found for wake_up in one} == ids


async def test_a_wake_up_that_is_lost_comes_again(place: Place, store: RedisStore) -> None:
    victim = await place.open()
    id_, _ = await place.start(victim)
    await place.lapse(victim)
    [wake_up] = await store.leases.void()
    assert await store.submissions.unsent(0.0) == [wake_up]
    assert await store.submissions.unsent(0.0) == [wake_up]
    await place.start(store, id_, wake_up.seq)
    assert await store.submissions.unsent(0.0) == []


async def test_whoever_comes_back_in_time_takes_its_tasks_up_again(place: Place, store: RedisStore) -> None:
    late = await place.open()
    kept, lost = await place.start(late), await place.start(late)
    await place.lapse(late)
    wake_ups = {wake_up.id: wake_up for wake_up in await store.leases.void()}
    await place.start(store, lost[0], wake_ups[lost[0]].seq)
    assert await late.leases.renew() == Lease(held=False, running=0)
    assert await late.attempts.reclaim([kept, lost]) == [True, False]
    assert await late.leases.renew() == Lease(held=True, running=1)
    [admission] = await store.attempts.admit([place.arrival(kept[0], wake_ups[kept[0]].seq)])
    assert admission.verdict is Verdict.PARKED
    assert await late.attempts.settle([outcome(*kept), outcome(*lost)]) == [True, False]


async def test_who_comes_back_before_anybody_noticed_has_lost_nothing(place: Place) -> None:
    late = await place.open()
    mine = await place.start(late)
    await place.lapse(late)
    assert await late.leases.renew() == Lease(held=True, running=1)
    assert await late.attempts.settle([outcome(*mine)]) == [True]


async def test_who_leaves_hands_back_as_stopped(place: Place, store: RedisStore) -> None:
    leaver = await place.open()
    id_, attempt = await place.start(leaver)
    revoked, _ = await place.start(leaver)
    await store.records.revoke([Revocation(revoked, VALUE, TTL, TTL)])
    assert await leaver.leases.release() == [WakeUp(id_, 1, place.queue, 5, b'{"id":"%s"}' % str(id_).encode())]
    [record] = await store.records.get([id_])
    assert record is not None
    assert (record.state, record.number_of_starts, record.number_of_stops) == (ResultState.SUSPENDED, 1, 1)
    assert await leaver.attempts.settle([outcome(id_, attempt)]) == [False]
    [admission] = await store.attempts.admit([place.arrival(id_, 1)])
    assert (admission.attempt, admission.crashes) == (2, 0)
    assert [node.node_id for node in await store.leases.nodes()] == ["node"]
    assert await leaver.leases.release() == []
