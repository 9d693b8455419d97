"""The database behind a store: how it is opened, locked, read and closed. A file, or memory."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import sqlite3
import threading
import time
import weakref
from abc import ABC, abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mog.engine.sqlite.failures import Locked, translate
from mog.engine.sqlite.filesystem import prepare
from mog.engine.sqlite.forks import forks, leave_behind
from mog.engine.sqlite.lock import StoreLock
from mog.engine.sqlite.migrations import load_migrations, migrate
from mog.errors import EngineError, EngineUnavailable, NotConnected, StoreUnusable

logger = logging.getLogger("mog.engine.sqlite")

_CHECKED_FOR = 0.005
"""Seconds for which a look at the file's name is good."""

_CLOSE_PATIENCE = 1.0
"""Seconds that close() waits for the store's lock."""

_LOCK_POLL = 0.003
"""Seconds between attempts at the lock while the file is opened or closed."""

_NAME_HOLDER_AFTER = 2.0
"""Seconds of waiting for the lock after which a warning says who holds it."""

_FOREIGN_LOCK_WAIT = 0.005
"""Seconds that SQLite itself waits, and with it the loop, for the lock of a program that knows nothing of ours."""

_CHECKPOINT_PAGES = 4000
"""Pages in the write-ahead log that start a checkpoint.

SQLite's own 1000 costs a third of the throughput once the index of ids is large, since its pages are written again and
again; more than 4000 gains nothing. A checkpoint of 4000 pages takes some 70 ms, one of 1000 some 45 ms.
"""

_WAL_SIZE_LIMIT = 64 * 1024 * 1024
"""Bytes to which the write-ahead log is cut back after a burst."""

_not_inherited: set[tuple[int, int]] = set()
"""Files that this process must not open, because a fork in the middle of a transaction left their locks unclear."""


class Database(ABC):
    """One connection. ``label`` names it in messages.

    ``busy`` is held while SQLite works, by the loop's thread and by whoever else wants it to rest: other threads that
    share the connection, threads that fork.
    """

    label: str
    connection: sqlite3.Connection
    busy: threading.Lock
    is_open = False

    @abstractmethod
    async def open(self) -> None:
        """Open and migrate; raises EngineError with one line that says what is in the way."""

    @abstractmethod
    def try_lock(self, *, wait: bool) -> bool:
        """Take the right to write from other processes, at once or within 3 ms."""

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
        """Let go at once, in a forked child without touching what the parent holds."""

    def fetch(self, statement: str, parameters: Any) -> list[Any]:
        """Return the rows that a statement finds. Raises EngineError."""
        try:
            with self.busy:
                return self.connection.execute(statement, parameters).fetchall()
        except sqlite3.Error as error:
            failure = translate(error, self.label)
            raise failure or EngineError(f"{self.label} could not be read: {error}") from error


