"""Who waits for which task to end."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from typing import Any
from uuid import UUID

from mog.engine.contracts import ResultBackend
from mog.engine.records import Record
from mog.engine.replies import AnyFuture, Replies
from mog.errors import EngineUnavailable, MogError, ResultLost
from mog.states import TERMINAL_STATES

FIRST_DELAY, LONGEST_DELAY = 0.1, 2.0
"""Seconds between tries to read a task that is told to have ended, while the store is out of reach."""


class Waiters:
    """The waiters of one engine; lives on the engine's loop.

    Each id is watched once, however many wait for it, and as long as somebody does. To be told is only a hint to look
    again: what the store then says is the answer, so a false or a second hint does no harm.
    """

    def __init__(self, results: ResultBackend, spawn: Callable[[Coroutine[Any, Any, None]], object]) -> None:
        self._results = results
        self._spawn = spawn
        self._waiting: dict[UUID, dict[AnyFuture, Replies]] = {}
        results.on_finished(self._told)

    def __len__(self) -> int:
        return len(self._waiting)

    def join(self, newcomers: Sequence[tuple[UUID, AnyFuture, Replies]]) -> None:
        """Answer each future with the record of its task once that is terminal; with ResultLost if it is unknown."""
        fresh = []
        for task_id, future, replies in newcomers:
            if task_id not in self._waiting:
                self._waiting[task_id] = {}
                fresh.append(task_id)
            self._waiting[task_id][future] = replies
        if fresh:
            self._spawn(self._watch(fresh))

    def leave(self, leavers: Sequence[tuple[UUID, AnyFuture]]) -> None:
        """Forget futures that nobody looks at any more."""
        alone = []
        for task_id, future in leavers:
            waiting = self._waiting.get(task_id)
            if waiting is not None and waiting.pop(future, None) is not None and not waiting:
                del self._waiting[task_id]
                alone.append(task_id)
        if alone:
            self._results.unwatch(alone)

    def fail(self, error: MogError) -> None:
        """Answer everybody with ``error``."""
        for task_id in list(self._waiting):
            self._answer(task_id, error)

    def _told(self, ids: Sequence[UUID]) -> None:
        known = [task_id for task_id in ids if task_id in self._waiting]
        if known:
            self._spawn(self._read_again(known))

    async def _watch(self, ids: Sequence[UUID]) -> None:
        try:
            records = await self._results.watch(ids)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is the waiters' answer
            for task_id in ids:
                self._answer(task_id, error)
            return
        self._sort(ids, records)

    async def _read_again(self, ids: Sequence[UUID]) -> None:
        delay = FIRST_DELAY
        while True:
            try:
                records = await self._results.watch(ids)
            except EngineUnavailable:
                await asyncio.sleep(delay)
                delay = min(2 * delay, LONGEST_DELAY)
            except Exception as error:  # noqa: BLE001 - whatever it is, it is the waiters' answer
                for task_id in ids:
                    self._answer(task_id, error)
                return
            else:
                self._sort(ids, records)
                return

    def _sort(self, ids: Sequence[UUID], records: Sequence[Record | None]) -> None:
        deserted = []
        for task_id, record in zip(ids, records, strict=True):
            if record is None:
                self._answer(task_id, ResultLost(task_id))
            elif record.state in TERMINAL_STATES:
                self._answer(task_id, record)
            elif task_id not in self._waiting:  # all left while the store was asked
                deserted.append(task_id)
        if deserted:
            self._results.unwatch(deserted)

    def _answer(self, task_id: UUID, answer: Record | BaseException) -> None:
        for future, replies in self._waiting.pop(task_id, {}).items():
            replies.put((future, answer))
