"""Progress: how far a task says it is, for those who wait for it. It travels as metadata under ``mog.progress``."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Mapping
from typing import Any, NamedTuple
from uuid import UUID

from pydantic_core import to_json

from mog.engine.port import Port

METADATA_KEY = "mog.progress"

INTERVAL = 0.1
"""Seconds between two writes of one task's progress, so that a tight loop may report each item."""


class Progress(NamedTuple):
    """``done`` of ``total`` steps (None: unknown), and a message for people."""

    done: float
    total: float | None = None
    message: str = ""

    @classmethod
    def from_metadata(cls, metadata: Mapping[str, Any]) -> Progress | None:
        """Return the progress that metadata holds, None where there is none of this form."""
        stored = metadata.get(METADATA_KEY)
        if not isinstance(stored, Mapping) or not isinstance(stored.get("done"), int | float):
            return None
        total, message = stored.get("total"), stored.get("message")
        return cls(stored["done"], total if isinstance(total, int | float) else None, str(message or ""))


class ProgressReporter:
    """Sends a task's progress, the first at once, later ones at most every INTERVAL, and always the last.

    Any thread may report: a ``def`` task does from its own.
    """

    def __init__(self, port: Port, task_id: UUID, loop: asyncio.AbstractEventLoop) -> None:
        self._port, self._task_id, self._loop = port, task_id, loop
        self._lock = threading.Lock()
        self._pending: Progress | None = None
        self._last_sent = float("-inf")
        self._timer_set = False

    def report(self, progress: Progress) -> None:
        """Send ``progress`` now, or as soon as INTERVAL allows."""
        with self._lock:
            self._pending = progress
            wait = self._last_sent + INTERVAL - time.monotonic()
            if wait > 0 and self._timer_set:
                return
            self._timer_set = wait > 0
        if wait <= 0:
            self.flush()
        else:
            self._loop.call_soon_threadsafe(self._loop.call_later, wait, self.flush)

    def flush(self) -> None:
        """Send what is still to be sent."""
        with self._lock:
            progress, self._pending, self._timer_set = self._pending, None, False
            self._last_sent = time.monotonic()
        if progress is not None:
            self._port.send("results.set_metadata", (self._task_id, {METADATA_KEY: to_json(progress._asdict())}))
