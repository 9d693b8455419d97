"""Doorbells: Unix datagram sockets by which processes wake each other after a commit.

A process that consumes has a *ready* bell, one that waits for results a *finished* bell; the store's table ``process``
says where. A ring is a hint: whoever hears it looks into the store. What no datagram brought is found by the poll each
second.

- ready: an empty datagram. If the bell's queue is full (EAGAIN) the ring is dropped: what is in the queue was not read
  yet, so its owner will look after our commit anyway. A consumer without free slots does not listen, so that a burst
  costs it nothing.
- ended: the ids of tasks that the process runs and that were revoked, in the same form as for *finished*.
- finished: the ids of tasks that are done, 16 bytes each. If the queue is full they are kept and sent a little later;
  when too many gather, one empty datagram takes their place, which says: look at all that you wait for.
"""

from __future__ import annotations

import errno
import shutil
import socket
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

IDS_IN_A_RING = 120 if sys.platform == "darwin" else 2000
"""macOS takes datagrams of up to 2048 bytes (net.local.dgram.maxdgram), Linux of about 200 kB."""

IDS_OWED = 20_000
"""So many ids are kept for one bell before an empty datagram replaces them."""

_QUEUE_FULL = frozenset({errno.EAGAIN, errno.ENOBUFS})  # the latter on macOS

_LONGEST_PATH = 90
"""sun_path holds 104 bytes on macOS, 108 on Linux; the socket's own name takes some."""


class Bell:
    """A bell of this process: a socket with a name, not read from until someone listens."""

    def __init__(self, directory: Path, name: str) -> None:
        self.path = directory / name
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.setblocking(False)
        self.socket.bind(str(self.path))

    def heard(self) -> list[bytes]:
        """Take all datagrams that have come."""
        taken = []
        while True:
            try:
                taken.append(self.socket.recv(IDS_IN_A_RING * 16))
            except BlockingIOError:
                return taken

    def close(self) -> None:
        """Close the socket; its name is removed with its directory."""
        self.socket.close()


class BellTower:
    """The bells of this process, in a directory of their own with a name that cannot be guessed, mode 0700."""

    def __init__(self) -> None:
        base = tempfile.gettempdir()
        self.directory = Path(tempfile.mkdtemp(prefix="mog-", dir=base if len(base) < _LONGEST_PATH - 20 else "/tmp"))  # noqa: S108 - mkdtemp makes the name
        self.ready: Bell | None = None
        self.finished: Bell | None = None
        self.ended: Bell | None = None

    @property
    def bells(self) -> tuple[Bell | None, Bell | None, Bell | None]:
        """The ready, the finished and the ended bell."""
        return self.ready, self.finished, self.ended

    def hang_ready(self) -> Bell:
        """Return the ready bell; the first call makes it."""
        self.ready = self.ready or Bell(self.directory, "r")
        return self.ready

    def hang_finished(self) -> Bell:
        """Return the finished bell; the first call makes it."""
        self.finished = self.finished or Bell(self.directory, "f")
        return self.finished

    def hang_ended(self) -> Bell:
        """Return the ended bell; the first call makes it."""
        self.ended = self.ended or Bell(self.directory, "e")
        return self.ended

    def stands(self) -> bool:
        """Tell whether the sockets' names are still there; those who clean temp directories may have come by."""
        return all(bell is None or bell.path.exists() for bell in self.bells)

    def close(self) -> None:
        """Close and remove all."""
        self.abandon()
        shutil.rmtree(self.directory, ignore_errors=True)

    def abandon(self) -> None:
        """Close the sockets in a forked child; the parent keeps them."""
        for bell in self.bells:
            if bell is not None:
                bell.close()


class Ringer:
    """Rings the bells of other processes, without ever waiting."""

    def __init__(self) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.setblocking(False)
        self._owed: dict[str, list[bytes]] = {}

    @property
    def owes(self) -> bool:
        """Whether there are rings to be sent again with :meth:`settle_debts`."""
        return bool(self._owed)

    def ready(self, path: str) -> bool:
        """Ring a ready bell; False if nobody is behind it any more."""
        return self._send(path, b"") is not None

    def finished(self, path: str, ids: Sequence[bytes]) -> bool:
        """Ring a finished bell; False if nobody is behind it any more."""
        owed = self._owed.pop(path, [])
        if owed:
            ids = [*owed, *ids] if owed[0] else owed
        if len(ids) > IDS_OWED:
            ids = [b""]
        for start in range(0, len(ids), IDS_IN_A_RING):
            sent = self._send(path, b"".join(ids[start : start + IDS_IN_A_RING]))
            if sent is None:
                return False
            if not sent:
                self._owed[path] = list(ids[start:])
                break
        return True

    def settle_debts(self) -> None:
        """Send again what found a full queue."""
        for path in list(self._owed):
            self.finished(path, ())

    def _send(self, path: str, ring: bytes) -> bool | None:
        """Send; True if it went, False if the queue is full, None if nobody is there."""
        try:
            self._socket.sendto(ring, path)
        except OSError as error:
            return False if error.errno in _QUEUE_FULL else None
        return True

    def close(self) -> None:
        """Close the sending socket."""
        self._socket.close()
