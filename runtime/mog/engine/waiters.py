"""Who waits for which task to end."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import Any
from uuid import UUID

from mog.engine.contracts import ResultBackend
from mog.engine.records import Record, StoredValue
from mog.engine.repeater import FIRST_DELAY, LONGEST_DELAY
from mog.engine.replies import AnyFuture, Replies
from mog.errors import EngineUnavailable, MogError, ResultLost
from mog.states import TERMINAL_STATES

Found = tuple[Record, StoredValue | None]


class Waiters:
    """The waiters of one engine; lives on the engine's loop.

    Each id is watched once, however many wait for it, and as long as somebody does. To be told is only a hint to look
    again: what the store then says is the answer, so a false or a second hint does no harm.
    """

    def __init__(self, results: ResultBackend, spawn: Callable[[Coroutine[Any, Any, None]], object]) -> None:
        self._results = results
        self._spawn = spawn
        self._waiting: dict[UUID, dict[AnyFuture, tuple[Replies, bool]]] = {}
        results.on_finished(self._told)

    def __len__(self) -> int:
        return len(self._waiting)

    def join(self, newcomers: Sequence[tuple[UUID, AnyFuture, Replies]], *, with_value: bool = False) -> None:
        """Answer each future with the record of its task once that is terminal; with ResultLost if it is unknown.

        ``with_value``: with the record and the value, read together; this spares who wants both a second crossing.
        """
        fresh = []
        for task_id, future, replies in newcomers:
            if task_id not in self._waiting:
                self._waiting[task_id] = {}
                fresh.append(task_id)
            self._waiting[task_id][future] = (replies, with_value)
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
        self._fail(list(self._waiting), error)

    def _told(self, ids: Sequence[UUID]) -> None:
        known = [task_id for task_id in ids if task_id in self._waiting]
        if not known:
            return
        reading = self._results.get_with_values(known)
        if isinstance(reading, asyncio.Future) and reading.done() and reading.exception() is None:
            if going_on := self._take(known, reading.result()):
                self._spawn(self._watch(going_on))
        else:
            self._spawn(self._read_again(known, reading))

    async def _watch(self, ids: Sequence[UUID]) -> None:
        try:
            await self._look(ids)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is the waiters' answer
            self._fail(ids, error)

    async def _read_again(self, ids: Sequence[UUID], reading: Awaitable[Sequence[Found | None]]) -> None:
        delay = FIRST_DELAY
        while True:
            try:
                if ids := self._take(ids, await reading):  # a false hint, and no longer watched
                    await self._look(ids)
            except EngineUnavailable:
                await asyncio.sleep(delay)
                delay = min(2 * delay, LONGEST_DELAY)
                reading = self._results.get_with_values(ids)
            except Exception as error:  # noqa: BLE001 - whatever it is, it is the waiters' answer
                self._fail(ids, error)
                return
            else:
                return

    async def _look(self, ids: Sequence[UUID]) -> None:
        """Watch tasks, and answer the waiters of those that are done or unknown already."""
        going_on = self._take(ids, await self._results.watch(ids))
        deserted = [task_id for task_id in going_on if task_id not in self._waiting]
        if deserted:  # all left while the store was asked
            self._results.unwatch(deserted)

    def _take(self, ids: Sequence[UUID], found: Sequence[Found | None]) -> list[UUID]:
        """Answer the waiters of tasks that are done or unknown, and return the others."""
        going_on = []
        for task_id, what in zip(ids, found, strict=True):
            if what is None:
                self._fail([task_id], ResultLost(task_id))
            elif what[0].state in TERMINAL_STATES:
                for future, (replies, with_value) in self._waiting.pop(task_id, {}).items():
                    replies.put((future, what if with_value else what[0]))
            else:
                going_on.append(task_id)
        return going_on

    def _fail(self, ids: Sequence[UUID], error: Exception) -> None:
        for task_id in ids:
            for future, (replies, _) in self._waiting.pop(task_id, {}).items():
                replies.put((future, error))
