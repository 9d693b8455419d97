"""Who lives: each process that consumes or waits holds ``flock`` on a file of its own until it ends.

The kernel frees the lock the moment the process dies, however it dies, and keeps it for one that is stopped or blocked.
So a claim needs neither a lease nor a clock: it is void when its owner's lock can be taken.

A forked child shares the lock with its parent and must close the file at once (Store does so); a program that is
executed does not inherit it.
"""

from __future__ import annotations

import fcntl
import os
import secrets
import time
from collections.abc import Collection
from pathlib import Path

_STRAY_AFTER = 60.0
"""Seconds between the making of an owner file and its lock are never so many."""


def new_owner() -> int:
    """Return a number for an owner: random, so that none is ever used twice, and fit for SQLite's integers."""
    return secrets.randbits(62)


def file_of(directory: Path, owner: int) -> Path:
    """Return the owner file of ``owner``."""
    return directory / f"{owner:016x}"


class OwnerLock:
    """The lock on this process's own owner file."""

    def __init__(self, directory: Path, owner: int) -> None:
        directory.mkdir(exist_ok=True)
        self.path = file_of(directory, owner)
        self._file = _lock(self.path, os.O_RDWR | os.O_CREAT | os.O_EXCL)

    def release(self) -> None:
        """Remove the file and let go of the lock: what this process still owns is void."""
        self.path.unlink(missing_ok=True)
        os.close(self._file)

    def abandon(self) -> None:
        """Close the file in a forked child; the parent keeps its lock."""
        os.close(self._file)


class DeadOwner:
    """The lock of an owner that is dead, held while its claims are freed so that no other process does the same.

    Without a path there is no file, as in memory.
    """

    def __init__(self, path: Path | None, file: int | None) -> None:
        self.path = path
        self._file = file

    def bury(self) -> None:
        """Remove the file, once the claims are freed."""
        if self.path is not None:
            self.path.unlink(missing_ok=True)
        self.release()

    def release(self) -> None:
        """Let go without removing the file."""
        if self._file is not None:
            os.close(self._file)
            self._file = None


def find_dead(directory: Path, owner: int) -> DeadOwner | None:
    """Return the lock of ``owner`` if it is dead (a file that is gone counts as that), None while it lives."""
    path = file_of(directory, owner)
    try:
        return DeadOwner(path, _lock(path))
    except FileNotFoundError:
        return DeadOwner(path, None)
    except BlockingIOError:
        return None


def remove_strays(directory: Path, known: Collection[int]) -> None:
    """Remove files that belong to no known owner, are not locked, and are old enough not to be about to be."""
    names = {file_of(directory, owner).name for owner in known}
    for path in directory.iterdir():
        if path.name not in names and time.time() - path.stat().st_mtime > _STRAY_AFTER:
            dead = find_dead(directory, int(path.name, 16))
            if dead is not None:
                dead.bury()


def _lock(path: Path, flags: int = os.O_RDONLY) -> int:
    file = os.open(path, flags | os.O_CLOEXEC, 0o666)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BaseException:
        os.close(file)
        raise
    return file
