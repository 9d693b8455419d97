"""The database behind a store: how it is opened, locked and closed. A file, or memory."""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import os
import sqlite3
import threading
import time
from abc import ABC, abstractmethod
from pathlib import Path

from mog.engine.sqlite.failures import Locked, translate
from mog.engine.sqlite.filesystem import prepare
from mog.engine.sqlite.lock import StoreLock
from mog.engine.sqlite.migrations import load_migrations, migrate
from mog.errors import EngineUnavailable, NotConnected, StoreUnusable

_CLOSE_PATIENCE = 5.0
"""Seconds that close() waits for the store's lock."""

_LOCK_POLL = 0.003
"""Seconds between attempts at the lock once short waiting did not help; the loop runs meanwhile."""


class Database(ABC):
    """One connection, and the lock under which it writes. ``label`` names it in messages."""

    label: str
    connection: sqlite3.Connection

    @abstractmethod
    async def open(self) -> None:
        """Open and migrate; raises EngineError with one line that says what is in the way."""

    @abstractmethod
    def try_lock(self, *, wait: bool) -> bool:
        """Take the right to write, at once or within 3 ms."""

    @abstractmethod
    def unlock(self) -> None:
        """Give it back."""

    @abstractmethod
    def holder(self) -> str:
        """Name who holds the right to write."""

    @abstractmethod
    def check(self) -> None:
        """Raise StoreUnusable if what is open is no longer what the label names."""

    @abstractmethod
    async def close(self) -> None:
        """Close; raises nothing."""

    @abstractmethod
    def abandon(self) -> None:
        """Let go in a forked child without touching what the parent holds."""


class FileDatabase(Database):
    """A database file; beside it lie SQLite's -wal and -shm, the lock file -lock and the directory -owners."""

    def __init__(self, path: Path, *, durability: str, lock_timeout: float) -> None:
        self.path = path.absolute()
        self._name = str(self.path)
        self.label = str(path)
        self.owners = self.path.with_name(self.path.name + "-owners")
        self._durability = durability
        self._lock_timeout = lock_timeout
        self._lock: StoreLock | None = None
        self._identity = (0, 0)

    async def open(self) -> None:
        """See :meth:`Database.open`."""
        prepare(self.path)
        try:
            self._lock = StoreLock(self.path.with_name(self.path.name + "-lock"))
        except OSError as error:
            raise StoreUnusable(f"the lock file of {self.label} cannot be opened ({error.strerror})") from error
        try:
            await self._wait_for_lock(self._lock_timeout)
            try:
                await self._connect()
            finally:
                self._lock.release()
        except BaseException:
            self._lock.close()
            raise

    async def _connect(self) -> None:
        """Open under the lock; another program's lock on the file is waited for."""
        until = time.monotonic() + self._lock_timeout
        while True:
            connection = sqlite3.connect(self.path, isolation_level=None, check_same_thread=False, timeout=0.02)
            try:
                set_pragmas(connection, self._durability)
                migrate(connection, self.label, load_migrations())
            except sqlite3.Error as error:
                connection.close()
                failure = translate(error, self.label) or StoreUnusable(f"{self.label}: {error}")
                if not isinstance(failure, Locked) or time.monotonic() > until:
                    raise failure from error
                await asyncio.sleep(_LOCK_POLL)
            except BaseException:
                connection.close()
                raise
            else:
                self.connection = connection
                self._identity = _identity(self._name)
                return

    async def _wait_for_lock(self, timeout: float) -> None:
        assert self._lock is not None
        until = time.monotonic() + timeout
        while not self._lock.acquire(wait=False):
            if time.monotonic() > until:
                raise EngineUnavailable(f"{self.label} was held for {timeout:g} s by process {self.holder()}")
            await asyncio.sleep(_LOCK_POLL)

    def try_lock(self, *, wait: bool) -> bool:
        """See :meth:`Database.try_lock`."""
        assert self._lock is not None
        return self._lock.acquire(wait=wait)

    def unlock(self) -> None:
        """See :meth:`Database.unlock`."""
        assert self._lock is not None
        self._lock.release()

    def holder(self) -> str:
        """See :meth:`Database.holder`."""
        assert self._lock is not None
        return self._lock.holder()

    def check(self) -> None:
        """See :meth:`Database.check`."""
        if _identity(self._name) != self._identity:
            raise StoreUnusable(f"{self.label} was removed or replaced while it was open; restart this process")

    async def close(self) -> None:
        """See :meth:`Database.close`."""
        # Closing as the last one checkpoints. Whoever keeps the lock from us has the file open, so then we are not.
        assert self._lock is not None
        locked = False
        with contextlib.suppress(EngineUnavailable):
            await self._wait_for_lock(_CLOSE_PATIENCE)
            locked = True
        with contextlib.suppress(sqlite3.Error):
            self.connection.close()
        del self.connection
        if locked:
            self._lock.release()
        self._lock.close()

    def abandon(self) -> None:
        """See :meth:`Database.abandon`."""
        leak(self.connection)
        assert self._lock is not None
        self._lock.close()


class MemoryDatabase(Database):
    """A database in this process's memory, shared by all engines that were given this object."""

    def __init__(self, label: str) -> None:
        self.label = label
        self._lock = threading.Lock()
        self._connected = False

    async def open(self) -> None:
        """See :meth:`Database.open`."""
        with self._lock:
            if not self._connected:
                self.connection = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
                migrate(self.connection, self.label, load_migrations())
                self._connected = True

    def try_lock(self, *, wait: bool) -> bool:
        """See :meth:`Database.try_lock`."""
        return self._lock.acquire(blocking=wait)

    def unlock(self) -> None:
        """See :meth:`Database.unlock`."""
        self._lock.release()

    def holder(self) -> str:
        """See :meth:`Database.holder`."""
        return "this process"

    def check(self) -> None:
        """Nothing can replace memory."""

    async def close(self) -> None:
        """Keep the data: it lives as long as this object."""

    def abandon(self) -> None:
        """See :meth:`Database.abandon`."""
        self._lock = threading.Lock()


def set_pragmas(connection: sqlite3.Connection, durability: str) -> None:
    """Set how the file is written and cached."""
    (mode,) = connection.execute("PRAGMA journal_mode = WAL").fetchone()
    if mode != "wal":
        raise StoreUnusable(
            f"the file system does not allow SQLite's WAL mode (it stays in {mode!r}); use a local disk"
        )
    connection.execute(f"PRAGMA synchronous = {'FULL' if durability == 'full' else 'NORMAL'}")
    connection.execute("PRAGMA cache_size = -8000")
    connection.execute("PRAGMA temp_store = MEMORY")


def leak(connection: sqlite3.Connection) -> None:
    """Keep ``connection`` from ever being closed in this process.

    A connection must not be used or closed in a forked child (https://www.sqlite.org/howtocorrupt.html, 2.6): closing
    would release locks and perhaps checkpoint under the parent. One reference too many makes it outlive even the
    interpreter's end.
    """
    ctypes.pythonapi.Py_IncRef(ctypes.py_object(connection))


def _identity(path: str) -> tuple[int, int]:
    try:
        status = os.stat(path)  # noqa: PTH116 - in each transaction, and half the cost of Path.stat()
    except FileNotFoundError:
        return (0, 0)
    return status.st_dev, status.st_ino


def closed(label: str) -> NotConnected:
    """Return the error for work on a store that is not open."""
    return NotConnected(f"the store {label} is not open; connect first")
