"""What an operation sees of the transaction that it is part of, and the operation itself."""

from __future__ import annotations

import asyncio
import sqlite3
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Any


class Transaction:
    """One transaction. Operations leave in it what is to be told once it is committed.

    ``now`` is the engine's time. ``position`` grows with each transaction of a process: it is what a message that
    comes back to its queue is put behind. ``ready`` tells that messages became ready or due, ``finished`` holds the
    ids of tasks that are done, ``revoked`` those that were revoked while a process ran them, with its number.
    ``processes`` are the rows of those who are to be told: who signs in later looks at the store after that.
    """

    __slots__ = ("connection", "finished", "now", "position", "processes", "ready", "revoked")

    def __init__(self, connection: sqlite3.Connection, now: float, position: float) -> None:
        self.connection, self.now, self.position = connection, now, position
        self.ready = False
        self.finished: list[bytes] = []
        self.revoked: list[tuple[int, bytes]] = []
        self.processes: list[Any] = []

    @property
    def brings_news(self) -> bool:
        """Whether anything is to be told."""
        return self.ready or bool(self.finished)


Work = Callable[[Transaction, Sequence[Any]], list[Any]]
"""What an operation does: takes items, returns one answer each. It is run again, alone, if a transaction fails."""


class Operation(ABC):
    """Work for the writer.

    ``patient`` work is kept and tried again while the store is full or out of reach, instead of failing: what has
    happened in the world must not be lost. ``asked`` is the loop's time at which it came.
    """

    __slots__ = ("asked", "items", "patient", "work")

    def __init__(self, work: Work, items: Sequence[Any], asked: float, *, patient: bool = False) -> None:
        self.work = work
        self.items = items
        self.asked = asked
        self.patient = patient

    @abstractmethod
    def answer(self, answers: list[Any]) -> None:
        """Take what came out; called after the commit."""

    @abstractmethod
    def fail(self, error: Exception) -> None:
        """Take the reason why nothing was done."""


class Unheard(Operation):
    """An operation whose answers nobody awaits; one that fails is asked for again by whoever finds it not done."""

    __slots__ = ()

    def answer(self, answers: list[Any]) -> None:
        """See :meth:`Operation.answer`."""

    def fail(self, error: Exception) -> None:
        """See :meth:`Operation.fail`."""


class Promise(Operation):
    """An operation whose answers are the result of a future."""

    __slots__ = ("future",)

    def __init__(
        self, work: Work, items: Sequence[Any], loop: asyncio.AbstractEventLoop, *, patient: bool = False
    ) -> None:
        super().__init__(work, items, loop.time(), patient=patient)
        self.future: asyncio.Future[list[Any]] = loop.create_future()

    def answer(self, answers: list[Any]) -> None:
        """See :meth:`Operation.answer`."""
        if not self.future.done():
            self.future.set_result(answers)

    def fail(self, error: Exception) -> None:
        """See :meth:`Operation.fail`."""
        if not self.future.done():
            self.future.set_exception(error)
