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
        for task_id in list(self._waiting):
            self._answer(task_id, error)

    def _told(self, ids: Sequence[UUID]) -> None:
        known = [task_id for task_id in ids if task_id in self._waiting]
        if known:
            self._spawn(self._read_again(known))

    async def _watch(self, ids: Sequence[UUID]) -> None:
        try:
            await self._look(ids, self._results.watch)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is the waiters' answer
            for task_id in ids:
                self._answer(task_id, error)

    async def _read_again(self, ids: Sequence[UUID]) -> None:
        delay = FIRST_DELAY
        while True:
            try:
                if going_on := await self._look(ids, self._results.get):  # a false hint, and no longer watched
                    await self._look(going_on, self._results.watch)
            except EngineUnavailable:
                await asyncio.sleep(delay)
                delay = min(2 * delay, LONGEST_DELAY)
            except Exception as error:  # noqa: BLE001 - whatever it is, it is the waiters' answer
                for task_id in ids:
                    self._answer(task_id, error)
                return
            else:
                return

    async def _look(
        self, ids: Sequence[UUID], read: Callable[[Sequence[UUID]], Awaitable[Sequence[Record | None]]]
    ) -> list[UUID]:
        """Answer the waiters of those tasks that are done or unknown; return the others."""
        found = dict(zip(ids, await read(ids), strict=True))
        done = {task_id: record for task_id, record in found.items() if record and record.state in TERMINAL_STATES}
        wanted = [task_id for task_id in done if self._wants_value(task_id)]
        values = dict(zip(wanted, await self._results.get_values(wanted), strict=True)) if wanted else {}
        going_on: list[UUID] = []
        deserted: list[UUID] = []
        for task_id, record in found.items():
            if record is None:
                self._answer(task_id, ResultLost(task_id))
            elif task_id in values:
                self._answer_with_value(task_id, record, values[task_id])
            elif task_id in done:
                self._answer(task_id, record)
            else:
                (going_on if task_id in self._waiting else deserted).append(task_id)
        if deserted:  # all left while the store was asked
            self._results.unwatch(deserted)
        return going_on

    def _wants_value(self, task_id: UUID) -> bool:
        return any(with_value for _, with_value in self._waiting.get(task_id, {}).values())

    def _answer_with_value(self, task_id: UUID, record: Record, value: StoredValue | None) -> None:
        for future, (replies, with_value) in self._waiting.pop(task_id, {}).items():
            replies.put((future, (record, value) if with_value else record))

    def _answer(self, task_id: UUID, answer: Record | Exception) -> None:
        for future, (replies, with_value) in self._waiting.pop(task_id, {}).items():
            if with_value and isinstance(answer, Record):  # it came while the others' record was read
                self.join([(task_id, future, replies)], with_value=True)
            else:
                replies.put((future, answer))