class FileDatabase(Database):
    """A database file; beside it lie SQLite's -wal and -shm, the lock file -lock and the directory -owners."""

    def __init__(
        self,
        path: Path,
        *,
        durability: str = "normal",
        lock_timeout: float = 30.0,
        migrations: Mapping[int, str] | None = None,
    ) -> None:
        self.label = str(path)
        self.path = (
            path.resolve()
        )  # SQLite follows links too, and all that lies beside the file must be the same for all
        self.owners = self.path.with_name(self.path.name + "-owners")
        self.busy = threading.Lock()
        self._name = str(self.path)
        self._durability = durability
        self._lock_timeout = lock_timeout
        self._migrations = load_migrations() if migrations is None else migrations
        self._identity = (0, 0)
        self._checked = 0.0
        self._lock: StoreLock

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
                await self._connect_patiently()
            finally:
                self._lock.release()
        except BaseException:
            self._lock.close()
            raise

    async def _wait_for_lock(self, timeout: float) -> None:
        began, named = time.monotonic(), False
        while not self._lock.acquire(wait=False):
            waited = time.monotonic() - began
            if waited > timeout:
                raise EngineUnavailable(f"{self.label} was held for {timeout:g} s by process {self._lock.holder()}")
            if waited > _NAME_HOLDER_AFTER and not named:
                named = True
                logger.warning("%s is held by process %s", self.label, self._lock.holder())
            await asyncio.sleep(_LOCK_POLL)

    async def _connect_patiently(self) -> None:
        """Connect, waiting for other programs' locks on the file."""
        until = time.monotonic() + self._lock_timeout
        while True:
            try:
                return self._connect()
            except Locked:
                if time.monotonic() > until:
                    raise
            await asyncio.sleep(_LOCK_POLL)

    def _connect(self) -> None:
        if _identity(self._name) in _not_inherited:
            raise StoreUnusable(f"{self.label} was open when this process was forked from C; open it after the fork")
        with self.busy:
            connection = sqlite3.connect(
                self._name, isolation_level=None, check_same_thread=False, timeout=_FOREIGN_LOCK_WAIT
            )
            try:
                set_pragmas(connection, self._durability)
                migrate(connection, self.label, self._migrations)
            except BaseException as error:
                connection.close()
                if isinstance(error, sqlite3.Error):
                    raise translate(error, self.label) or StoreUnusable(f"{self.label}: {error}") from error
                raise
            self.connection = connection
            self._identity = _identity(self._name)
            self.is_open = True

    def try_lock(self, *, wait: bool) -> bool:
        """See :meth:`Database.try_lock`."""
        return self._lock.acquire(wait=wait)

    def unlock(self) -> None:
        """See :meth:`Database.unlock`."""
        self._lock.release()

    def holder(self) -> str:
        """See :meth:`Database.holder`."""
        return self._lock.holder()

    def check(self) -> None:
        """See :meth:`Database.check`."""
        now = time.monotonic()
        if now - self._checked < _CHECKED_FOR:
            return
        if _identity(self._name) != self._identity:
            raise StoreUnusable(f"{self.label} was removed or replaced while it was open; restart this process")
        self._checked = now

    async def close(self) -> None:
        """See :meth:`Database.close`.

        Closing as the last one checkpoints. Whoever keeps the lock from us has the file open, so then we are not.
        """
        locked = False
        with contextlib.suppress(EngineUnavailable):
            await self._wait_for_lock(_CLOSE_PATIENCE)
            locked = True
        self._close_connection()
        if locked:
            self._lock.release()
        self._lock.close()

    def _close_connection(self) -> None:
        with self.busy, contextlib.suppress(sqlite3.Error):
            self.is_open = False
            self.connection.close()

    def abandon(self) -> None:
        """See :meth:`Database.abandon` and forks.py. In a child that no one told of, the connection stays behind."""
        if forks.in_untold_child():
            leave_behind(self.connection)
            _not_inherited.add(self._identity)
            del self.connection
            self.busy = threading.Lock()
        else:
            if forks.process != os.getpid():  # a port may call before forks.py has given back what this thread holds
                self.busy = threading.Lock()
            self._close_connection()
        self._lock.close()


class MemoryDatabase(Database):
    """A database in this process's memory, shared by all engines that were given this object."""

    def __init__(self, label: str) -> None:
        self.label = label
        self.busy = threading.Lock()

    async def open(self) -> None:
        """See :meth:`Database.open`."""
        with self.busy:
            if not self.is_open:
                self.connection = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
                weakref.finalize(self, self.connection.close)  # from 3.13 on, Python warns of connections left open
                migrate(self.connection, self.label, load_migrations())
                self.is_open = True

    def try_lock(self, *, wait: bool) -> bool:  # noqa: ARG002 - there is nobody to wait for
        """See :meth:`Database.try_lock`; there are no other processes."""
        return True

    def unlock(self) -> None:
        """See :meth:`Database.unlock`."""

    def holder(self) -> str:
        """See :meth:`Database.holder`."""
        return "this process"

    def check(self) -> None:
        """See :meth:`Database.check`; nothing can replace memory."""

    async def close(self) -> None:
        """See :meth:`Database.close`; the data lives as long as this object."""

    def abandon(self) -> None:
        """See :meth:`Database.abandon`; a child has its own copy of all."""


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
    connection.execute(f"PRAGMA wal_autocheckpoint = {_CHECKPOINT_PAGES}")
    connection.execute(f"PRAGMA journal_size_limit = {_WAL_SIZE_LIMIT}")


def _identity(name: str) -> tuple[int, int]:
    try:
        status = os.stat(name)  # noqa: PTH116 - in each transaction, and half the cost of Path.stat()
    except FileNotFoundError:
        return (0, 0)
    return status.st_dev, status.st_ino


def closed(label: str) -> NotConnected:
    """Return the error for work on a store that is not open."""
    return NotConnected(f"the store {label} is not open; connect first")
