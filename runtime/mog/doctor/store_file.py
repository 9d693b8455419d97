"""The file of the embedded engine, its directory, and the processes that use it."""

from __future__ import annotations

import os
import shutil
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from mog.doctor.findings import Finding, fail, ok, warn
from mog.engine.sqlite.failures import translate
from mog.engine.sqlite.filesystem import file_system_type, is_network
from mog.engine.sqlite.lock import StoreLock
from mog.engine.sqlite.migrations import check_version, load_migrations
from mog.engine.sqlite.owners import find_dead
from mog.errors import EngineError, StoreUnusable

SUBJECT = "store"

LITTLE_ROOM, NO_ROOM = 500 * 1024**2, 20 * 1024**2
"""Bytes free on a disk: the write-ahead log alone may take 64 MiB, and a checkpoint needs room for as much again."""

LONG_LOG = 256 * 1024**2
"""Bytes of a write-ahead log that is not cut back: some other program reads without end."""

LOCK_PATIENCE = 1.0
"""Seconds for which the store's lock may be held by one process after the other."""

BUSY_TIMEOUT = 5.0
"""Seconds that a look waits for programs that hold SQLite's own lock."""


def store_file(path: Path, *, thorough: bool) -> Iterator[Finding]:
    """Look at the database at ``path``, which need not be there yet; ``thorough`` reads all of it."""
    path = path.resolve()  # what lies beside it lies beside the file itself, not beside a link to it
    kind = file_system_type(path)
    if is_network(kind):
        what = f"{path} lies on a network file system ({kind}), where locks do not hold"
        yield fail(SUBJECT, what, "name a file on a local disk, or use RabbitMQ and Redis", out_of_reach=True)
        return
    blocked = list(rights(path))
    yield from blocked
    if blocked:
        return
    yield from room(path)
    if not path.exists():
        yield ok(SUBJECT, f"{path} is not there yet; the first use makes it")
        return
    yield from database(path, thorough=thorough)
    yield from write_ahead_log(path)
    yield from lock(path)
    yield from processes(path)


def rights(path: Path) -> Iterator[Finding]:
    """Find what keeps this user from using the file."""
    if path.is_dir():
        what = f"{path} is a directory"
        yield fail(SUBJECT, what, f"name a file in it, such as {path / 'mog.db'}", out_of_reach=True)
        return
    place = existing(path.parent)
    if not place.is_dir():
        yield fail(SUBJECT, f"{place} is no directory", "name another place for the file", out_of_reach=True)
    elif not os.access(place, os.W_OK | os.X_OK):
        what = f"no right to write into {place}, where files are kept beside the database"
        yield fail(SUBJECT, what, "give this user the right, or name another place", out_of_reach=True)
    elif path.exists() and not os.access(path, os.R_OK | os.W_OK):
        yield fail(SUBJECT, f"no right to read and write {path}", "give this user the right", out_of_reach=True)


def room(path: Path) -> Iterator[Finding]:
    """Look at the disk."""
    free = shutil.disk_usage(existing(path.parent)).free
    text = f"{size(free)} are free on the disk of {path}"
    if free < NO_ROOM:
        yield fail(SUBJECT, text, "make room: nothing can be submitted on a full disk")
    elif free < LITTLE_ROOM:
        yield warn(SUBJECT, text, "make room before it is full")
    else:
        yield ok(SUBJECT, text)


def database(path: Path, *, thorough: bool) -> Iterator[Finding]:
    """Read the database, without a right to write."""
    try:
        with reading(path) as connection:
            migrations = load_migrations()
            version = check_version(connection, str(path), migrations)
            damage = connection.execute("PRAGMA quick_check(1)").fetchone()[0] if thorough else "ok"
    except sqlite3.Error as error:
        failure = translate(error, str(path)) or StoreUnusable(f"{path} cannot be read: {error}")
        yield fail(SUBJECT, str(failure), out_of_reach=True)
    except EngineError as error:
        yield fail(SUBJECT, str(error), out_of_reach=True)
    else:
        if damage != "ok":
            what = f"{path} is damaged: {damage.splitlines()[-1]}"
            yield fail(
                SUBJECT, what, "stop the workers, keep a copy, and save what can be with `sqlite3 FILE .recover`"
            )
            return
        checked = ", undamaged" if thorough else ""
        later = "" if version == max(migrations) else f", which the next use brings to {max(migrations)}"
        yield ok(SUBJECT, f"{path}: {size(path.stat().st_size)}{checked}, schema {version}{later}")


@contextmanager
def reading(path: Path) -> Iterator[sqlite3.Connection]:
    """Open the database to read it, and leave no trace.

    A database with a write-ahead log is in use, or was when a process died. One without is at rest: to read it as such
    makes none, and the store's lock, where it can be had, keeps it at rest.
    """
    at_rest = not path.with_name(f"{path.name}-wal").exists()
    with closing(StoreLock(path.with_name(f"{path.name}-lock"))) as held:
        at_rest = at_rest and held.acquire(wait=True)
        options = "immutable=1" if at_rest else "mode=ro"
        try:
            with closing(sqlite3.connect(f"{path.as_uri()}?{options}", uri=True, timeout=BUSY_TIMEOUT)) as connection:
                yield connection
        finally:
            if at_rest:
                held.release()


def write_ahead_log(path: Path) -> Iterator[Finding]:
    """Look whether the log is cut back."""
    log = path.with_name(f"{path.name}-wal")
    length = log.stat().st_size if log.exists() else 0
    if length > LONG_LOG:
        remedy = "end the programs that read the database without end; mog's own do not"
        yield warn(SUBJECT, f"the write-ahead log {log} has grown to {size(length)}", remedy)


def lock(path: Path) -> Iterator[Finding]:
    """Look whether the lock of the store, which is held for milliseconds as a rule, can be had."""
    with closing(StoreLock(path.with_name(f"{path.name}-lock"))) as held:
        until = time.monotonic() + LOCK_PATIENCE
        while not held.acquire(wait=True):
            if time.monotonic() > until:
                what = f"the lock of {path} has been held for {LOCK_PATIENCE:g} s by process {held.holder()}"
                yield warn("processes", what, "if it is stopped, as by Ctrl-Z, let it go on or end it")
                return
            time.sleep(0.01)
        held.release()


def processes(path: Path) -> Iterator[Finding]:
    """Count the processes that use the store, and those that died without putting their tasks back."""
    directory = path.with_name(f"{path.name}-owners")
    living = dead = 0
    files = directory.iterdir() if directory.is_dir() else ()
    for file in files:
        found = find_dead(directory, int(file.name, 16))
        if found is None:
            living += 1
        else:
            found.release()
            dead += 1
    using = f"{counted(living)} {'uses' if living == 1 else 'use'} the store"
    if dead and not living:
        what = f"{counted(dead)} died, and no other is there to take over what ran there"
        yield warn("processes", what, "start a worker: mog run")
    elif dead:
        yield ok("processes", f"{using}; what ran in {counted(dead)} that died is about to be taken over")
    else:
        yield ok("processes", using)


def existing(directory: Path) -> Path:
    """Return the directory, or what there is of it: missing ones are made."""
    return next((place for place in (directory, *directory.parents) if place.exists()), directory)


def counted(processes: int) -> str:
    """Return how many processes there are."""
    return f"{processes} process{'' if processes == 1 else 'es'}"


def size(number: int) -> str:
    """Write a number of bytes."""
    for unit in ("B", "KiB", "MiB"):
        if number < 1024:
            return f"{number:.0f} {unit}"
        number //= 1024
    return f"{number:,} GiB"
