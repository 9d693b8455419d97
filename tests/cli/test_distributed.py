"""The command on RabbitMQ and Redis: what the other tests show on the embedded engine, in short."""

from __future__ import annotations

import asyncio
import json
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import pytest
from pamqp import commands
from tests.runtime.leftovers import ask, remove
from tests.services import RabbitServer, RedisServer, redis

from mog.engine.rabbitmq.settings import RabbitSettings
from mog.engine.redis.client import Client
from mog.engine.redis.settings import RedisSettings

QUEUES = ("tasks", "slow", "tasks.dead")

MogCommand = Callable[..., Any]


def point_to(shop: Path, monkeypatch: pytest.MonkeyPatch, amqp_url: str, redis_url: str) -> str:
    """Let the shop be an app on these servers, under a name of its own."""
    name = f"shop-{uuid4().hex[:12]}"
    file = shop / "shop.py"
    file.write_text(file.read_text().replace('App("shop")', f'App("{name}")'))
    monkeypatch.setenv("MOG_BROKER", amqp_url)
    monkeypatch.setenv("MOG_RESULTS", redis_url)
    return name


@pytest.fixture
def on_servers(shop: Path, monkeypatch: pytest.MonkeyPatch, amqp_url: str, redis_url: str) -> Iterator[Path]:
    name = point_to(shop, monkeypatch, amqp_url, redis_url)
    yield shop
    asyncio.run(remove(name, QUEUES, RabbitSettings.from_url(amqp_url), RedisSettings.from_url(redis_url)))


def until(condition: Callable[[], bool], within: float = 30.0) -> None:
    end = time.monotonic() + within
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)


@pytest.mark.usefixtures("on_servers")
def test_a_task_and_all_that_is_told_of_it(mog: MogCommand, worker: subprocess.Popen[str]) -> None:
    assert mog("submit", "shop.add", "1", "2", "--wait").out == "3\n"
    failed = mog("submit", "shop.fail", "no luck").out.strip()
    assert mog("tasks", "wait", failed).code != 0
    assert mog("tasks", "get", failed, "--json").out.count("no luck") >= 1
    listed = [json.loads(line) for line in mog("tasks", "list", "--json").out.splitlines()]
    assert [task["state"] for task in listed] == ["FAILURE", "SUCCESS"]
    running = mog("submit", "shop.steps", "1", "60").out.strip()
    until(lambda: running in mog("nodes", "status", "--json").out)
    (tasks,) = [json.loads(line) for line in mog("queues", "status", "--json").out.splitlines() if '"tasks"' in line]
    assert (tasks["ready"], tasks["running"]) == (0, 1)
    assert mog("tasks", "revoke", running, "--yes").code == 0
    assert mog("tasks", "wait", running).code != 0
    assert worker.poll() is None


@pytest.mark.usefixtures("on_servers")
def test_what_waits_is_counted_and_purged(mog: MogCommand) -> None:
    for number in range(3):
        mog("submit", "shop.add", str(number))
    mog("submit", "shop.add", "3", "--delay", "1h")
    (tasks,) = [json.loads(line) for line in mog("queues", "status", "--json").out.splitlines() if '"tasks"' in line]
    assert (tasks["ready"], tasks["delayed"]) == (3, 1)
    assert mog("queues", "purge", "tasks", "--yes").code == 0
    listed = [json.loads(line)["state"] for line in mog("tasks", "list", "--json").out.splitlines()]
    assert listed == ["REVOKED"] * 4
    assert mog("run", "--once").code == 0


def test_a_dead_letter_is_listed_and_dropped(
    mog: MogCommand, mog_program: MogCommand, monkeypatch: pytest.MonkeyPatch, on_servers: Path
) -> None:
    task_id = mog("submit", "shop.join", "a").out.strip()
    file = on_servers / "shop.py"
    file.write_text(file.read_text().replace("shop.join", "shop.renamed"))
    monkeypatch.setenv("MOG_UNKNOWN_TASK_GRACE", "0")
    assert mog_program("run", "--once").code == 0
    (letter,) = [json.loads(line) for line in mog("dead", "list", "--json").out.splitlines()]
    assert (letter["id"], letter["reason"], letter["name"]) == (task_id, "unknown-task", "shop.join")
    assert mog("dead", "drop", task_id, "--yes").code == 0
    assert mog("dead", "list", "--json").out == ""


@pytest.mark.parametrize("gone", ["amqp", "redis"])
@pytest.mark.parametrize("arguments", [["run"], ["submit", "shop.add", "1"], ["tasks", "list"], ["nodes", "status"]])
def test_a_server_that_is_not_there_is_told_in_one_line(
    mog: MogCommand, on_servers: Path, monkeypatch: pytest.MonkeyPatch, gone: str, arguments: list[str]
) -> None:
    monkeypatch.setenv("MOG_BROKER" if gone == "amqp" else "MOG_RESULTS", f"{gone}://me:secret@127.0.0.1:1/")
    ended = mog(*arguments)
    assert (ended.code, ended.out) == (4, "")
    error = ended.err.splitlines()[-1]
    assert error.startswith("error: ")
    assert "127.0.0.1:1" in error
    assert "secret" not in ended.err


