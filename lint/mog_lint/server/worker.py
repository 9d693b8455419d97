"""The thread that holds the projects: whatever touches them runs there, one thing after the other."""

from __future__ import annotations

import asyncio
import gc
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")


class Cancelled(Exception):
    """Nobody waits for this piece of work any more."""


class Wanted:
    """Whether somebody waits for a piece of work: long ones ask from time to time."""

    def __init__(self) -> None:
        self._given_up = threading.Event()

    def give_up(self) -> None:
        """Tell that nobody waits any more."""
        self._given_up.set()

    def check(self) -> None:
        """Raise Cancelled where nobody waits any more."""
        if self._given_up.is_set():
            raise Cancelled


class Worker:
    """One thread and its queue."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="mog-lint-model")
        self._under_way: set[Wanted] = set()

    async def run(self, work: Callable[[Wanted], T]) -> T:
        """Have the thread do a piece of work, and return or raise what it does.

        If the caller is cancelled, work that has not begun never does, and work that has is told.
        """
        wanted = Wanted()
        self._under_way.add(wanted)
        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, work, wanted)
        except asyncio.CancelledError:
            wanted.give_up()
            raise
        finally:
            self._under_way.discard(wanted)

    def close(self) -> None:
        """Let what is under way end soon, and nothing else begin."""
        for wanted in self._under_way:
            wanted.give_up()
        self._thread.shutdown(wait=False, cancel_futures=True)


def settle() -> None:
    """Tell the cycle collector that what lives now will stay, as it walks all that lives again and again."""
    gc.unfreeze()
    gc.collect()
    gc.freeze()
