"""Names that are made up: of processes, and the ids of tasks.

Ids are UUIDs of version 7 (RFC 9562), which begin with the time.

A store keeps an index of ids. Random ones (version 4) fall all over it, so that each task writes pages of its own
there, of 4 KiB each; those that begin with the time fall on its end, a page for a hundred. Measured on the embedded
engine, in transactions of 100 tasks, in a store that holds 300,000: 1.0 KiB and 11 µs a task instead of 9.2 KiB and
26 µs. Any other UUID is as good to everything else.
"""

from __future__ import annotations

import os
import socket
import time
from uuid import UUID

from mog.errors import InvalidRequest

_VERSION_7, _VARIANT = 7 << 76, 2 << 62
_RANDOM_A, _RANDOM_B = ((1 << 12) - 1) << 64, (1 << 62) - 1


def new_id() -> UUID:
    """Return a new id: 48 bits of the time in milliseconds, then 74 random bits."""
    random = int.from_bytes(os.urandom(10), "big")
    milliseconds = time.time_ns() // 1_000_000
    return UUID(int=milliseconds << 80 | _VERSION_7 | random & _RANDOM_A | _VARIANT | random & _RANDOM_B)


def read_id(text: UUID | str) -> UUID:
    """Return a task's id from its text. Raises InvalidRequest."""
    try:
        return text if isinstance(text, UUID) else UUID(text)
    except ValueError:
        raise InvalidRequest(f"{text!r} is no id of a task: those are UUIDs") from None


def default_node_id() -> str:
    """Name this process for people: process id and host."""
    return f"{os.getpid()}@{socket.gethostname()}"
