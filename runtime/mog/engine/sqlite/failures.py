"""From SQLite's errors to mog's: each becomes one line that names the file and says what to do."""

from __future__ import annotations

import sqlite3

from mog.errors import EngineError, EngineUnavailable, StoreCorrupt, StoreFull, StoreUnusable

_LOCKED = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED})
_DAMAGED = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})
_DAMAGED_IO = frozenset({sqlite3.SQLITE_IOERR_SHORT_READ, sqlite3.SQLITE_IOERR_CORRUPTFS})
_NOT_ALLOWED = frozenset({sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM, sqlite3.SQLITE_AUTH, sqlite3.SQLITE_CANTOPEN})


class Locked(EngineUnavailable):
    """Another program, which knows nothing of our lock, holds SQLite's; it is waited for as for our own."""


def translate(error: sqlite3.Error, label: str) -> EngineError | None:
    """Return what ``error`` means for the whole store ``label``; None if it concerns a single item.

    The codes are those of https://www.sqlite.org/rescode.html.
    """
    extended = getattr(error, "sqlite_errorcode", None)
    if extended is None:  # raised by Python's module itself: a value that cannot be bound, a closed connection
        return None
    code = extended & 0xFF
    if code == sqlite3.SQLITE_FULL or extended == sqlite3.SQLITE_IOERR_SHMSIZE:
        return StoreFull(f"no room on the disk of {label}; make room, and work goes on by itself")
    if code in _LOCKED:
        return Locked(f"{label} is locked by another program; close it, or wait until it is done")
    if code in _DAMAGED or extended in _DAMAGED_IO:
        return StoreCorrupt(f"{label} is damaged or no SQLite database ({error}); move it away, or restore a copy")
    if code in _NOT_ALLOWED:
        return StoreUnusable(f"{label} cannot be opened for writing ({error}); check the rights of file and directory")
    if code in {sqlite3.SQLITE_IOERR, sqlite3.SQLITE_NOMEM}:
        return EngineUnavailable(f"{label} could not be read or written ({error}); check the disk")
    if code == sqlite3.SQLITE_ERROR:
        return StoreUnusable(f"{label} does not have the tables that mog made ({error}); move it away")
    return None
