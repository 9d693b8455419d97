"""The lock that all processes of a store take before SQLite's own: ``flock`` on a file beside the database.

Held for open, pragmas, migration, every commit (automatic checkpoints run inside) and close. Three reasons: SQLite's
own waiting is sleep and retry, which under load lets some wait hundreds of times longer than others; two processes
that open a new file at once would fail; and SQLite 3.7.0 to 3.51.2 can lose a commit that races with a checkpoint
(https://www.sqlite.org/changes.html, 3.51.3).
"""

from __future__ import annotations

import fcntl
import os
import sys
import time
from pathlib import Path

_CARD_SIZE = 256
_SPIN = (0.00005, 0.00005, 0.0001, 0.0001, 0.0002, 0.0002, 0.0004)
"""How long try_acquire() waits between its attempts, in seconds."""


def calling_card() -> bytes:
    """Return what the holder writes into the lock file: process id and command, one line of fixed length."""
    command = " ".join(sys.argv) or sys.executable
    text = f"{os.getpid()} {command}".encode("utf-8", "replace").replace(b"\n", b" ")
    return text[: _CARD_SIZE - 1].ljust(_CARD_SIZE - 1) + b"\n"


class StoreLock:
    """One process's handle on the lock file of a store."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._card = calling_card()
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)

    def try_acquire(self) -> bool:
        """Take the lock, if need be with a few attempts within 1.1 ms; False if another holds it."""
        for pause in _SPIN:
            try:
                fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                time.sleep(pause)
            else:
                os.pwrite(self._file, self._card, 0)
                return True
        return False

    def release(self) -> None:
        """Let go of the lock."""
        fcntl.flock(self._file, fcntl.LOCK_UN)

    def holder(self) -> str:
        """Name the process that took the lock last: its id and command."""
        return os.pread(self._file, _CARD_SIZE, 0).decode("utf-8", "replace").strip() or "an unknown process"

    def close(self) -> None:
        """Close the file. In a forked child this leaves the parent's lock as it is."""
        os.close(self._file)
