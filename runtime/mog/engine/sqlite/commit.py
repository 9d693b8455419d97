"""Runs a batch of operations in one transaction.

An operation costs its own statements; the transaction around it is paid once for all. One that fails because of one
operation is repeated with a savepoint around each, and, for the guilty one, around each of its items.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from typing import Any

from mog.engine.sqlite.database import Database
from mog.engine.sqlite.failures import translate
from mog.engine.sqlite.queries import QUERIES
from mog.engine.sqlite.transaction import Operation, Transaction, Work
from mog.errors import EngineError


class GroupCommit:
    """Commits batches to a database, which the caller has locked."""

    def __init__(self, database: Database, clock: Callable[[], float]) -> None:
        self._database = database
        self._clock = clock
        self._position = 0.0

    def run(self, batch: Sequence[Operation]) -> tuple[Transaction, list[Any]]:
        """Run and commit a batch; return its answers, one of each operation, or the EngineError that is its own.

        Raises EngineError if the store as a whole failed; then nothing of the batch was stored.
        """
        self._database.check()
        with self._database.busy:
            try:
                transaction, answers = self._together(batch) or self._one_by_one(batch)
                if transaction.brings_news:
                    transaction.processes = self._execute(QUERIES["processes"]).fetchall()
                self._execute("COMMIT")
            finally:
                self._rollback()
        return transaction, answers

    def _together(self, batch: Sequence[Operation]) -> tuple[Transaction, list[Any]] | None:
        """Run a batch; None if an operation, not the store, is at fault."""
        transaction = self._begin()
        try:
            return transaction, [operation.work(transaction, operation.items) for operation in batch]
        except Exception as error:
            failure = self._of_the_store(error)
            if failure is not None:
                raise failure from error
            return None

    def _one_by_one(self, batch: Sequence[Operation]) -> tuple[Transaction, list[Any]]:
        """Run a batch so that what cannot be stored fails alone."""
        self._rollback()
        transaction = self._begin()
        answers: list[Any] = []
        for operation in batch:
            answer = self._attempt(transaction, operation.work, operation.items)
            if isinstance(answer, EngineError) and len(operation.items) > 1:
                single = [self._attempt(transaction, operation.work, (item,)) for item in operation.items]
                answer = [one if isinstance(one, EngineError) else one[0] for one in single]
            answers.append(answer)
        return transaction, answers

    def _attempt(self, transaction: Transaction, work: Work, items: Sequence[Any]) -> list[Any] | EngineError:
        """Run one operation under a savepoint; return its answers, or the error that is its own."""
        told = transaction.ready, len(transaction.finished), len(transaction.revoked)
        self._execute("SAVEPOINT one")
        answers: list[Any] | EngineError
        try:
            answers = work(transaction, items)
        except Exception as error:
            failure = self._of_the_store(error)
            if failure is not None:
                raise failure from error
            answers = EngineError(f"{self._database.label} could not store this: {error}")
            answers.__cause__ = error
            self._execute("ROLLBACK TO one")
            transaction.ready, finished, revoked = told
            del transaction.finished[finished:]
            del transaction.revoked[revoked:]
        self._execute("RELEASE one")
        return answers

    def _begin(self) -> Transaction:
        self._execute("BEGIN IMMEDIATE")
        now = self._clock()
        self._position = max(now, self._position + 1e-6)
        return Transaction(self._database.connection, now, self._position)

    def _execute(self, statement: str) -> sqlite3.Cursor:
        try:
            return self._database.connection.execute(statement)
        except sqlite3.Error as error:
            raise self._of_the_store(error) or EngineError(f"{self._database.label}: {error}") from error

    def _of_the_store(self, error: Exception) -> EngineError | None:
        if isinstance(error, EngineError):
            return error
        return translate(error, self._database.label) if isinstance(error, sqlite3.Error) else None

    def _rollback(self) -> None:
        if self._database.connection.in_transaction:
            self._database.connection.rollback()
