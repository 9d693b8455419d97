"""Waiting for tasks: one connection, whatever is missed is found, nobody is asked while nobody waits."""

from __future__ import annotations

import asyncio
import logging
from uuid import uuid4

import pytest
from tests.runtime.proxy import Proxy
from tests.services import RedisServer

from mog.engine.records import Record, Requeue
from mog.engine.redis.answers import WakeUp
from mog.engine.redis.store import RedisStore
from mog.errors import EngineUnavailable
from mog.states import ResultState

from .place import VALUE, Listener, Place, eventually, outcome


async def test_what_ends_elsewhere_is_told(place: Place, store: RedisStore) -> None:
    client = await place.open(lease=None)
    listener = Listener(client)
    id_, attempt = await place.start(store)
    [found] = await client.watches.watch([id_])
    assert found is not None
    assert (found[0].state, found[1]) == (ResultState.RUNNING, None)
    await store.attempts.settle([outcome(id_, attempt)])
    assert await listener.until(1) == [id_]
    assert not await place.call("EXISTS", place.layout.of_task("waiters", id_))


async def test_it_is_told_at_once(place: Place, store: RedisStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """By a message, not by the look that would find it too."""
    monkeypatch.setattr("mog.engine.redis.watches.BRISK_SWEEP", 3600.0)
    client = await place.open(lease=None)
    listener = Listener(client)
    runs = [await place.start(store) for _ in range(20)]
    await client.watches.watch([id_ for id_, _ in runs])
    await store.attempts.settle([outcome(*run) for run in runs])
    assert sorted(await listener.until(20)) == sorted(id_ for id_, _ in runs)


async def test_several_clients_are_told(place: Place, store: RedisStore) -> None:
    clients = [await place.open(lease=None) for _ in range(3)]
    listeners = [Listener(client) for client in clients]
    id_, attempt = await place.start(store)
    for client in clients:
        await client.watches.watch([id_])
    await store.attempts.settle([outcome(id_, attempt)])
    for listener in listeners:
        assert await listener.until(1) == [id_]


async def test_what_is_done_or_unknown_is_not_watched(place: Place, store: RedisStore) -> None:
    done, unknown = await place.finish(store), uuid4()
    records = await store.watches.watch([done, unknown])
    assert records[0] is not None
    assert isinstance(records[0][0], Record)
    assert records[0][1] == VALUE
    assert records[1] is None
    assert store.watches._watched == {}
    assert not {key for key in await place.keys() if "waiters" in key}


async def test_what_is_not_watched_any_more_is_not_told(place: Place, store: RedisStore) -> None:
    listener = Listener(store)
    (one, first), (two, second) = await place.start(store), await place.start(store)
    await store.watches.watch([one, two])
    store.watches.unwatch([one, uuid4()])
    await store.attempts.settle([outcome(one, first), outcome(two, second)])
    assert await listener.until(1) == [two]


async def test_a_task_that_is_put_back_is_watched_on(place: Place, store: RedisStore) -> None:
    listener = Listener(store)
    id_, attempt = await place.start(store)
    await store.watches.watch([id_])
    [wake_up] = await store.attempts.requeue([Requeue(id_, attempt)])
    assert isinstance(wake_up, WakeUp)
    _, attempt = await place.start(store, id_, wake_up.seq)
    await store.attempts.settle([outcome(id_, attempt)])
    assert await listener.until(1) == [id_]


async def test_what_a_mognet_worker_ends_is_found(place: Place, store: RedisStore) -> None:
    listener = Listener(store)
    id_, _ = await place.start(store)
    await store.watches.watch([id_])
    await place.call("HSET", place.layout.of_task("result", id_), "state", '"SUCCESS"')
    assert await listener.until(1) == [id_]


async def test_what_vanishes_is_found(place: Place, store: RedisStore) -> None:
    listener = Listener(store)
    id_ = await place.submit(store)
    await store.watches.watch([id_])
    await place.call("DEL", place.layout.of_task("result", id_))
    assert await listener.until(1) == [id_]


async def test_nobody_is_asked_while_nobody_waits(own_redis: RedisServer) -> None:
    place = Place(own_redis.url)
    store = await place.open()
    listener = Listener(store)
    id_, attempt = await place.start(store)
    await store.watches.watch([id_])
    await store.attempts.settle([outcome(id_, attempt)])
    await listener.until(1)
    await place.call("CONFIG", "RESETSTAT")
    await asyncio.sleep(0.5)
    stats = (await place.call("INFO", "commandstats")).decode()
    assert "evalsha" not in stats
    await place.close()


async def looks(place: Place) -> int:
    stats = (await place.call("INFO", "commandstats")).decode()
    return int(stats.partition("cmdstat_evalsha:calls=")[2].partition(",")[0] or 0)


@pytest.mark.parametrize(
    ("times", "looked_after"),
    [
        ({"YOUNG": 3600.0, "BRISK_SWEEP": 0.01, "SWEEP": 3600.0}, True),
        ({"YOUNG": 3600.0, "BRISK_SWEEP": 3600.0, "SWEEP": 0.01}, False),
        ({"YOUNG": 0.0, "BRISK_SWEEP": 3600.0, "SWEEP": 0.01}, True),
        ({"YOUNG": 0.0, "BRISK_SWEEP": 0.01, "SWEEP": 3600.0}, False),
    ],
)
async def test_young_waiters_and_old_ones_have_intervals_of_their_own(
    own_redis: RedisServer, monkeypatch: pytest.MonkeyPatch, times: dict[str, float], looked_after: bool
) -> None:
    for name, value in times.items():
        monkeypatch.setattr(f"mog.engine.redis.watches.{name}", value)
    place = Place(own_redis.url)
    store = await place.open()
    await store.watches.watch([await place.submit(store)])
    before = await looks(place)

    async def looked_often() -> bool:
        return await looks(place) >= before + 5

    if looked_after:
        await eventually(looked_often)
    else:
        await asyncio.sleep(0.3)  # what must not happen would have happened many times
        assert await looks(place) <= before + 1
    await place.close()


async def test_five_hundred_waiters_take_one_connection(own_redis: RedisServer) -> None:
    place = Place(own_redis.url)
    worker, client = await place.open(), await place.open(lease=None)
    listener = Listener(client)
    runs = [await place.start(worker) for _ in range(500)]
    asked = [client.watches.watch([id_]) for id_, _ in runs]
    assert all(answer[0] is not None for answer in await asyncio.gather(*asked))
    clients = int((await place.call("INFO", "clients")).decode().partition("connected_clients:")[2].split()[0])
    assert clients == 4, "the worker's, the client's, the client's subscription, the test's"
    await worker.attempts.settle([outcome(*run) for run in runs])
    assert sorted(await listener.until(500)) == sorted(id_ for id_, _ in runs)
    assert len(set(listener.told)) == 500
    await place.close()


async def test_a_subscription_that_is_killed_comes_back_and_what_was_missed_is_found(
    place: Place, store: RedisStore, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mog.engine.redis.watches.BRISK_SWEEP", 3600.0)
    client = await place.open(lease=None)
    listener = Listener(client)
    (one, first), (two, second) = await place.start(store), await place.start(store)
    await client.watches.watch([one, two])
    channel = place.layout.of("done", client.owner)

    async def subscribers() -> int:
        return int((await place.call("PUBSUB", "NUMSUB", channel))[1])

    assert await subscribers() == 1
    socket = client.watches._subscription._connection._socket
    address = "{}:{}".format(*socket.getsockname()[:2])
    monkeypatch.setattr("mog.engine.redis.subscription.FIRST_PAUSE", 0.1)
    await place.call("CLIENT", "KILL", "ADDR", address)
    await store.attempts.settle([outcome(one, first)])
    assert await listener.until(1) == [one], "found after subscribing again"
    assert await subscribers() == 1
    await store.attempts.settle([outcome(two, second)])
    assert await listener.until(2) == [one, two]


async def test_a_subscription_that_is_dead_is_found_out(place: Place, store: RedisStore, proxy: Proxy) -> None:
    """Nothing comes over it and nobody says so: it is asked, as long as anybody waits."""
    client = await place.open(lease=None, url=proxy.url, answer_timeout=0.3)
    id_, attempt = await place.start(store)
    await client.watches.watch([id_])
    assert proxy.connections == 2
    listener = Listener(client)
    client.watches._next_question = 0.0
    proxy.stall()
    await store.attempts.settle([outcome(id_, attempt)])
    await eventually(lambda: client.watches._subscription._connection is None)
    proxy.heal()
    assert await listener.until(1) == [id_]


async def test_without_a_subscription_looks_find_what_ends(
    own_redis: RedisServer, caplog: pytest.LogCaptureFixture
) -> None:
    place = Place(own_redis.url)
    await place.call("ACL", "SETUSER", "me", "on", ">mine", "~*", "&*", "+@all", "-subscribe")
    store = await place.open(user="me", password="mine")
    listener = Listener(store)
    runs = [await place.start(store) for _ in range(2)]
    with caplog.at_level(logging.WARNING, "mog.engine.redis"):
        for run in runs:
            await store.watches.watch([run[0]])
    assert len([line for line in caplog.messages if "told with up to a second's delay" in line]) == 1
    assert "mine" not in caplog.text
    await store.attempts.settle([outcome(*run) for run in runs])
    assert sorted(await listener.until(2)) == sorted(run[0] for run in runs)
    await place.close()


async def test_a_watch_that_fails_watches_nothing(place: Place, store: RedisStore, proxy: Proxy) -> None:
    client = await place.open(lease=None, url=proxy.url)
    id_ = await place.submit(store)
    await proxy.refuse()
    proxy.cut()
    with pytest.raises(EngineUnavailable):
        await client.watches.watch([id_])
    assert client.watches._watched == {}
    await proxy.listen()
    await eventually(lambda: _watches(client, id_))


async def _watches(client: RedisStore, id_: object) -> bool:
    try:
        return bool(await client.watches.watch([id_]))
    except EngineUnavailable:
        return False


async def test_a_listener_that_fails_does_not_stop_the_others(place: Place, store: RedisStore) -> None:
    problems: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: problems.append(context["exception"]))

    def fail(_: object) -> None:
        raise RuntimeError("no")

    store.watches.on_finished(fail)
    one, first = await place.start(store)
    await store.watches.watch([one])
    await store.attempts.settle([outcome(one, first)])
    await eventually(lambda: problems)
    listener = Listener(store)
    two, second = await place.start(store)
    await store.watches.watch([two])
    await store.attempts.settle([outcome(two, second)])
    assert await listener.until(1) == [two]


async def test_close_lets_go_of_everything(place: Place, store: RedisStore) -> None:
    client = await place.open(lease=None)
    await client.watches.watch([await place.submit(store)])
    channel = place.layout.of("done", client.owner)
    await client.close()
    await eventually(lambda: _deserted(place, channel))
    assert client.watches._timer is None


async def _deserted(place: Place, channel: str) -> bool:
    return bool((await place.call("PUBSUB", "NUMSUB", channel))[1] == 0)
