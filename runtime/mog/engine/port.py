"""The caller's side of an engine: what any loop or thread of a process uses to reach it.

A :class:`Port` is the same whether its engine lives on a thread of its own (:class:`~mog.engine.io_thread.ThreadPort`)
or on the caller's loop (:class:`~mog.engine.inline.InlinePort`). It opens at its first use; what goes wrong then is
raised to whoever used it, and the next use tries again. After close() it raises NotConnected until open() is called.
A forked child starts with an unopened port.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import os
import threading
import weakref
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeVar, overload
from uuid import UUID

from mog.engine.caller import Caller
from mog.engine.consumption import Consumption, DeliverHere, EndedHere
from mog.engine.contracts import Engine
from mog.engine.host import CLOSED, LEAVE, OPEN, RUN, WAIT, WAIT_VALUE, Host
from mog.engine.operations import Answer, Item, Operation
from mog.engine.records import Record, StoredValue
from mog.engine.replies import HERE, AnyFuture
from mog.engine.running_loop import running_loop
from mog.errors import MogError, NotConnected

__all__ = ["Consumption", "EngineFactory", "Port"]

EngineFactory = Callable[[], Engine]
T = TypeVar("T")

CLOSE_TIMEOUT = 5.0
"""Seconds that close() gives to what is on its way and to the engine."""

_ports: weakref.WeakSet[Port] = weakref.WeakSet()


class Port(ABC):
    """Calls engine operations (:mod:`mog.engine.operations`) from any loop and any thread."""

    def __init__(self, engine_factory: EngineFactory) -> None:
        self._factory = engine_factory
        self._host: Host | None = None
        self._closed = False
        self._lock = threading.RLock()
        self._callers: dict[asyncio.AbstractEventLoop, Caller] = {}
        _ports.add(self)

    @property
    def engine(self) -> Engine:
        """The engine itself, not necessarily open; its methods must be called on its own loop."""
        return self._running_host().engine

    # -- calls

    @overload
    def call(self, operation: Operation[Item, Answer], item: Item) -> asyncio.Future[Answer]: ...
    @overload
    def call(self, operation: str, item: Any) -> asyncio.Future[Any]: ...
    def call(self, operation: str, item: Any) -> asyncio.Future[Any]:
        """Begin an operation and return a future of the running loop for its answer; raises what the contract says.

        It sets out when the loop has gone through what is ready now (see :mod:`mog.engine.caller`); where the loop
        blocks before, with a :meth:`flush` from another thread, or in a worker by itself after 0.25 s. Cancelling the
        future does not undo the operation.
        """
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Any] = loop.create_future()
        self._caller(loop).post(operation, item, future)
        return future

    @overload
    def call_blocking(self, operation: Operation[Item, Answer], item: Item, timeout: float | None = None) -> Answer: ...
    @overload
    def call_blocking(self, operation: str, item: Any, timeout: float | None = None) -> Any: ...
    def call_blocking(self, operation: str, item: Any, timeout: float | None = None) -> Any:
        """Do an operation and wait for its answer in this thread; raises what the contract says, and TimeoutError.

        Raises RuntimeError on the engine's own loop, where waiting for it would never end.
        """
        future = self.begin(operation, item)
        return self._wait_here(future, timeout)

    def call_many_blocking(self, operation: str, items: Sequence[Any]) -> list[Any]:
        """Do an operation for many items, and wait for all; an item's MogError stands among the answers."""
        futures = [self.begin(operation, item) for item in items]
        answers: list[Any] = []
        for future in futures:
            try:
                answers.append(self._wait_here(future, None))
            except MogError as error:
                answers.append(error)
        return answers

    def begin(self, operation: str, item: Any) -> concurrent.futures.Future[Any]:
        """Begin an operation at once, from any thread, and return a future for its answer.

        It leaves alone what is waiting to be logged: for threads on which no user code may run. Raises RuntimeError on
        the engine's own loop, where waiting for the answer would never end.
        """
        host = self._running_host()
        if running_loop() is host.loop:
            raise RuntimeError("a blocking call on the engine's own loop would never end; await the async form instead")
        future: concurrent.futures.Future[Any] = concurrent.futures.Future()
        host.inbox.put((operation, item, future, HERE))
        return future

    @overload
    def send(self, operation: Operation[Item, Answer], item: Item) -> None: ...
    @overload
    def send(self, operation: str, item: Any) -> None: ...
    def send(self, operation: str, item: Any) -> None:
        """Begin an operation whose answer nobody awaits; from any thread. It sets out at once.

        Errors are logged. ``results.settle`` and ``results.requeue`` are repeated while the store is out of reach
        (see :mod:`mog.engine.host`). Close, and the end of the process, wait for what is on its way.
        """
        self._running_host().inbox.put((operation, item, None, None))

    def flush(self) -> None:
        """Have the engine take at once what was called on a loop that is blocked now; from any thread."""
        if self._host is not None:
            self._host.inbox.ring()

    def run(self, function: Callable[[Engine], Awaitable[T]]) -> asyncio.Future[T]:
        """Await ``function(engine)`` on the engine's loop; no user code may be in it."""
        return self.call(RUN, function)

    # -- results

    async def wait(self, task_id: UUID, timeout: float | None = None) -> Record:
        """Wait until the task has ended, and return its record. Raises ResultLost and TimeoutError."""
        record: Record = await self._wait(WAIT, task_id, timeout)
        return record

    async def wait_value(self, task_id: UUID, timeout: float | None = None) -> tuple[Record, StoredValue | None]:
        """:meth:`wait`, and return the value too, None where it has expired: one crossing for both."""
        both: tuple[Record, StoredValue | None] = await self._wait(WAIT_VALUE, task_id, timeout)
        return both

    async def _wait(self, operation: str, task_id: UUID, timeout: float | None) -> Any:
        future: asyncio.Future[Any] = self.call(operation, task_id)
        try:
            if timeout is None:
                return await future
            async with asyncio.timeout(timeout):
                return await future
        finally:
            if future.cancelled() or not future.done():
                self._leave(task_id, future)

    def wait_blocking(self, task_id: UUID, timeout: float | None = None) -> Record:
        """:meth:`wait` in this thread."""
        future = self.begin(WAIT, task_id)
        try:
            record: Record = self._wait_here(future, timeout)
        finally:
            if not future.done():
                self._leave(task_id, future)
        return record

    def _leave(self, task_id: UUID, future: AnyFuture) -> None:
        if self._host is not None:
            self._host.inbox.put((LEAVE, (task_id, future), None, None))

    # -- deliveries

    async def consume(self, queues: Sequence[str], deliver: DeliverHere, ended: EndedHere) -> Consumption:
        """Begin to consume ``queues``; nothing comes before credit is granted.

        ``deliver`` is called on the running loop with what has gathered, ``ended`` with the ids of delivered tasks
        that others have ended. Raises what the contract says.
        """
        loop = asyncio.get_running_loop()
        consumption = Consumption(loop, self._caller(loop), deliver, ended)
        await self.run(lambda engine: consumption.begin(engine, queues))
        return consumption

    # -- open and close

    async def open(self) -> None:
        """Open the engine now. Raises what the contracts say."""
        self._closed = False
        await self.call(OPEN, None)

    def open_blocking(self, timeout: float | None = None) -> None:
        """:meth:`open` in this thread."""
        self._closed = False
        self.call_blocking(OPEN, None, timeout)

    @abstractmethod
    async def close(self, timeout: float = CLOSE_TIMEOUT) -> None:
        """Send what is on its way, close the engine; may be repeated. Takes no longer than ``timeout`` seconds."""

    @abstractmethod
    def close_blocking(self, timeout: float = CLOSE_TIMEOUT) -> None:
        """:meth:`close` in this thread."""

    @abstractmethod
    def ping(self, pong: Callable[[], None]) -> None:
        """Have ``pong`` called on the engine's loop as soon as it comes to it."""

    @abstractmethod
    def _host_for(self, loop: asyncio.AbstractEventLoop) -> Host:
        """Return the host for calls from ``loop``, which runs in this thread; start one if there is none."""

    @abstractmethod
    def _running_host(self) -> Host:
        """Return the host for calls from a thread; start one if there is none."""

    @abstractmethod
    def _wait_here(self, future: concurrent.futures.Future[Any], timeout: float | None) -> Any:
        """Block until the host has settled ``future``, and return its answer."""

    # -- what both kinds share

    def _caller(self, loop: asyncio.AbstractEventLoop) -> Caller:
        host = self._host_for(loop)
        return self._callers.get(loop) or self._meet(loop, host)

    def _meet(self, loop: asyncio.AbstractEventLoop, host: Host) -> Caller:
        """Set up a loop that calls for the first time."""
        caller = Caller(loop, host)
        with self._lock:
            if host is self._host:  # else another thread has closed the port meanwhile
                for known in [known for known in self._callers if known.is_closed()]:
                    del self._callers[known]
                self._callers[loop] = caller
        return caller

    def _check_open(self) -> None:
        if self._closed:
            raise NotConnected(CLOSED)

    def _take_host(self) -> Host | None:
        """Mark the port closed, and return what is to be closed."""
        with self._lock:
            host, self._host = self._host, None
            self._closed = True
            self._callers = {}
            return host

    def _forked(self) -> None:
        """Forget, in a forked child, what belongs to the parent: thread, loop, handles, locks."""
        self._lock = threading.RLock()
        self._callers = {}
        host, self._host = self._host, None
        if host is not None:
            host.abandon()


def _forked() -> None:
    for port in list(_ports):
        port._forked()


os.register_at_fork(after_in_child=_forked)
