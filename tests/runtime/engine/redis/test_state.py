"""What tasks keep between their runs."""

from __future__ import annotations

from collections.abc import AsyncIterator
from uuid import uuid4

import pytest

from mog.engine.redis.state import RedisState
from mog.engine.redis.store import RedisStore
from mog.errors import NotConnected

from .place import Place, outcome


@pytest.fixture
async def state(store: RedisStore) -> AsyncIterator[RedisState]:
    state = RedisState(store)
    await state.open()
    yield state
    await state.close()


async def test_values_are_read_popped_and_cleared(place: Place, store: RedisStore, state: RedisState) -> None:
    id_, other = await place.submit(store), await place.submit(store)
    await state.set(
        [(id_, "a", b"1"), (id_, "\ud800", b"0"), (id_, "ü\n", b'"\\u00fc"'), (other, "a", b"2"), (id_, "a", b"3")]
    )
    assert await state.get([(id_, "a"), (id_, "ü\n"), (other, "a"), (other, "b")]) == [b"3", b'"\\u00fc"', b"2", None]
    assert await state.get([(id_, "\ud800")]) == [b"0"]
    assert await state.pop([(id_, "a"), (id_, "a")]) == [b"3", None]
    assert await state.clear([id_, uuid4()]) == [None, None]
    assert await state.get([(id_, "ü\n"), (other, "a")]) == [None, b"2"]


async def test_the_key_is_mognets(place: Place, store: RedisStore, state: RedisState) -> None:
    id_ = await place.submit(store)
    await state.set([(id_, "place", b'{"at": 3}')])
    assert await place.hash(f"{place.app}.mognet.state.{id_}") == {"place": b'{"at": 3}'}
    await place.call("HSET", f"{place.app}.mognet.state.{id_}", "theirs", "[1]")
    assert await state.get([(id_, "theirs")]) == [b"[1]"]


async def test_what_has_ended_or_is_unknown_keeps_nothing(place: Place, store: RedisStore, state: RedisState) -> None:
    id_, attempt = await place.start(store)
    await state.set([(id_, "a", b"1")])
    await store.attempts.settle([outcome(id_, attempt)])
    unknown = uuid4()
    assert await state.set([(id_, "a", b"1"), (unknown, "a", b"1")]) == [None, None]
    assert await state.get([(id_, "a"), (unknown, "a")]) == [None, None]
    assert not {key for key in await place.keys() if "state" in key}


async def test_what_is_set_does_not_expire_before_the_end(place: Place, store: RedisStore, state: RedisState) -> None:
    id_ = await place.submit(store)
    key = place.layout.of_task("state", id_)
    await place.call("HSET", key, "theirs", "1")
    await place.call("EXPIRE", key, 7200)
    await state.set([(id_, "ours", b"1")])
    assert await place.lives(key) is None


async def test_a_part_that_is_closed(place: Place) -> None:
    store = place.store()
    state = RedisState(store)
    with pytest.raises(NotConnected):
        await state.get([(uuid4(), "a")])
    await state.open()
    await state.open()
    await store.open()
    await state.close()
    await state.close()
    assert await store.records.get([uuid4()]) == [None], "the other part still has it open"
    await store.close()
    with pytest.raises(NotConnected):
        await state.get([(uuid4(), "a")])
