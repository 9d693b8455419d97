"""Tasks whose messages are lost with their queue: they go through the outbox once more."""

from __future__ import annotations

from uuid import UUID

import pytest

from mog.engine.records import Requeue
from mog.engine.redis import submissions
from mog.engine.redis.answers import Verdict
from mog.engine.redis.store import RedisStore

from .place import Place


async def published(store: RedisStore, seconds: float = 5.0) -> dict[UUID, int]:
    """Return what a worker would publish now that lies in the outbox for so long: id → seq."""
    return {found.id: found.seq for found in await store.submissions.unsent(seconds)}


async def test_what_waits_in_a_queue_is_published_anew(
    place: Place, store: RedisStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(submissions, "STRETCH", 2)  # the walk takes several steps
    ready = [await place.submit(store) for _ in range(5)]
    put_back, attempt = await place.start(store)
    await store.attempts.requeue([Requeue(put_back, attempt)])
    promoted = await place.submit(store, due=await place.time() - 1)
    await store.schedule.promote()
    dead = await place.open()
    orphan, _ = await place.start(dead)
    await place.call("ZADD", place.layout.of("nodes"), 0, dead.owner)  # its lease has run out
    assert [found.id for found in await store.leases.void()] == [orphan]
    await place.submit(store, queue=f"{place.app}.other")
    await place.submit(store, due=await place.time() + 60)
    await place.start(store)
    await place.finish(store)
    assert await store.submissions.resend([place.queue]) == 8
    assert (await published(store)).keys() == {*ready, put_back, promoted, orphan}


async def test_who_learns_late_that_the_lost_message_was_sent_takes_nothing_out(
    place: Place, store: RedisStore
) -> None:
    id_ = await place.submit(store)
    await store.submissions.resend([place.queue])
    assert await store.submissions.sent([(id_, 0)]) == [False]
    seq = (await published(store))[id_]
    assert await store.submissions.sent([(id_, seq)]) == [True]
    [late, fresh] = await store.attempts.admit([place.arrival(id_, 0), place.arrival(id_, seq)])
    assert (late.verdict, fresh.verdict) == (Verdict.STALE, Verdict.START)
