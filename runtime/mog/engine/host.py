"""Where an engine lives: its loop, and the order in which it does what other loops and threads ask for.

What has gathered since the loop last woke is begun in the order it was asked for, neighbours with the same operation as
one batch; then the engine hears that this was all. A batch whose method answers with a future is under way at once;
others run in a task each, so a slow one holds up nobody.

Some things must not get lost although nobody waits for their answer: how attempts ended. Sent one-way while the store
is out of reach (EngineUnavailable), ``results.settle`` and ``results.requeue`` are kept in memory and repeated, all
that are owed at once, after 0.1 s, 0.2 s, … at most 2 s, until the store has taken them. A host that closes tries one
last time, then logs the ids at level ERROR: those tasks run again once their owner is known to be gone. One-way calls
that fail in any other way are logged and dropped.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from functools import partial
from itertools import groupby
from operator import itemgetter
from typing import Any

from mog.engine.contracts import Engine
from mog.engine.mailbox import Mailbox
from mog.engine.operations import BATCHED, REPEATED, SINGLE
from mog.engine.repeater import Repeater
from mog.engine.replies import AnyFuture, Replies
from mog.engine.waiters import Waiters
from mog.errors import EngineUnavailable, MogError, NotConnected

log = logging.getLogger("mog.engine")

Entry = tuple[str, Any, AnyFuture | None, Replies | None]
"""Operation, item, and for all but one-way calls the future to answer and where its answers go."""

OPEN, WAIT, WAIT_VALUE, LEAVE, RUN = "port.open", "port.wait", "port.wait_value", "port.leave", "port.run"
"""What a port asks for besides the engine's operations."""

LOOK_INTERVAL = 0.25
"""Seconds between looks of a worker's host for entries of a blocked loop; costs less than 0.1 % of a core."""

CLOSED = "the app is closed; connect it again"