def told_in_one_line(mog: MogCommand, reason: str) -> None:
    """Both verbs end with exit code 4 and one line that gives the reason; `mog run` has introduced itself before."""
    submitted, ran = mog("submit", "shop.add", "1"), mog("run")
    assert (submitted.code, submitted.out) == (4, "")
    assert (ran.code, ran.out) == (4, "")
    for error in (submitted.err.rstrip("\n"), ran.err.splitlines()[-1]):
        assert error.startswith("error: ")
        assert reason in error
        assert "\n" not in error
        assert "secret" not in error


def set_redis(url: str, *setting: str) -> None:
    async def set_it() -> None:
        client = Client(RedisSettings.from_url(url))
        await client.open()
        assert await client.call([setting]) == [b"OK"]
        await client.close()

    asyncio.run(set_it())


@pytest.mark.usefixtures("on_servers")
@pytest.mark.parametrize(
    ("setting", "reason"),
    [
        (("CONFIG", "SET", "requirepass", "secret"), "asks for a password"),
        (("CONFIG", "SET", "min-replicas-to-write", "1"), "takes no writes without its replicas"),
        (("CONFIG", "SET", "maxmemory", "1mb"), "is out of memory"),
        (("REPLICAOF", "127.0.0.1", "1"), "is a read-only replica"),
    ],
)
def test_a_redis_that_takes_nothing_is_told_in_one_line(
    mog: MogCommand, monkeypatch: pytest.MonkeyPatch, own_redis: RedisServer, setting: tuple[str, ...], reason: str
) -> None:
    monkeypatch.setenv("MOG_RESULTS", own_redis.url)
    set_redis(own_redis.url, *setting)
    told_in_one_line(mog, reason)


@pytest.mark.usefixtures("on_servers")
@pytest.mark.parametrize(
    ("user", "path", "reason"), [("me:secret", "/", "refuses user or password"), (None, "/nowhere", "nowhere")]
)
def test_a_rabbitmq_that_lets_nobody_in_is_told_in_one_line(
    mog: MogCommand, monkeypatch: pytest.MonkeyPatch, amqp_url: str, *, user: str | None, path: str, reason: str
) -> None:
    parts = urlsplit(amqp_url)
    own, _, host = parts.netloc.rpartition("@")
    monkeypatch.setenv("MOG_BROKER", parts._replace(netloc=f"{user or own}@{host}", path=path).geturl())
    told_in_one_line(mog, reason)


def test_a_queue_with_other_arguments_is_told_in_one_line(
    mog: MogCommand, monkeypatch: pytest.MonkeyPatch, shop: Path, amqp_url: str, redis_url: str
) -> None:
    name, rabbit = point_to(shop, monkeypatch, amqp_url, redis_url), RabbitSettings.from_url(amqp_url)
    asyncio.run(ask(rabbit, [commands.Queue.Declare(queue=f"{name}.tasks", durable=True)]))
    try:
        told_in_one_line(mog, "has it with other arguments")
    finally:
        asyncio.run(remove(name, QUEUES, rabbit, RedisSettings.from_url(redis_url)))


@pytest.mark.usefixtures("shop")
def test_a_broker_alone_is_not_enough(mog: MogCommand, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MOG_BROKER", "amqp://me:secret@127.0.0.1")
    ended = mog("run")
    assert ended.code == 2
    assert "MOG_RESULTS=redis://" in ended.err
    assert "secret" not in ended.err


@pytest.mark.chaos
@pytest.mark.timeout(180)
def test_a_worker_goes_on_when_its_servers_are_back(
    mog: MogCommand,
    shop: Path,
    monkeypatch: pytest.MonkeyPatch,
    own_rabbitmq: RabbitServer,
    request: pytest.FixtureRequest,
) -> None:
    with redis("--appendonly", "yes", "--appendfsync", "always") as own_redis:
        point_to(shop, monkeypatch, own_rabbitmq.url, own_redis.url)
        worker: subprocess.Popen[str] = request.getfixturevalue("worker")
        running = mog("submit", "shop.steps", "1", "1000").out.strip()
        until(lambda: running in mog("nodes", "status", "--json").out)

        own_rabbitmq.kill()
        refused = mog("submit", "shop.add", "1")
        assert refused.code == 4
        own_rabbitmq.start()
        assert mog("submit", "shop.add", "1", "--wait", "--timeout", "60").out == "2\n"

        own_redis.kill()
        assert mog("submit", "shop.add", "1").code == 4
        own_redis.start()
        assert mog("submit", "shop.add", "2", "--wait", "--timeout", "60").out == "3\n"

        (node,) = [json.loads(line) for line in mog("nodes", "status", "--json").out.splitlines()]
        assert [task["id"] for task in node["running"]] == [running]
        task = json.loads(mog("tasks", "get", running, "--json").out)
        assert (task["state"], task["starts"]) == ("RUNNING", 1)
        assert mog("tasks", "revoke", running, "--yes").code == 0
        worker.terminate()
        assert worker.wait(30) == 0
