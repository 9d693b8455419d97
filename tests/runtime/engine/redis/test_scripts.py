"""How scripts get to the server and run, and what they have in common."""

from __future__ import annotations

import asyncio
import json
import random
import re
from pathlib import Path
from uuid import uuid4

import pytest
from tests.runtime.proxy import Proxy
from tests.services import RedisServer

import mog.engine.redis
from mog.engine.redis.codec import read_time, write_time
from mog.engine.redis.layout import Layout, lua_names
from mog.engine.redis.scripts import ITEMS_AT_ONCE, SCRIPTS
from mog.engine.redis.store import RedisStore
from mog.errors import ResultError, StoreUnusable

from .place import Place, eventually, outcome

DIRECTORY = Path(mog.engine.redis.__file__).parent
FILES = sorted((DIRECTORY / "lua").rglob("*.lua"))

every_file = pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
CALLED = re.compile(r'\.(?:run|ask|run_once)\(\s*"(\w+)"')


def test_every_script_is_called_and_every_call_has_a_script() -> None:
    called = {name for file in DIRECTORY.glob("*.py") for name in CALLED.findall(file.read_text("utf-8"))}
    assert called == set(SCRIPTS)


@every_file
def test_scripts_name_no_key_themselves(file: Path) -> None:
    """Names of keys stand in layout.py alone."""
    code = re.sub(r"--.*", "", file.read_text("utf-8"))
    assert not re.search(r"'[^']*(?:\.mog\.|\.mognet\.|/value|/children|/metadata)[^']*'", code)


@every_file
def test_scripts_say_what_they_take(file: Path) -> None:
    assert file.read_text("utf-8").startswith("-- ")


def test_names_are_the_layouts() -> None:
    layout, id_ = Layout("shop"), uuid4()
    names = lua_names("RESULT VALUE DUE NODES INDEX")
    assert (
        f"local RESULT = app .. '{layout.of_task('result', id_).removeprefix('shop').removesuffix(str(id_))}'" in names
    )
    assert "local VALUE = '/value'" in names
    assert layout.of_task("result", id_, "value") == f"shop.mognet.result.{id_}/value"
    assert layout.of("due", "shop.tasks") == "shop.mog.due.shop.tasks"
    assert layout.of("index") == "shop.mog.index"


@pytest.mark.parametrize("name", sorted(SCRIPTS))
async def test_every_script_compiles(name: str, place: Place) -> None:
    assert (await place.call("SCRIPT", "LOAD", SCRIPTS[name].text)).decode() == SCRIPTS[name].sha


async def test_a_server_that_has_forgotten_the_scripts_gets_those_that_it_lacks(own_redis: RedisServer) -> None:
    place = Place(own_redis.url)
    store = await place.open()
    ids = [await place.submit(store) for _ in range(3)]
    await place.call("SCRIPT", "FLUSH")
    records = await asyncio.gather(*(store.records.get([id_]) for id_ in ids), store.records.get(ids * 100))
    assert all(record is not None for answer in records for record in answer)
    assert len(records[-1]) == 300
    await place.close()


async def test_only_the_runs_that_failed_are_sent_again(own_redis: RedisServer) -> None:
    place = Place(own_redis.url)
    store = await place.open()
    await place.call("SCRIPT", "FLUSH")
    await place.call("CONFIG", "RESETSTAT")
    await store.submissions.create([place.new() for _ in range(ITEMS_AT_ONCE * 2 + 1)])
    stats = (await place.call("INFO", "commandstats")).decode()
    assert "cmdstat_evalsha:calls=6" in stats, "three runs, three more"
    assert re.search(r"cmdstat_script(\|load)?:calls=1,", stats)
    assert await place.call("ZCARD", place.layout.of("outbox")) == ITEMS_AT_ONCE * 2 + 1
    await place.close()


