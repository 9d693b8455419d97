"""A worker process, as its supervisor sees it."""

from __future__ import annotations

import asyncio
import socket
import subprocess
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

from mog.worker.link import ASK, LINE_SIZE, READY, REPORT, REPORTS, SPENT, line, words
from mog.worker.vitals import Report

ASK_TIME = 3.0
"""Seconds that a worker may take to tell how it is; it asks its store, which has two."""

LAST_WORDS_TIME = 1.0
"""Seconds that may pass between the end of a process and the end of its line, which a forked child may hold open."""


class Child:
    """A worker process from its start to its end; on the loop that made it.

    It is a fresh interpreter, never a fork: threads, sockets and locks of the supervisor do not live on in it. It
    shares the supervisor's output and terminal. ``on_end`` is called once, when it has ended and said its last word.
    """

    def __init__(self, number: int, command: Sequence[str], on_end: Callable[[Child], None]) -> None:
        self.number = number
        self.started = time.monotonic()
        self.ready = asyncio.Event()
        self.spent = asyncio.Event()
        self.ended = asyncio.Event()
        self.code: int | None = None
        """How it ended: its exit code, or the negative number of the signal that ended it."""
        self.patience = 0.0
        """Seconds that it may take to end in good order; it tells them once it takes tasks."""
        self.report: Report | None = None
        """What it told last of itself."""
        self._on_end = on_end
        self._questions: dict[int, asyncio.Future[Report]] = {}
        self._asked = 0
        self._socket, theirs = socket.socketpair()
        with theirs:
            descriptor = theirs.fileno()
            self._process = subprocess.Popen(  # noqa: S603 - mog's own command, in the words of its user
                [*command, f"{descriptor}:{number}"], pass_fds=[descriptor]
            )
        self.pid = self._process.pid
        self._listening = asyncio.get_running_loop().create_task(self._listen())
        self._ending: asyncio.Task[None] | None = None

    def tell(self, word: str, **more: Any) -> None:
        """Say a word to it; it may be gone, or not listen."""
        with suppress(OSError):
            self._socket.send(line(word, **more))

    async def ask(self, *, depths: bool = False) -> Report | None:
        """Return how it is; None if it does not say."""
        self._asked += 1
        answer = self._questions[self._asked] = asyncio.get_running_loop().create_future()
        self.tell(ASK, question=self._asked, depths=depths)
        ended = asyncio.ensure_future(self.ended.wait())
        await asyncio.wait({answer, ended}, timeout=ASK_TIME, return_when=asyncio.FIRST_COMPLETED)
        ended.cancel()
        self._questions = {number: question for number, question in self._questions.items() if question is not answer}
        return answer.result() if answer.done() else None

    def look(self) -> None:
        """See whether it has ended: at each SIGCHLD."""
        if self._ending is None and self._process.poll() is not None:
            self.code = self._process.returncode
            self._ending = asyncio.get_running_loop().create_task(self._end())

    def kill(self) -> None:
        """End it, whatever state it is in."""
        self._process.kill()

    async def _end(self) -> None:
        await asyncio.wait({self._listening}, timeout=LAST_WORDS_TIME)
        self._listening.cancel()
        self._on_end(self)
        self.ended.set()

    async def _listen(self) -> None:
        reader, writer = await asyncio.open_connection(sock=self._socket, limit=LINE_SIZE)
        try:
            async for word in words(reader):
                self._hear(word)
        finally:
            writer.transport.abort()

    def _hear(self, word: dict[str, Any]) -> None:
        match word["say"]:
            case say if say == READY:
                self.patience = word["patience"]
                self.ready.set()
            case say if say == SPENT:
                self.spent.set()
            case say if say == REPORT:
                self.report = REPORTS.validate_python(word["report"])
                question = self._questions.pop(word["question"], None)
                if question is not None and not question.done():
                    question.set_result(self.report)
