"""What an operation sees of the transaction that it is part of, and the operation itself."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True)
class Transaction:
    """One transaction. Operations leave in it what is to be told once it is committed.

    ``now`` is the engine's time. ``position`` grows with each transaction of a process: it is what a message that
    comes back to its queue is put behind. ``ready`` tells that messages became ready or due, ``finished`` holds the
    ids of tasks that are done.
    """

    connection: sqlite3.Connection
    now: float
    position: float
    ready: bool = False
    finished: list[bytes] = field(default_factory=list)


Run = Callable[[Transaction, Sequence[Any]], list[Any]]
"""The work of an operation: takes items, returns one answer each (or, for a single-item operation, a list of one)."""


@dataclass(slots=True, eq=False)
class Operation:
    """Work for the writer, with the future of its answers.

    ``patient`` work is kept and tried again while the store is full or out of reach, instead of failing: what has
    happened in the world must not be lost. ``asked`` is the loop's time at which it came.
    """

    run: Run
    items: Sequence[Any]
    future: asyncio.Future[list[Any]]
    asked: float
    patient: bool = False

    def answer(self, answers: list[Any]) -> None:
        """Hand over what came out, after the commit."""
        if not self.future.done():
            self.future.set_result(answers)

    def fail(self, error: Exception) -> None:
        """Hand over why nothing was done."""
        if not self.future.done():
            self.future.set_exception(error)
