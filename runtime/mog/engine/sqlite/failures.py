"""From SQLite's errors to mog's: each becomes one line that names the file and says what to do."""

from __future__ import annotations

import sqlite3

from mog.errors import EngineError, EngineUnavailable, StoreCorrupt, StoreFull, StoreUnusable


class Locked(EngineUnavailable):
    """Another program, which knows nothing of our lock, holds SQLite's; it is waited for as for our own."""


def translate(error: sqlite3.Error, label: str) -> EngineError | None:
    """Return what ``error`` means for the whole store ``label``; None if it concerns a single item.

    The codes are those of https://www.sqlite.org/rescode.html.
    """
    extended = getattr(error, "sqlite_errorcode", None)
    if extended is None:  # raised by Python's module itself: a value that cannot be bound, a closed connection
        return None
    kind, text = _KINDS.get(extended) or _KINDS.get(extended & 0xFF) or (None, "")
    return kind(text.format(label=label, error=error)) if kind is not None else None


_DAMAGED = (StoreCorrupt, "{label} is damaged or no SQLite database ({error}); move it away, or restore a copy")
_FULL = (StoreFull, "no room on the disk of {label}; make room, and work goes on by itself")
_LOCKED = (Locked, "{label} is locked by another program; close it, or wait until it is done")
_RIGHTS = (StoreUnusable, "{label} cannot be opened for writing ({error}); check the rights of file and directory")
_DISK = (EngineUnavailable, "{label} could not be read or written ({error}); check disk and memory")
_FOREIGN = (StoreUnusable, "{label} does not have the tables that mog makes ({error}); move it away")

_KINDS: dict[int, tuple[type[EngineError], str]] = {
    sqlite3.SQLITE_FULL: _FULL,
    sqlite3.SQLITE_IOERR_SHMSIZE: _FULL,
    sqlite3.SQLITE_BUSY: _LOCKED,
    sqlite3.SQLITE_LOCKED: _LOCKED,
    sqlite3.SQLITE_CORRUPT: _DAMAGED,
    sqlite3.SQLITE_NOTADB: _DAMAGED,
    sqlite3.SQLITE_IOERR_SHORT_READ: _DAMAGED,
    sqlite3.SQLITE_IOERR_CORRUPTFS: _DAMAGED,
    sqlite3.SQLITE_READONLY: _RIGHTS,
    sqlite3.SQLITE_PERM: _RIGHTS,
    sqlite3.SQLITE_AUTH: _RIGHTS,
    sqlite3.SQLITE_CANTOPEN: _RIGHTS,
    sqlite3.SQLITE_IOERR: _DISK,
    sqlite3.SQLITE_NOMEM: _DISK,
    sqlite3.SQLITE_ERROR: _FOREIGN,
}
"""Extended codes, looked up first, and primary codes."""
