"""Group commit: all operations that have come since the loop last turned go into one transaction.

An operation costs its own statements; the transaction around it (lock, begin, commit) is paid once for all. While the
lock is elsewhere, operations gather and the loop goes on. A transaction that fails because of one operation is repeated
with a savepoint around each, and, for the guilty one, around each of its items.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import sqlite3
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any

from mog.engine.sqlite.database import Database, closed
from mog.engine.sqlite.failures import Locked, translate
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

_CLOSE_PATIENCE = 2.0
"""Seconds that close() gives to what is still to be stored."""


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
        self._clock = clock
        self._lock_timeout = lock_timeout
        self._announce = announce
        self._loop = asyncio.get_running_loop()
        self._waiting: deque[Operation] = deque()
        self._flush_handle: asyncio.Handle | None = None
        self._position = 0.0
        self._tries = 0
        self._holder_named = False
        self._closed = False

    async def write(self, work: Work, items: Sequence[Any], *, patient: bool = False) -> list[Any]:
        """Run an operation in the next transaction and return its answers."""
        operation = Promise(work, items, self._loop, patient=patient)
        self.add(operation)
        return await operation.future

    def add(self, operation: Operation) -> None:
        """Put an operation into the next transaction."""
        if self._closed:
            raise closed(self._database.label)
        self._waiting.append(operation)
        if self._flush_handle is None:
            self._flush_handle = self._loop.call_soon(self._flush)

    async def settled(self) -> None:
        """Wait until all that was added before is done, so that a read sees it."""
        if self._waiting:
            await self.write(_nothing, ())

    async def close(self) -> None:
        """Give what waits a last time, then fail what is left."""
        if self._waiting and not self._closed:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(min(self._lock_timeout, _CLOSE_PATIENCE)):
                    await self.write(_nothing, (), patient=True)
        self._closed = True
        if self._flush_handle is not None:
            self._flush_handle.cancel()
            self._flush_handle = None
        while self._waiting:
            self._waiting.popleft().fail(
                EngineUnavailable(f"{self._database.label} was closed before this could be stored")
            )

    def _flush(self) -> None:
        self._flush_handle = None
        if not self._database.try_lock(wait=self._tries == 0):
            self._wait_for_lock()
            return
        self._tries = 0
        batch = self._take()
        try:
            done = self._commit(batch)
        finally:
            self._database.unlock()
        if self._waiting and self._flush_handle is None:
            self._flush_handle = self._loop.call_soon(self._flush)
        if done is not None:
            transaction, answers = done
            for operation, answer in zip(batch, answers, strict=True):
                if isinstance(answer, Exception):
                    operation.fail(answer)
                else:
                    operation.answer(answer)
            self._announce(transaction)

    def _take(self) -> list[Operation]:
        batch = [self._waiting.popleft()]
        items = len(batch[0].items)
        while self._waiting and items + len(self._waiting[0].items) <= ITEMS_IN_A_TRANSACTION:
            batch.append(self._waiting.popleft())
            items += len(batch[-1].items)
        return batch

    def _commit(self, batch: list[Operation]) -> tuple[Transaction, list[Any]] | None:
        """Run a batch in a transaction; None if the store as a whole failed, which the operations then know."""
        try:
            self._database.check()
            transaction = self._begin()
            try:
                answers = [operation.work(transaction, operation.items) for operation in batch]
            except Exception as error:  # found again, and judged, one by one
                if isinstance(error, sqlite3.Error) and (failure := translate(error, self._database.label)):
                    raise failure from error
                transaction, answers = self._one_by_one(batch)
            self._execute("COMMIT")
        except EngineError as failure:
            self._rollback()
            self._store_failed(batch, failure)
            return None
        return transaction, answers

    def _begin(self) -> Transaction:
        self._execute("BEGIN IMMEDIATE")
        now = self._clock()
        self._position = max(now, self._position + 1e-6)
        return Transaction(self._database.connection, now, self._position)

    def _execute(self, statement: str) -> None:
        try:
            self._database.connection.execute(statement)
        except sqlite3.Error as error:
            raise self._judge(error) from error

    def _judge(self, error: Exception) -> EngineError:
        if isinstance(error, sqlite3.Error) and (failure := translate(error, self._database.label)):
            return failure
        return EngineError(f"{self._database.label} could not store this: {error}")

    def _rollback(self) -> None:
        if self._database.connection.in_transaction:
            self._database.connection.rollback()

    def _one_by_one(self, batch: list[Operation]) -> tuple[Transaction, list[Any]]:
        """Repeat a batch so that what cannot be stored fails alone."""
        self._rollback()
        transaction = self._begin()
        answers: list[Any] = []
        for operation in batch:
            answer = self._attempt(transaction, operation.work, operation.items)
            if isinstance(answer, Exception) and len(operation.items) > 1:
                single = [self._attempt(transaction, operation.work, (item,)) for item in operation.items]
                answer = [one if isinstance(one, Exception) else one[0] for one in single]
            answers.append(answer)
        return transaction, answers

    def _attempt(self, transaction: Transaction, work: Work, items: Sequence[Any]) -> list[Any] | EngineError:
        """Run one operation under a savepoint; return its answers, or the error that is its own."""
        ready, finished = transaction.ready, len(transaction.finished)
        self._execute("SAVEPOINT one")
        answers: list[Any] | EngineError
        try:
            answers = work(transaction, items)
        except Exception as error:
            answers = self._judge(error)
            if isinstance(error, sqlite3.Error) and translate(error, self._database.label):
                raise answers from error
            answers.__cause__ = error
            self._execute("ROLLBACK TO one")
            transaction.ready = ready
            del transaction.finished[finished:]
        self._execute("RELEASE one")
        return answers

    def _store_failed(self, batch: list[Operation], failure: EngineError) -> None:
        """Fail a batch, save what may be tried again: patient operations, and those that only wait for a lock."""
        late = self._loop.time() - self._lock_timeout
        for operation in reversed(batch):
            waits = operation.patient or (isinstance(failure, Locked) and operation.asked > late)
            if waits and isinstance(failure, EngineUnavailable):
                self._waiting.appendleft(operation)
            else:
                operation.fail(failure)
        if self._waiting:
            pause = _LOCK_POLL if isinstance(failure, Locked) else _RETRY_AFTER
            self._flush_handle = self._loop.call_later(pause, self._flush)

    def _wait_for_lock(self) -> None:
        """Come back soon, later and later; meanwhile operations gather and the loop goes on."""
        self._tries += 1
        waited = self._loop.time() - self._waiting[0].asked
        if waited > _NAME_HOLDER_AFTER and not self._holder_named:
            logger.warning("%s is held by process %s", self._database.label, self._database.holder())
        self._holder_named = waited > _NAME_HOLDER_AFTER
        self._give_up_late()
        if self._waiting:
            self._flush_handle = self._loop.call_later(min(self._tries * 0.0002, _LOCK_POLL), self._flush)
        else:
            self._tries = 0

    def _give_up_late(self) -> None:
        """Fail impatient operations that have waited longer than the time allowed."""
        deadline = self._loop.time() - self._lock_timeout
        if self._waiting[0].asked > deadline:
            return
        late = [operation for operation in self._waiting if operation.asked <= deadline and not operation.patient]
        self._waiting = deque(operation for operation in self._waiting if operation not in late)
        failure = EngineUnavailable(
            f"{self._database.label} was held for {self._lock_timeout:g} s by process {self._database.holder()}"
        )
        for operation in late:
            operation.fail(failure)


def _nothing(_transaction: Transaction, _items: Sequence[Any]) -> list[Any]:
    return []
