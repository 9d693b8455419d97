"""`mog queues unpark`, on RabbitMQ and Redis, and where it does not apply."""

import asyncio
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.runtime.leftovers import remove

from mog.engine.rabbitmq.settings import RabbitSettings
from mog.engine.redis.answers import Arrival
from mog.engine.redis.settings import RedisSettings
from mog.engine.redis.store import RedisStore
from mog.testing.conformance.kit import new_task

from .test_distributed import QUEUES, point_to


@pytest.fixture
def name(shop: Path, monkeypatch: pytest.MonkeyPatch, amqp_url: str, redis_url: str) -> Iterator[str]:
    """The name of the shop, on RabbitMQ and Redis."""
    name = point_to(shop, monkeypatch, amqp_url, redis_url)
    yield name
    asyncio.run(remove(name, QUEUES, RabbitSettings.from_url(amqp_url), RedisSettings.from_url(redis_url)))


@pytest.mark.usefixtures("name")
def test_what_is_delayed_is_published_and_runs(mog: Callable[..., Any]) -> None:
    first = mog("submit", "shop.add", "1", "--delay", "1h").out.strip()
    mog("submit", "shop.nothing", "--delay", "1h")
    ended = mog("queues", "unpark", "--yes")
    assert (ended.code, ended.err) == (0, "")
    assert [line.split() for line in ended.out.splitlines()] == [["QUEUE", "PUBLISHED"], ["slow", "1"], ["tasks", "1"]]
    assert mog("run", "--once").code == 0
    assert json.loads(mog("tasks", "get", first, "--json").out)["state"] == "SUCCESS"


@pytest.mark.usefixtures("name")
def test_a_queue_may_be_named(mog: Callable[..., Any]) -> None:
    mog("submit", "shop.add", "1", "--delay", "1h")
    assert json.loads(mog("queues", "unpark", "slow", "--yes", "--json").out) == {"published": {"slow": 0}, "held": 0}
    assert json.loads(mog("queues", "unpark", "--yes", "--json").out) == {"published": {"tasks": 1}, "held": 0}
    assert mog("queues", "unpark", "--yes").out.split() == ["QUEUE", "PUBLISHED"]


@pytest.mark.usefixtures("name")
def test_it_asks_first(mog: Callable[..., Any]) -> None:
    mog("submit", "shop.add", "1", "--delay", "1h")
    ended = mog("queues", "unpark")
    assert (ended.code, ended.out) == (2, "")
    assert ended.err == (
        "error: this would take 1 delayed task of queues slow, tasks out of the store, to run at once\n"
        "  hint: add --yes if that is meant\n"
    )
    assert json.loads(mog("queues", "status", "--json").out.splitlines()[1])["delayed"] == 1


def test_what_workers_hold_is_told_of(name: str, redis_url: str, mog: Callable[..., Any]) -> None:
    asyncio.run(hand_over(name, redis_url))
    ended = mog("queues", "unpark", "--yes", "--json")
    assert (ended.code, json.loads(ended.out)) == (3, {"published": {}, "held": 1})
    assert ended.err == (
        "1 task stayed with workers that live, or died seconds ago: stop them, wait 10 s, and repeat this\n"
    )


async def hand_over(name: str, redis_url: str) -> None:
    """Have a process begin a task, let go of its message, and die."""
    store = RedisStore(RedisSettings.from_url(redis_url), name, node_id="dead")
    await store.open()
    task = new_task(f"{name}.tasks")
    await store.submissions.create([task])
    await store.attempts.admit([Arrival(task.record.id, 0, f"{name}.tasks", 5, b"")])
    assert await store.attempts.hand_over([(task.record.id, 1)]) == [True]
    await store.close()


@pytest.mark.usefixtures("name")
def test_a_queue_that_is_not_there(mog: Callable[..., Any]) -> None:
    ended = mog("queues", "unpark", "taks", "--yes")
    assert (ended.code, ended.out) == (2, "")
    assert ended.err.endswith("has no queue 'taks'; it has slow, tasks\n")


@pytest.mark.usefixtures("shop")
@pytest.mark.parametrize("options", [[], ["--yes"], ["--json", "slow"]])
def test_on_sqlite_it_does_not_apply(mog: Callable[..., Any], options: list[str]) -> None:
    ended = mog("queues", "unpark", *options)
    assert (ended.code, ended.out) == (2, "")
    assert ended.err == (
        "error: nothing is to be unparked on sqlite: what waits is in its queue already; unpark is for apps on "
        "RabbitMQ and Redis\n"
    )


def test_without_rabbitmq_it_says_so_in_a_line(
    mog: Callable[..., Any], shop: Path, monkeypatch: pytest.MonkeyPatch, redis_url: str
) -> None:
    point_to(shop, monkeypatch, "amqp://127.0.0.1:1/", redis_url)
    ended = mog("queues", "unpark", "--yes")
    assert (ended.code, ended.out, ended.err.count("\n")) == (4, "", 1)
    assert "127.0.0.1:1" in ended.err
