"""Checkpointed loops: a loop over many items that goes on where an earlier run of the task stopped.

The places of all loops of a task stand in its State under one key, as ``{name: {"done": n, "key": k, "finished": b}}``,
so that a restarted task reads them in one go, before its function is called; a first run reads nothing.

How a place is written depends on who iterates. ``async for`` awaits each write. A ``for`` in a ``def`` task waits for
it in its thread. A ``for`` in an ``async def`` cannot wait without blocking the event loop and sends it one-way; since
writes and the put-back of the task travel in one order, what was sent is stored before the task can start again. When
a task is put back, by a Pause or because the worker stops, what ``every`` has held back is written first.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterable, Iterator, Sized
from typing import Generic, TypeVar
from uuid import UUID

from pydantic_core import from_json

from mog.engine.port import Port
from mog.errors import CheckpointError, CheckpointLost
from mog.interrupts import Pause
from mog.state import encode_state

T = TypeVar("T")

STATE_KEY = "mog.checkpoints"
"""The key in State under which the places of a task's loops stand."""

Key = str | int | float | bool | None


class Place:
    """How far a loop came: ``done`` items, the last of them with ``key``; ``finished`` once it ran to its end.

    Where the last item was found again by its key, ``done`` is how far it stands from the start of the items now given.
    """

    __slots__ = ("done", "finished", "key")

    def __init__(self, done: int = 0, key: Key = None, finished: bool = False) -> None:
        self.done, self.key, self.finished = done, key, finished

    def as_json(self) -> dict[str, Key]:
        """Return the form that is stored."""
        return {"done": self.done, "key": self.key, "finished": self.finished}


class Checkpoints:
    """The places of one run's loops, and the way to write them down."""

    def __init__(self, port: Port, task_id: UUID, stop_asked: Callable[[], bool], blocking: bool) -> None:
        self.port, self.task_id = port, task_id
        self.stop_asked, self.blocking = stop_asked, blocking
        self.places: dict[str, Place] = {}
        self.open_names: set[str] = set()
        self.unwritten = 0
        """Items that were finished since the last write."""

    def load(self, content: bytes | None) -> None:
        """Take over the places that an earlier run wrote."""
        stored = from_json(content) if content is not None else {}
        self.places = {name: Place(**place) for name, place in stored.items()}

    def claim(self, name: str) -> Place:
        """Return the place of the loop ``name``, which no other loop of this run may use."""
        if name in self.open_names:
            which = f"two checkpointed loops are named {name!r}" if name else "two checkpointed loops have no name"
            raise CheckpointError(f"{which} in one task; give each its own: checkpointed(items, name=…)")
        self.open_names.add(name)
        return self.places.setdefault(name, Place())

    async def write(self) -> None:
        """Store all places and wait for it."""
        self.unwritten = 0
        await self.port.call("state.set", self._item())

    def write_plain(self) -> None:
        """Store all places from a ``for``: waits in a ``def`` task, else one-way."""
        self.unwritten = 0
        if self.blocking:
            self.port.call_blocking("state.set", self._item())
        else:
            self.port.send("state.set", self._item())

    def _item(self) -> tuple[UUID, str, bytes]:
        places = {name: place.as_json() for name, place in self.places.items()}
        return self.task_id, STATE_KEY, encode_state(STATE_KEY, places)


class Checkpointed(Generic[T]):
    """Iterates, by ``for`` or ``async for``, over the items that no earlier run has finished; see ``checkpointed``."""

    def __init__(
        self,
        checkpoints: Checkpoints,
        items: Iterable[T] | AsyncIterable[T],
        *,
        name: str | None = None,
        key: Callable[[T], Key] | None = None,
        every: int = 1,
        budget: float | None = None,
        report: Callable[[float, float | None], None] | None = None,
    ) -> None:
        if every < 1:
            raise ValueError(f"every is a number of items from 1 up, not {every}")
        self._checkpoints = checkpoints
        self._items = items
        self._name = name or ""
        self._key = key
        self._every = every
        self._budget = budget
        self._report = report
        self._total = len(items) if isinstance(items, Sized) else None
        self._deadline = float("inf")
        self._place = Place()

    def __iter__(self) -> Iterator[T]:
        if not isinstance(self._items, Iterable):
            raise TypeError("these items are asynchronous; iterate with `async for`")
        if not self._begin():
            return
        for item in self._rest(self._items):
            yield item
            self._finish_item(item)
            if self._must_pause():
                raise Pause
            if self._checkpoints.unwritten >= self._every:
                self._checkpoints.write_plain()
        self._finish_loop()
        self._checkpoints.write_plain()

    async def __aiter__(self) -> AsyncIterator[T]:
        if not self._begin():
            return
        async for item in self._rest_async():
            yield item
            self._finish_item(item)
            if self._must_pause():
                raise Pause
            if self._checkpoints.unwritten >= self._every:
                await self._checkpoints.write()
        self._finish_loop()
        await self._checkpoints.write()

    def _begin(self) -> bool:
        self._place = self._checkpoints.claim(self._name)
        if self._budget is not None:
            self._deadline = time.monotonic() + self._budget
        return not self._place.finished

    def _rest(self, items: Iterable[T]) -> Iterator[T]:
        if self._key is None or self._place.done == 0:
            return itertools.islice(items, self._place.done, None)
        rest = iter(items)
        for position, item in enumerate(rest, start=1):
            if self._key(item) == self._place.key:
                self._place.done = position
                return rest
        raise self._lost()

    async def _rest_async(self) -> AsyncIterator[T]:
        if isinstance(self._items, Iterable):
            for item in self._rest(self._items):
                yield item
            return
        rest = aiter(self._items)
        await self._skip_async(rest)
        async for item in rest:
            yield item

    async def _skip_async(self, rest: AsyncIterator[T]) -> None:
        if self._place.done == 0:
            return
        skipped = 0
        async for item in rest:
            skipped += 1
            if (self._key(item) == self._place.key) if self._key else (skipped == self._place.done):
                self._place.done = skipped
                return
        if self._key:
            raise self._lost()

    def _lost(self) -> CheckpointLost:
        loop = f"loop {self._name!r}" if self._name else "the checkpointed loop"
        return CheckpointLost(
            f"{loop} stopped behind the item with key {self._place.key!r}, which is not among the items now given; "
            "give the same items in the same order, or clear the State"
        )

    def _finish_item(self, item: T) -> None:
        self._place.done += 1
        self._checkpoints.unwritten += 1
        if self._key is not None:
            self._place.key = plain_key(self._key(item))
        if self._report is not None:
            self._report(self._place.done, self._total)

    def _finish_loop(self) -> None:
        self._place.finished = True

    def _must_pause(self) -> bool:
        return self._checkpoints.stop_asked() or time.monotonic() >= self._deadline


def plain_key(key: object) -> Key:
    """Return ``key`` if State can hold it as it is. Raises TypeError."""
    if isinstance(key, str | int | float | bool | None):
        return key
    raise TypeError(f"a checkpoint's key is a str, a number or None, not {type(key).__name__}")
