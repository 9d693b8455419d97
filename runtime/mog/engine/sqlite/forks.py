"""What a fork does to open databases, and what is done about it.

A child inherits SQLite's memory but none of its locks on the file, which belong to the parent. SQLite keeps one record
of locks per file and process; with the parent's connection merely left behind, a connection that the child opens later
takes over that record and believes to hold locks that it does not. The parent, closing, then thinks it is the last,
removes the write-ahead log, and what the child writes is lost (a test shows it; see also
https://www.sqlite.org/howtocorrupt.html, 2.6). So the child closes the connection, which is safe if, and only if, it
was at rest when the fork came: no lock of the parent can be released by another process, and no transaction is undone.

Rest is what this module sees to: a thread that forks first takes the ``busy`` lock of every open database. A fork that
does not tell Python beforehand (one made in C) may come in the middle of a transaction; then the connection is left
behind, for good, and the child may not open that file again.
"""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Callable


class Forks:
    """The open databases of this process: what is called in the child, and the lock that brings them to rest.

    ``told`` is true from before() on, and so, in the child, while ``abandoners`` are called, if the fork was told of.
    """

    def __init__(self) -> None:
        self.abandoners: dict[Callable[[], None], threading.Lock] = {}
        self.held: list[threading.Lock] = []
        self.told = False
        self.process = os.getpid()

    def watch(self, abandon: Callable[[], None], busy: threading.Lock) -> None:
        """Hold ``busy`` during forks, and call ``abandon`` in children."""
        self.abandoners[abandon] = busy

    def forget(self, abandon: Callable[[], None]) -> None:
        """Take back :meth:`watch`."""
        self.abandoners.pop(abandon, None)

    def in_untold_child(self) -> bool:
        """Tell whether this is a child, now letting go, whose parent may have been in the middle of something."""
        return os.getpid() != self.process and not self.told

    def before(self) -> None:
        """Wait until all are at rest, and keep them there."""
        for lock in {id(lock): lock for lock in self.abandoners.values()}.values():
            lock.acquire()
            self.held.append(lock)
        self.told = True

    def after_in_parent(self) -> None:
        """Let them go on."""
        self.told = False
        while self.held:
            self.held.pop().release()

    def after_in_child(self) -> None:
        """Let go of them."""
        while self.held:
            self.held.pop().release()
        for abandon in list(self.abandoners):
            abandon()
        self.abandoners.clear()
        self.told, self.process = False, os.getpid()


forks = Forks()
"""The registry that the interpreter calls."""

os.register_at_fork(before=forks.before, after_in_parent=forks.after_in_parent, after_in_child=forks.after_in_child)


def leave_behind(connection: sqlite3.Connection) -> None:
    """Keep ``connection`` from ever being closed: one reference too many makes it outlive even the interpreter."""
    import ctypes  # noqa: PLC0415 - needed in few forked children, so no start waits for it

    ctypes.pythonapi.Py_IncRef(ctypes.py_object(connection))