async def test_a_batch_goes_out_at_once(place: Place, proxy: Proxy) -> None:
    store = await place.open(url=proxy.url)
    tasks = [place.new() for _ in range(ITEMS_AT_ONCE * 3 + 7)]
    await store.submissions.create(tasks[:1])
    proxy.down.open.clear()
    creating = asyncio.create_task(store.submissions.create(tasks[1:]))
    await eventually(lambda: _count(place, "outbox", len(tasks)))
    proxy.heal()
    assert await creating == [None] * (len(tasks) - 1)


async def _count(place: Place, key: str, count: int) -> bool:
    return bool(await place.call("ZCARD", place.layout.of(key)) == count)


async def test_what_is_wrong_with_one_item_is_its_answer(place: Place, store: RedisStore) -> None:
    good, bad = await place.submit(store), uuid4()
    await place.call("SET", place.layout.of_task("result", bad), "something else")
    records = await store.records.get([good, bad, good])
    assert records[0] is not None
    assert records[0] == records[2]
    assert isinstance(records[1], StoreUnusable)
    assert "WRONGTYPE" in str(records[1])


async def test_what_cannot_be_read_is_its_items_answer(place: Place, store: RedisStore) -> None:
    good, bad = await place.submit(store), await place.submit(store)
    await place.call("HSET", place.layout.of_task("result", bad), "created", "yesterday")
    records = await store.records.get([good, bad])
    assert records[0] is not None
    assert isinstance(records[1], ResultError)


async def test_a_call_whose_answer_is_lost_is_repeated_and_done_once(place: Place, proxy: Proxy) -> None:
    """Each step of a task's life, with the wire cut after the server has done it and before it could say so."""
    store = await place.open(url=proxy.url)
    task, child = place.new(), place.new(metadata={"a": b"1"})

    async def lost(call: object, done: object) -> object:
        proxy.down.open.clear()
        calling = asyncio.ensure_future(call)
        await eventually(done)
        proxy.cut()
        proxy.heal()
        return await calling

    result = place.layout.of_task("result", task.record.id)

    async def field(name: str) -> bytes | None:
        value: bytes | None = await place.call("HGET", result, name)
        return value

    async def is_state(state: bytes) -> bool:
        return await field("state") == state

    assert await lost(store.submissions.create([task, child]), lambda: field("id")) == [None, None]
    admissions = await lost(store.attempts.admit([place.arrival(task.record.id)]), lambda: is_state(b'"RUNNING"'))
    assert isinstance(admissions, list)
    assert (admissions[0].attempt, admissions[0].crashes) == (1, 0)
    ended = await lost(store.attempts.settle([outcome(task.record.id, 1)]), lambda: is_state(b'"SUCCESS"'))
    assert ended == [True]
    assert await field("number_of_starts") == await field("number_of_stops") == b"1"
    assert await store.attempts.settle([outcome(task.record.id, 1)]) == [False], "said once more, it is another's"


async def test_times_are_written_as_python_writes_them(place: Place) -> None:
    dice = random.Random(5)
    times = [round(dice.uniform(-2e9, 2e10), 6) for _ in range(2000)]
    times += [0.0, 0.5, -0.25, 951782400.0, 951868799.999999, 1709164800.0, 4107542400.0, 1e9 - 1e-7]
    text = SCRIPTS["over"].text.rpartition("return each")[0] + "return iso(tonumber(ARGV[2]))"
    for time in times:
        written = (await place.call("EVAL", text, 0, place.app, repr(time), "0")).decode()
        assert abs((read_time(written.encode()) or 0.0) - time) < 2e-6
        assert json.loads(written) == json.loads(write_time(read_time(written.encode())))


async def test_the_clock_of_a_test_stands_for_redis_own(place: Place) -> None:
    store = await place.open(clock=lambda: 1_750_000_000.25)
    [record] = await store.records.get([await place.finish(store)])
    assert record is not None
    assert record.created == record.started == record.finished == 1_750_000_000.25
    before = await place.time()
    lease = float(await place.call("ZSCORE", place.layout.of("nodes"), store.owner))
    assert lease > before, "leases go by the server's clock"
