"""The line between a worker process and its supervisor: a socket pair, over which both send lines of JSON.

The supervisor's word travels here and not as a signal, so that it does not add up with signals that reach the whole
group: Ctrl-C in a terminal, or systemd's SIGTERM to every process of the unit. Its words are levels (``stop``, then
``leave``), not counts. And the end of the line is the end of the supervisor, however it came: the worker then stops.
"""

from __future__ import annotations

import asyncio
import json
import os
import socket
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any

from pydantic import TypeAdapter

from mog.worker.events import Event, TaskEnded, WorkerStarted
from mog.worker.side_thread import SideThread
from mog.worker.vitals import Report

STOP, LEAVE, ASK = "stop", "leave", "ask"
"""What a supervisor says: end in good order, end now, tell how you are."""

READY, SPENT, REPORT = "ready", "spent", "report"
"""What a worker says: it takes tasks, it has run its share and wants a successor, how it is."""

LINE_SIZE = 16 * 1024 * 1024
"""Bytes of a line at most: the counters of some 50,000 tasks."""

REPORTS: TypeAdapter[Report] = TypeAdapter(Report)
"""Reads and writes what a worker says of itself."""


class Link(SideThread):
    """The worker's end. It begins before user code is imported, so that a stop is heard during that too."""

    def __init__(self, descriptor: int, *, max_tasks: int | None = None) -> None:
        super().__init__()
        self._socket = socket.socket(fileno=descriptor)
        self._socket.set_inheritable(False)
        self._left = max_tasks
        self._writer: asyncio.StreamWriter | None = None

    async def serve(self) -> None:
        """Do what the supervisor says, until cancelled."""
        reader, self._writer = await asyncio.open_connection(sock=self._socket, limit=LINE_SIZE)
        self.has_begun()
        asked: set[asyncio.Task[None]] = set()
        try:
            async for word in words(reader):
                if word["say"] == ASK:
                    asked.add(asyncio.create_task(self._tell(word["question"], depths=word["depths"])))
                    asked = {task for task in asked if not task.done()}
                else:
                    self._obey(word["say"])
            self._obey(STOP)  # the supervisor is gone
            await asyncio.Event().wait()
        finally:
            for task in asked:
                task.cancel()
            self._report(self.vitals.snapshot())
            with suppress(OSError):
                await self._writer.drain()
            self._writer.close()

    def close_after_fork(self) -> None:
        """Let go of the line: it is the worker's."""
        self._socket.close()

    def observe(self, event: Event) -> None:
        """Tell the supervisor what it must know; on the tasks' loop."""
        super().observe(event)
        if isinstance(event, WorkerStarted):
            self.call(lambda: self._say(READY, patience=self._patience()))
        elif isinstance(event, TaskEnded) and self._left is not None:
            self._left -= 1
            if self._left == 0:
                self.call(self._say, SPENT)

    def _patience(self) -> float:
        """Return the seconds that this worker may take to end in good order."""
        return 0.0 if self.controls is None else self.controls.patience

    def _obey(self, word: str) -> None:
        if self.controls is None:  # nothing runs yet that could be put back
            os._exit(1)
        elif word == LEAVE:
            self.controls.leave()
        else:
            self.controls.stop()

    async def _tell(self, question: int, *, depths: bool) -> None:
        self._report(await self.vitals.report(depths=depths), question)

    def _report(self, report: Report, question: int = 0) -> None:
        self._say(REPORT, question=question, report=REPORTS.dump_python(report, mode="json"))

    def _say(self, word: str, **more: Any) -> None:
        if self._writer is not None:
            self._writer.write(line(word, **more))


def line(word: str, **more: Any) -> bytes:
    """Return a word, and what belongs to it, as a line."""
    return json.dumps({"say": word, **more}).encode() + b"\n"


async def words(reader: asyncio.StreamReader) -> AsyncIterator[dict[str, Any]]:
    """Yield what the other side says, until it is gone."""
    with suppress(OSError):
        while (received := await reader.readline()).endswith(b"\n"):
            yield json.loads(received)
