"""Files that cannot be a store: one clear line each."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from mog.engine.contracts import Engine
from mog.engine.sqlite import database
from mog.engine.sqlite.engine import file_engine
from mog.engine.sqlite.failures import Locked
from mog.engine.sqlite.filesystem import is_network, type_of_mount
from mog.errors import EngineError, StoreCorrupt, StoreTooNew, StoreUnusable
from mog.testing.conformance import Deliveries, Submitter
from mog.testing.conformance.kit import eventually, new_task

from .inside import connection_of

NOBODY = 65534


def make(path: Path) -> Engine:
    return file_engine(path, clock=time.time, lock_timeout=0.2)


async def fails(path: Path, error: type[EngineError], *words: str) -> None:
    """Open ``path``, which must fail with one line that holds ``words`` and the file's name."""
    with pytest.raises(error) as caught:
        await make(path).open()
    text = str(caught.value)
    assert "\n" not in text
    for word in words:
        assert word in text
    assert type(caught.value) is error


async def test_directories_on_the_way_are_made(tmp_path: Path) -> None:
    engine = make(tmp_path / "a" / "b" / "mog.db")
    await engine.open()
    await engine.close()
    assert (tmp_path / "a" / "b" / "mog.db").is_file()


async def test_a_directory(tmp_path: Path) -> None:
    await fails(tmp_path, StoreUnusable, str(tmp_path), "is a directory")