class Host:
    """One engine on one loop, from its first use to its close."""

    def __init__(self, loop: asyncio.AbstractEventLoop, engine: Engine) -> None:
        self.loop = loop
        self.engine = engine
        self.inbox: Mailbox[Entry] = Mailbox(loop, self._take, self._refuse)
        self._followers: list[Callable[[], None]] = []
        self._is_open = False
        self._is_closed = False
        self._open_lock = asyncio.Lock()
        self._opening: asyncio.Task[None] | None = None
        self._closing: asyncio.Task[None] | None = None
        self._backlog: list[Entry] = []
        self._tasks: set[asyncio.Future[Any]] = set()
        self._promised: set[asyncio.Future[Any]] = set()
        self._under_way: dict[int, list[Entry]] = {}
        self._waiters = Waiters(engine.results, self._spawn)
        self._repeaters = {name: Repeater(name, self._method(name), self._opened) for name in REPEATED}
        self._handlers = self._make_handlers()

    def follow(self, call: Callable[[], None]) -> None:
        """Have ``call`` called each time the entries of a wake-up have begun; how consumers get their credit.

        From now on the host also looks for entries by itself: a worker's loop may have blocked before it rang, and the
        end of a task must not wait for the task that blocks.
        """
        self._followers.append(call)
        if len(self._followers) == 1:
            self.loop.call_later(LOOK_INTERVAL, self._look)

    def unfollow(self, call: Callable[[], None]) -> None:
        """Take back :meth:`follow`."""
        self._followers.remove(call)

    def close(self, timeout: float) -> asyncio.Task[None]:
        """Begin to close, or go on with it, and return the task that does; on the loop."""
        if self._closing is None:
            self._closing = self.loop.create_task(self._close(timeout))
        return self._closing

    def abandon(self) -> None:
        """Let go of the engine's handles without a word to the store: in a forked child, or when the loop is gone."""
        self.engine.abandon()

    def desert(self) -> None:
        """:meth:`abandon`, and let nobody wait in vain; for a loop that runs no more."""
        self.abandon()
        self._is_open, self._is_closed = False, True
        self.inbox.give_up()
        self._refuse_rest()

    def _make_handlers(self) -> dict[str, Callable[[list[Entry]], None]]:
        handlers: dict[str, Callable[[list[Entry]], None]] = {
            OPEN: self._answer_open,
            WAIT: lambda entries: self._waiters.join(_newcomers(entries)),
            WAIT_VALUE: lambda entries: self._waiters.join(_newcomers(entries), with_value=True),
            LEAVE: lambda entries: self._waiters.leave([entry[1] for entry in entries]),
            RUN: lambda entries: self._begin_each(lambda function: function(self.engine), entries),
        }
        for name in BATCHED:
            handlers[name] = self._batch_handler(self._method(name))
        for name in SINGLE:
            handlers[name] = self._single_handler(self._method(name))
        return handlers

    def _method(self, operation: str) -> Callable[..., Awaitable[Any]]:
        part, _, name = operation.partition(".")
        method: Callable[..., Awaitable[Any]] = getattr(getattr(self.engine, part), name)
        return method

    def _batch_handler(self, method: Callable[[list[Any]], Awaitable[Any]]) -> Callable[[list[Entry]], None]:
        return lambda entries: self._begin(method, entries)

    def _single_handler(self, method: Callable[[Any], Awaitable[Any]]) -> Callable[[list[Entry]], None]:
        return lambda entries: self._begin_each(method, entries)

    def _begin_each(self, method: Callable[[Any], Awaitable[Any]], entries: list[Entry]) -> None:
        async def call(items: list[Any]) -> list[Any]:
            return [await method(items[0])]

        for entry in entries:
            self._begin(call, [entry])

    def _begin(self, method: Callable[[list[Any]], Awaitable[Any]], entries: list[Entry]) -> None:
        self._under_way[id(entries)] = entries
        try:
            answering = method([entry[1] for entry in entries])
        except Exception as error:  # noqa: BLE001 - whatever it is, it is the callers' answer
            self._ended(entries, error)
            return
        if isinstance(answering, asyncio.Future):
            self._promised.add(answering)
            answering.add_done_callback(partial(self._kept, entries))
        else:
            self._spawn(self._do(answering, entries))

    def _spawn(self, coroutine: Coroutine[Any, Any, None]) -> None:
        task = self.loop.create_task(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    # -- what comes in

    def _take(self, entries: list[Entry]) -> None:
        if not self._is_open:
            self._hold(entries)
            return
        for operation, neighbours in groupby(entries, key=itemgetter(0)):
            self._handlers.get(operation, self._refuse_unknown)(list(neighbours))
        for call in self._followers:
            call()
        self.engine.results.hurry()

    def _look(self) -> None:
        if self._followers and self._closing is None:
            self.inbox.empty()
            self.loop.call_later(LOOK_INTERVAL, self._look)

    def _hold(self, entries: list[Entry]) -> None:
        if self._is_closed:
            self._refuse(entries)
            return
        self._backlog += entries
        if self._backlog and self._opening is None:
            self._opening = self.loop.create_task(self._open())

    async def _open(self) -> None:
        try:
            await self._opened()
        except Exception as error:  # noqa: BLE001 - whatever it is, it is the callers' answer
            backlog, self._backlog = self._backlog, []
            self._fail(backlog, error)
        else:
            backlog, self._backlog = self._backlog, []
            self._take(backlog)
        finally:
            self._opening = None

    async def _opened(self) -> None:
        """Open the engine if it is not; raises what goes wrong."""
        async with self._open_lock:
            if not self._is_open:
                await self.engine.open()
                self._is_open = True

    async def _do(self, answering: Awaitable[Any], entries: list[Entry]) -> None:
        try:
            self._ended(entries, await answering)
        except asyncio.CancelledError:
            self._ended(entries, NotConnected(CLOSED))
        except Exception as error:  # noqa: BLE001 - whatever it is, it is the callers' answer
            self._ended(entries, error)
        finally:
            del entries  # an exception, its traceback, this frame and a future would keep each other alive

    def _kept(self, entries: list[Entry], answered: asyncio.Future[Any]) -> None:
        """Take what a promise has come to."""
        self._promised.discard(answered)
        if answered.cancelled():
            self._ended(entries, NotConnected(CLOSED))
        else:
            self._ended(entries, answered.exception() or answered.result())

    def _ended(self, entries: list[Entry], outcome: Any) -> None:
        """Answer a batch with what its method returned, or raised."""
        if self._under_way.pop(id(entries), None) is None:
            return  # it was refused when the host closed
        if isinstance(outcome, BaseException):
            self._fail(entries, outcome)
            return
        answers = [None] * len(entries) if outcome is None else outcome
        if len(answers) != len(entries):
            self._fail(entries, ValueError(f"{entries[0][0]} gave {len(answers)} answers for {len(entries)} items"))
            return
        for (operation, item, future, replies), answer in zip(entries, answers, strict=True):
            if replies is not None and future is not None:
                replies.put((future, answer))
            elif isinstance(answer, MogError):
                log.error("%s of %s failed: %s", operation, _id_of(item), answer)

    # -- what goes wrong

    def _fail(self, entries: list[Entry], error: BaseException) -> None:
        for operation, item, future, replies in entries:
            if replies is not None and future is not None:
                replies.put((future, error))
            elif isinstance(error, EngineUnavailable) and operation in self._repeaters:
                self._repeaters[operation].owe(item)
            elif operation != LEAVE:
                log.error("%s of %s failed: %s", operation, _id_of(item), error or type(error).__name__)

    def _refuse(self, entries: list[Entry]) -> None:
        self._fail(entries, NotConnected(CLOSED))

    def _refuse_unknown(self, entries: list[Entry]) -> None:
        self._fail(entries, ValueError(f"there is no operation {entries[0][0]!r}; see mog.engine.operations"))

    def _answer_open(self, entries: list[Entry]) -> None:
        for _, _, future, replies in entries:
            if replies is not None and future is not None:
                replies.put((future, None))

    # -- the end

    async def _close(self, timeout: float) -> None:
        deadline = self.loop.time() + timeout
        self.inbox.empty()
        with suppress(TimeoutError):
            async with asyncio.timeout_at(deadline - timeout / 5):  # the rest is for the engine itself
                await self._finish()
        await self._cancel_all()
        try:
            async with asyncio.timeout_at(deadline):
                await self.engine.close()
        except Exception as error:  # noqa: BLE001 - whatever it is, those who wait must hear of the end
            log.error("the engine did not close in good order: %s", error or type(error).__name__)
        self._is_open, self._is_closed = False, True
        self._refuse_rest()

    def _refuse_rest(self) -> None:
        """Answer all that will not be done any more, and log what is lost."""
        for repeater in self._repeaters.values():
            repeater.abort()
        backlog, self._backlog = self._backlog, []
        for entries in [backlog, *self._under_way.values()]:
            self._refuse(entries)
        self._under_way.clear()
        self._waiters.fail(NotConnected(CLOSED))

    async def _finish(self) -> None:
        """Wait for what has begun, and let what is owed to the store try one last time."""
        if self._opening is not None:
            await asyncio.wait([self._opening])
        while begun := self._tasks | self._promised:
            await asyncio.wait(begun)
        for repeater in self._repeaters.values():
            await repeater.finish()

    async def _cancel_all(self) -> None:
        left = [*self._tasks, *self._promised, *([self._opening] if self._opening is not None else [])]
        for begun in left:
            begun.cancel()
        if left:
            await asyncio.wait(left, timeout=1.0)


def _newcomers(entries: list[Entry]) -> list[tuple[Any, AnyFuture, Replies]]:
    return [(item, future, replies) for _, item, future, replies in entries if future and replies]


def _id_of(item: Any) -> Any:
    """Return what tells an item in a log line: its id, not its content."""
    if isinstance(item, tuple):
        item = item[0]
    record = getattr(item, "record", item)
    return getattr(record, "id", record)
