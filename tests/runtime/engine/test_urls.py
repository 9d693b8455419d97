"""Engines by URL."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from uuid import uuid4

import pytest

from mog.engine.contracts import Engine
from mog.engine.urls import EngineOptions, open_engine, sqlite_path
from mog.errors import ConfigError, NotConnected
from mog.testing.conformance import Submitter


def engine(url: str, **options: object) -> Engine:
    return open_engine(url, url, url, options=EngineOptions(**options))()  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("sqlite:///.mog/mog.db", ".mog/mog.db"),
        ("sqlite:////var/lib/mog.db", "/var/lib/mog.db"),
        ("sqlite:///with%20space.db", "with space.db"),
    ],
)
def test_a_sqlite_url_names_a_path(url: str, path: str) -> None:
    assert sqlite_path(url) == Path(path)


@pytest.mark.parametrize("url", ["sqlite:", "sqlite://", "sqlite:///", "sqlite://host/x.db", "sqlite:///:memory:"])
def test_other_sqlite_urls_say_what_is_right(url: str) -> None:
    with pytest.raises(ConfigError, match="sqlite:///relative/path"):
        sqlite_path(url)


@pytest.mark.parametrize("url", ["nats://me:secret@host", "postgres:x", "mog.db", ""])
def test_an_unknown_scheme_names_the_known_ones_and_no_secret(url: str) -> None:
    with pytest.raises(ConfigError, match="one of sqlite:, memory:, amqp:") as caught:
        engine(url)
    assert "secret" not in str(caught.value)


def test_the_three_must_be_one_store() -> None:
    with pytest.raises(ConfigError, match="must name one and the same store"):
        open_engine("sqlite:///a.db", "sqlite:///b.db", "sqlite:///a.db")
    with pytest.raises(ConfigError, match=r"memory and sqlite: .* must name"):
        open_engine("sqlite:///a.db", "memory://", "memory://")


@pytest.mark.parametrize(
    ("broker", "results", "state", "says"),
    [
        ("amqp://me:secret@host", "amqp://me:secret@host", "amqp://me:secret@host", "MOG_RESULTS=redis://localhost"),
        ("amqp://me:secret@host", "sqlite:///mog.db", "redis://h", "sqlite: is none"),
        ("amqp://me:secret@host", "redis://h", "memory://", "memory: is none"),
        ("sqlite:///mog.db", "redis://:secret@h", "redis://:secret@h", "needs an amqp: URL as broker"),
        ("redis://:secret@h", "redis://:secret@h", "redis://:secret@h", "which redis: is not"),
        ("amqps://h", "redis://:secret@h/1", "redis://:secret@h/2", "in one and the same Redis"),
        ("amqp://h", "redis://:secret@one", "redis://:secret@other", "redis://one:6379/0 and redis://other:6379/0"),
        ("amqp://me:secret@h:port", "redis://h", "redis://h", "amqp URL cannot be read"),
        ("amqp://h", "redis://:secret@h/name", "redis://h", "database of a Redis URL is a number"),
    ],
)
def test_what_does_not_go_together_is_told_without_secrets(broker: str, results: str, state: str, says: str) -> None:
    with pytest.raises(ConfigError) as caught:
        open_engine(broker, results, state)
    assert says in str(caught.value)
    assert "secret" not in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1


def test_rabbitmq_and_redis_make_an_engine() -> None:
    from mog.engine.distributed.broker import DistributedBroker

    engine = open_engine("amqp://h", "redis://localhost", "redis://localhost:6379/0")()
    assert isinstance(engine.broker, DistributedBroker)


WORK = """
import asyncio, sys
from mog import App

async def main():
    async with App("demo", broker="sqlite:///mog.db") as app:
        @app.task(name="double")
        async def double(context, number: int):
            return 2 * number

        async with app.worker():
            print(await app.run("double", 2))

asyncio.run(main())
print(*(name for name in sys.modules if name.startswith(tuple(sys.argv[1:]))))
"""


def test_an_app_on_the_embedded_engine_loads_nothing_of_the_other(tmp_path: Path) -> None:
    other = ["mog.engine.distributed", "mog.engine.rabbitmq", "mog.engine.redis", "pamqp", "hiredis"]
    command = [sys.executable, "-c", WORK, *other]
    assert subprocess.check_output(command, cwd=tmp_path, text=True).splitlines() == ["4", ""]


async def test_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    factory = open_engine(*["sqlite:///sub/mog.db"] * 3)
    monkeypatch.chdir("/")
    first = factory()
    await first.open()
    id_ = await Submitter(first).submit_new()
    await first.close()
    assert (tmp_path / "sub" / "mog.db").exists()
    second = factory()
    await second.open()
    assert await second.results.get([id_]) != [None]
    await second.close()


async def test_named_memory_is_shared_and_unnamed_is_not() -> None:
    name = f"memory://{uuid4()}"
    for url, shared in ((name, True), ("memory://", False)):
        first, second = engine(url), engine(url)
        await first.open()
        await second.open()
        id_ = await Submitter(first).submit_new()
        assert (await second.results.get([id_]) != [None]) is shared
        await first.close()
        await second.close()


async def test_unnamed_memory_belongs_to_its_factory() -> None:
    factory = open_engine(*["memory://"] * 3)
    first = factory()
    await first.open()
    id_ = await Submitter(first).submit_new()
    await first.close()
    with pytest.raises(NotConnected):
        await first.results.get([id_])
    second = factory()
    await second.open()
    assert await second.results.get([id_]) != [None]
    await second.close()


async def test_the_node_id_is_what_was_chosen(tmp_path: Path) -> None:
    from mog.testing.conformance import Deliveries
    from mog.testing.conformance.kit import record_of

    chosen = engine(f"sqlite:///{tmp_path}/mog.db", node_id="node-7", durability="full")
    await chosen.open()
    id_ = await Submitter(chosen).submit_new()
    await (await Deliveries.begin(chosen, slots=1)).next()
    assert (await record_of(chosen, id_)).node_id == "node-7"
    await chosen.close()