async def test_a_file_where_a_directory_is_needed(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    await fails(tmp_path / "file" / "mog.db", StoreUnusable, str(tmp_path / "file"), "cannot be made")


async def test_a_file_that_is_no_database(path: Path) -> None:
    path.write_text("This is a letter to my aunt. " * 100)
    await fails(path, StoreCorrupt, str(path), "damaged or no SQLite database")
    assert path.read_text().startswith("This is a letter")


async def test_a_database_of_another_program(path: Path) -> None:
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE aunts (name TEXT)")
    connection.close()
    await fails(path, StoreUnusable, str(path), "another program")


async def test_an_empty_file_is_a_new_store(path: Path) -> None:
    path.touch()
    engine = make(path)
    await engine.open()
    await Submitter(engine).submit_new()
    await engine.close()


async def test_a_link_and_its_target_are_one_store(path: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    link = tmp_path / "elsewhere" / "link.db"
    link.symlink_to(path)
    by_link, by_name = make(link), make(path)
    await by_link.open()
    await by_name.open()
    id_ = await Submitter(by_link).submit_new()
    assert await by_name.results.get([id_]) != [None]
    await by_link.close()
    await by_name.close()
    assert [entry.name for entry in link.parent.iterdir()] == ["link.db"]


async def test_a_newer_schema(path: Path) -> None:
    engine = make(path)
    await engine.open()
    connection_of(engine).execute("PRAGMA user_version = 7")
    await engine.close()
    await fails(path, StoreTooNew, str(path), "schema 7", "up to 1")


async def test_a_truncated_file(path: Path) -> None:
    await _fill(path)
    with path.open("r+b") as file:
        file.truncate(5000)
    await fails(path, StoreCorrupt, str(path), "damaged")


async def test_a_damaged_page_is_found_when_it_is_read(path: Path) -> None:
    await _fill(path)
    with path.open("r+b") as file:
        for page in range(1, path.stat().st_size // 4096):
            file.seek(page * 4096)
            file.write(b"\xff" * 4096)
    engine = make(path)
    with pytest.raises(StoreCorrupt, match="damaged"):
        await _open_and_submit(engine)
    await engine.close()


async def _open_and_submit(engine: Engine) -> None:
    await engine.open()
    await Submitter(engine).submit_new()


async def _fill(path: Path) -> None:
    engine = make(path)
    await engine.open()
    await Submitter(engine).submit(*(new_task() for _ in range(200)))
    await engine.close()


async def test_a_file_that_another_program_keeps_locked(path: Path) -> None:
    await _fill(path)
    foreign = sqlite3.connect(path, isolation_level=None)
    foreign.execute("PRAGMA locking_mode = EXCLUSIVE")
    foreign.execute("BEGIN EXCLUSIVE")
    await fails(path, Locked, str(path), "another program")
    foreign.close()
    engine = make(path)
    await engine.open()
    await engine.close()


@pytest.fixture
def no_grace(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have each call look whether the file is still there."""
    monkeypatch.setattr(database, "_CHECKED_FOR", 0.0)


@pytest.mark.usefixtures("no_grace")
async def test_a_file_removed_while_open(path: Path) -> None:
    engine = make(path)
    await engine.open()
    await Submitter(engine).submit_new()
    path.unlink()
    for call in (engine.results.create([new_task()]), engine.results.get([]), engine.broker.depth(["tasks"])):
        with pytest.raises(StoreUnusable, match="removed or replaced while it was open"):
            await call
    await engine.close()


@pytest.mark.usefixtures("no_grace")
async def test_a_file_replaced_while_open(path: Path, tmp_path: Path) -> None:
    engine = make(path)
    await engine.open()
    shutil.copy(path, tmp_path / "copy")
    (tmp_path / "copy").rename(path)
    with pytest.raises(StoreUnusable, match="removed or replaced"):
        await engine.results.create([new_task()])
    await engine.close()


@pytest.mark.usefixtures("no_grace")
async def test_a_removed_file_does_not_bring_down_a_consumer(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    engine = make(path)
    await engine.open()
    deliveries = await Deliveries.begin(engine, slots=1)
    path.unlink()
    deliveries.consumer.grant(1)

    async def said() -> bool:
        return "removed or replaced" in caplog.text

    await eventually(said)
    await engine.close()


@pytest.fixture
def unprivileged(tmp_path: Path) -> Iterator[Path]:
    """A directory to test rights in; root has all rights, so the tests act as nobody."""
    if os.geteuid() != 0:
        yield tmp_path
        return
    for parent in (tmp_path, *tmp_path.parents[:2]):
        parent.chmod(0o755)
    os.seteuid(NOBODY)
    try:
        yield tmp_path
    finally:
        os.seteuid(0)


async def test_no_right_to_write_the_directory(unprivileged: Path, path: Path) -> None:
    _as_root(lambda: unprivileged.chmod(0o555))
    if os.access(unprivileged, os.W_OK, effective_ids=True):
        pytest.skip("LOUD: this user may write everywhere")
    await fails(path, StoreUnusable, "no right to write into", str(unprivileged))


async def test_a_read_only_file(unprivileged: Path, path: Path) -> None:
    _as_root(lambda: (path.touch(), path.chmod(0o444), unprivileged.chmod(0o777)))
    await fails(path, StoreUnusable, "no right to read and write", str(path))


def _as_root(action: object) -> None:
    """Prepare files that this test is then not allowed to touch."""
    user = os.geteuid()
    root = os.getuid() == 0
    if root:
        os.seteuid(0)
    action()  # type: ignore[operator]
    if root:
        os.seteuid(user)


async def test_a_read_only_mount(tmp_path: Path) -> None:
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "ro", "tmpfs", str(tmp_path)], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip(f"LOUD: a read-only mount needs root: {mounted.stderr.decode().strip()}")
    try:
        await fails(tmp_path / "mog.db", StoreUnusable, "no right to write into", str(tmp_path))
    finally:
        subprocess.run(["umount", str(tmp_path)], check=True)


MOUNTS = """\
27 1 254:0 / / rw,relatime - ext4 /dev/vda rw
40 27 0:30 / /home rw - nfs4 server:/home rw
41 40 0:31 / /home/me/my\\040files rw - tmpfs tmpfs rw
42 27 0:32 / /mnt/far rw shared:5 - fuse.sshfs me@there:/ rw
43 27 0:33 / /mnt/near rw - fuse.ntfs-3g /dev/sdb rw
44 27 0:34 / /mnt/c rw - 9p drvfs rw
"""


@pytest.mark.parametrize(
    ("directory", "kind", "network"),
    [
        ("/var/lib", "ext4", False),
        ("/home/me", "nfs4", True),
        ("/home/me/my files/x", "tmpfs", False),
        ("/mnt/far/x", "fuse.sshfs", True),
        ("/mnt/near", "fuse.ntfs-3g", False),
        ("/mnt/c/Users", "9p", True),
        ("/mnt/cellar", "ext4", False),
    ],
)
def test_the_type_of_a_mount(directory: str, kind: str, network: bool) -> None:
    assert type_of_mount(Path(directory), MOUNTS) == kind
    assert is_network(kind) is network


async def test_a_network_file_system(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mog.engine.sqlite.filesystem.file_system_type", lambda _: "nfs4")
    await fails(path, StoreUnusable, str(path), "network file system (nfs4)")
    assert not path.exists()
