"""The file of the embedded engine, in all the states that it may be in."""

from __future__ import annotations

import asyncio
import fcntl
import os
import shutil
import signal
import sqlite3
from collections import namedtuple
from contextlib import closing
from pathlib import Path

import pytest
from tests.chaos.yard import Yard, yard

from mog import App
from mog.doctor import Finding, Level, store_file
from mog.engine.sqlite.migrations import APPLICATION_ID

OK, WARN, FAIL = Level.OK, Level.WARN, Level.FAIL


def look(path: Path, *, thorough: bool = False) -> list[Finding]:
    return list(store_file.store_file(path, thorough=thorough))


def worst(path: Path, *, thorough: bool = False) -> Finding:
    """The one complaint that there is."""
    [finding] = [finding for finding in look(path, thorough=thorough) if finding.level is not OK]
    return finding


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A store at rest."""

    async def make() -> None:
        async with App("shop", broker=f"sqlite:///{tmp_path}/mog.db"):
            pass

    asyncio.run(make())
    return tmp_path / "mog.db"


@pytest.mark.parametrize("thorough", [True, False])
def test_store_at_rest_is_left_as_it_is(path: Path, thorough: bool) -> None:
    before = {file.name: file.stat().st_mtime_ns for file in path.parent.iterdir() if file.name != "mog.db-lock"}
    findings = look(path, thorough=thorough)
    assert {finding.level for finding in findings} == {OK}
    assert any(", schema 1" in finding.text and (", undamaged" in finding.text) == thorough for finding in findings)
    assert findings[-1].text == "0 processes use the store"
    after = {file.name: file.stat().st_mtime_ns for file in path.parent.iterdir() if file.name != "mog.db-lock"}
    assert after == before


def test_link_to_a_store(path: Path) -> None:
    link = path.with_name("link.db")
    link.symlink_to(path)
    assert {finding.level for finding in look(link)} == {OK}
    assert not path.with_name("link.db-lock").exists()


def test_store_that_is_not_there_yet(tmp_path: Path) -> None:
    file = tmp_path / "a" / "b" / "mog.db"
    assert look(file)[-1].text == f"{file} is not there yet; the first use makes it"
    assert not file.parent.exists()


def test_directory_in_its_place(tmp_path: Path) -> None:
    assert worst(tmp_path).text == f"{tmp_path} is a directory"


def test_file_in_place_of_its_directory(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert worst(tmp_path / "file" / "mog.db").text == f"{tmp_path}/file is no directory"


@pytest.mark.parametrize(
    ("denied", "said"), [(os.W_OK, "no right to write into"), (os.R_OK | os.W_OK, "no right to read and write")]
)
def test_rights(path: Path, denied: int, said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "access", lambda _, mode: mode & denied != denied)
    finding = worst(path)
    assert finding.level is FAIL
    assert finding.out_of_reach
    assert said in finding.text


def test_network_file_system(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store_file, "file_system_type", lambda _: "nfs4")
    [finding] = look(path)
    assert (finding.level, finding.out_of_reach) == (FAIL, True)
    assert "(nfs4)" in finding.text


@pytest.mark.parametrize(("free", "level"), [(10 * 1024**2, FAIL), (100 * 1024**2, WARN), (2 * 1024**3, OK)])
def test_room(path: Path, free: int, level: Level, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = namedtuple("usage", "free")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(free))
    [finding] = [finding for finding in look(path) if " are free on the disk of " in finding.text]
    assert finding.level is level


def test_no_database(path: Path) -> None:
    path.write_bytes(b"this is no database" * 1000)
    finding = worst(path)
    assert finding.out_of_reach
    assert "is damaged or no SQLite database" in finding.text


def test_damaged_database(path: Path) -> None:
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(b"\xff" * 4096 * 4)
    assert worst(path, thorough=True).level is FAIL


def test_database_of_another_program(tmp_path: Path) -> None:
    path = tmp_path / "theirs.db"
    with closing(sqlite3.connect(path)) as other:
        other.execute("CREATE TABLE x (y)")
    assert "is the database of another program" in worst(path).text


@pytest.mark.parametrize(("version", "level", "said"), [(99, FAIL, "a newer mog wrote"), (0, OK, "which the next use")])
def test_schemas(path: Path, version: int, level: Level, said: str) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(f"PRAGMA user_version = {version}")
        assert connection.execute("PRAGMA application_id").fetchone() == (APPLICATION_ID,)
    assert any(finding.level is level and said in finding.text for finding in look(path))


def test_long_write_ahead_log(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store_file, "LONG_LOG", 10_000)
    with closing(sqlite3.connect(path, isolation_level=None)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT * FROM sqlite_schema").fetchall()
        os.truncate(path.with_name("mog.db-wal"), 20_000)
        assert worst(path).text.endswith("-wal has grown to 19 KiB")


def test_lock_that_is_held(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store_file, "LOCK_PATIENCE", 0.05)
    file = os.open(path.with_name("mog.db-lock"), os.O_RDWR)
    try:
        fcntl.flock(file, fcntl.LOCK_EX)
        os.pwrite(file, b"4711 mog run".ljust(255) + b"\n", 0)
        finding = worst(path, thorough=True)
    finally:
        os.close(file)
    assert finding.level is WARN
    assert finding.text.endswith("has been held for 0.05 s by process 4711 mog run")


# -- processes


@pytest.fixture
def scene(tmp_path: Path):
    with yard(tmp_path, "tests.chaos.lives") as scene:
        scene.app.port().close_blocking()  # it waits for nothing, but it is a process too
        yield scene


def of_processes(scene: Yard) -> Finding:
    return look(scene.ledger.path, thorough=True)[-1]


def test_processes_that_live_and_die(scene: Yard) -> None:
    first, second = scene.worker(), scene.worker()
    assert of_processes(scene).text == "2 processes use the store"
    for worker in (first, second):
        worker.freeze()
    first.send(signal.SIGKILL)
    first.wait()
    finding = of_processes(scene)
    assert finding.level is OK
    assert "1 process uses the store; what ran in 1 process that died is about to be taken over" in finding.text
    second.send(signal.SIGKILL)
    second.wait()
    finding = of_processes(scene)
    assert (finding.level, finding.remedy) == (WARN, "start a worker: mog run")
    assert finding.text.startswith("2 processes died")
    heir = scene.worker()
    scene.wait_until(lambda: of_processes(scene).text == "1 process uses the store", "the heir buries the dead")
    assert heir.alive


@pytest.mark.parametrize(
    ("number", "text"), [(5, "5 B"), (2048, "2 KiB"), (5 * 1024**2, "5 MiB"), (3000 * 1024**3, "3,000 GiB")]
)
def test_sizes(number: int, text: str) -> None:
    assert store_file.size(number) == text
