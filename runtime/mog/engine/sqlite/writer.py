"""Gathers operations and commits them in groups, as soon as the store's lock can be had.

All operations that have come since the loop last turned go into one transaction, at the next turn or, when whoever
asked for them knows that they are all, at once. While the lock is elsewhere they gather, and the loop goes on.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any

from mog.engine.sqlite.commit import GroupCommit
from mog.engine.sqlite.database import Database, closed
from mog.engine.sqlite.failures import Locked
from mog.engine.sqlite.transaction import Operation, Promise, Transaction, Work
from mog.errors import EngineError, EngineUnavailable

logger = logging.getLogger("mog.engine.sqlite")

ITEMS_IN_A_TRANSACTION = 2000
"""Keeps the lock's holding time near 50 ms; a single larger operation goes as a whole."""

_LOCK_POLL = 0.005
"""The longest pause, in seconds, between two attempts at the lock."""

_RETRY_AFTER = 0.25
"""Seconds until patient work is tried again on a store that is full or fails."""

_NAME_HOLDER_AFTER = 2.0
"""Seconds of waiting for the lock after which a warning says who holds it."""

_PATIENCE = 1.0
"""Seconds that a read waits for earlier writes, and close() for what is still to be stored."""


class Writer:
    """Runs operations on a database, for one engine on one loop."""

    def __init__(
        self,
        database: Database,
        clock: Callable[[], float],
        lock_timeout: float,
        announce: Callable[[Transaction], None],
    ) -> None:
        self._database = database
        self._commit = GroupCommit(database, clock)
        self._lock_timeout = lock_timeout
        self._announce = announce
        self._loop = asyncio.get_running_loop()
        self._waiting: deque[Operation] = deque()
        self._flush_handle: asyncio.Handle | None = None
        self._tries = 0
        self._holder_named = False
        self._closed = False

    def write(self, work: Work, items: Sequence[Any], *, patient: bool = False) -> asyncio.Future[list[Any]]:
        """Run an operation in the next transaction; returns a future for its answers."""
        operation = Promise(work, items, self._loop, patient=patient)
        self.add(operation)
        return operation.future

    def add(self, operation: Operation) -> None:
        """Put an operation into the next transaction."""
        if self._closed:
            raise closed(self._database.label)
        self._waiting.append(operation)
        if self._flush_handle is None:
            self._flush_handle = self._loop.call_soon(self._flush)

    def hurry(self) -> None:
        """Commit what has gathered now, not at the next turn; no sooner, though, than a pause is over."""
        if self._flush_handle is not None and not isinstance(self._flush_handle, asyncio.TimerHandle):
            self._flush_handle.cancel()
            self._flush()

    @property
    def waits(self) -> bool:
        """Whether something waits to be stored."""
        return bool(self._waiting)

    def check(self) -> None:
        """Raise StoreUnusable if the file is gone."""
        self._database.check()

    async def settled(self) -> None:
        """Wait a while until all that was added before is stored, so that a read sees it.

        What cannot be stored just now does not keep anyone from reading. Raises StoreUnusable if the file is gone.
        """
        if self._waiting:
            with contextlib.suppress(EngineUnavailable, TimeoutError):
                async with asyncio.timeout(_PATIENCE):
                    await self.write(_nothing, ())
        self._database.check()

    async def close(self) -> None:
        """Give what waits a last chance, then fail what is left."""
        if self._waiting and not self._closed:
            self._waiting.append(last := Promise(_nothing, (), self._loop, patient=True))
            self._flush_soon(0.0)
            await asyncio.wait([last.future], timeout=_PATIENCE)
            last.future.cancel()
        self._closed = True
        if self._flush_handle is not None:
            self._flush_handle.cancel()
            self._flush_handle = None
        while self._waiting:
            self._waiting.popleft().fail(
                EngineUnavailable(f"{self._database.label} was closed before this could be stored")
            )

    def _flush_soon(self, pause: float) -> None:
        if self._flush_handle is not None:
            self._flush_handle.cancel()
        self._flush_handle = self._loop.call_later(pause, self._flush)

    def _flush(self) -> None:
        self._flush_handle = None
        if not self._database.try_lock(wait=self._tries == 0):
            self._wait_for_lock()
            return
        self._tries = 0
        batch = self._take()
        try:
            transaction, answers = self._commit.run(batch)
        except EngineError as failure:
            self._database.unlock()
            self._store_failed(batch, failure)
            return
        except BaseException:  # an interrupt: nothing was stored, and the batch is not lost
            self._database.unlock()
            self._waiting.extendleft(reversed(batch))
            self._flush_soon(0.0)
            raise
        self._database.unlock()
        if self._waiting:
            self._flush_handle = self._loop.call_soon(self._flush)
        self._hand_over(batch, answers)
        if transaction.brings_news:
            self._announce(transaction)

    def _take(self) -> list[Operation]:
        batch = [self._waiting.popleft()]
        items = len(batch[0].items)
        while self._waiting and items + len(self._waiting[0].items) <= ITEMS_IN_A_TRANSACTION:
            batch.append(self._waiting.popleft())
            items += len(batch[-1].items)
        return batch

    def _hand_over(self, batch: Sequence[Operation], answers: Sequence[Any]) -> None:
        for operation, answer in zip(batch, answers, strict=True):
            if isinstance(answer, EngineError):
                operation.fail(answer)
            else:
                operation.answer(answer)

    def _store_failed(self, batch: Sequence[Operation], failure: EngineError) -> None:
        """Fail a batch, save what may be tried again: patient operations, and those that only wait for a lock."""
        late = self._loop.time() - self._lock_timeout
        for operation in reversed(batch):
            waits = operation.patient or (isinstance(failure, Locked) and operation.asked > late)
            if waits and isinstance(failure, EngineUnavailable):
                self._waiting.appendleft(operation)
            else:
                operation.fail(failure)
        if self._waiting:
            self._flush_soon(_LOCK_POLL if isinstance(failure, Locked) else _RETRY_AFTER)

    def _wait_for_lock(self) -> None:
        """Come back soon, each time a little later."""
        self._tries += 1
        waited = self._loop.time() - self._waiting[0].asked
        if waited > _NAME_HOLDER_AFTER and not self._holder_named:
            logger.warning("%s is held by process %s", self._database.label, self._database.holder())
        self._holder_named = waited > _NAME_HOLDER_AFTER
        self._give_up_late()
        if self._waiting:
            self._flush_soon(min(self._tries * 0.0002, _LOCK_POLL))
        else:
            self._tries = 0

    def _give_up_late(self) -> None:
        """Fail impatient operations that have waited longer than the time allowed."""
        deadline = self._loop.time() - self._lock_timeout
        if all(operation.asked > deadline or operation.patient for operation in self._waiting):
            return
        failure = EngineUnavailable(
            f"{self._database.label} was held for {self._lock_timeout:g} s by process {self._database.holder()}"
        )
        for _ in range(len(self._waiting)):
            operation = self._waiting.popleft()
            if operation.asked > deadline or operation.patient:
                self._waiting.append(operation)
            else:
                operation.fail(failure)


def _nothing(_transaction: Transaction, _items: Sequence[Any]) -> list[Any]:
    return []
