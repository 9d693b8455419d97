"""Redis's append-only file, read while it is written: every change to the store, in order, with none left out.

Redis writes down the effects of a script, not the script, and those of one script as one transaction. The file is in
Redis's own protocol (https://redis.io/docs/latest/develop/reference/protocol-spec/).
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TypeAlias

import hiredis

Command: TypeAlias = list[bytes]

OPTIONS = ("--appendonly", "yes", "--appendfsync", "always", "--auto-aof-rewrite-percentage", "0")
"""What a server is started with: each change is on the disk before it is answered, and the file is never compacted."""


class AppendOnlyFile:
    """The file of the server in ``directory``, from its beginning on, through restarts."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._reader = hiredis.Reader()
        self._position = 0
        self._open: list[Command] | None = None

    @property
    def is_whole(self) -> bool:
        """Whether the file, as far as it was read, ends behind a transaction."""
        return self._open is None and not self._reader.has_data()

    def transactions(self) -> Iterator[list[Command]]:
        """Return what has been added since the last call; what is not there as a whole comes later."""
        path = self._path()
        if path is None:
            return
        with path.open("rb") as file:
            file.seek(self._position)
            while data := file.read(1 << 20):
                self._position += len(data)
                self._reader.feed(data)
                yield from self._whole()

    def _path(self) -> Path | None:
        """Find it: in a directory of its own from Redis 7 on."""
        found = [*self._directory.glob("appendonlydir/*.incr.aof"), *self._directory.glob("appendonly.aof")]
        return found[0] if found else None

    def _whole(self) -> Iterator[list[Command]]:
        while (command := self._reader.gets()) is not False:
            match command[0].upper():
                case b"MULTI":
                    self._open = []
                case b"EXEC":
                    yield self._open or []
                    self._open = None
                case _ if self._open is None:
                    yield [command]
                case _:
                    self._open.append(command)
