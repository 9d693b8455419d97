"""Work on many contents in several processes, in order.

Starting one takes as long as parsing 0.2 MB, because each imports libcst, so little work is done here and now, and
processes that run are kept. They are spawned, not forked: who calls may have threads. That needs a main module that can
be imported, so a caller has to ask for more than one process.
"""

from __future__ import annotations

import gc
import os
import signal
import threading
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import BrokenExecutor
from typing import TYPE_CHECKING, TypeVar

from mog_lint.model.stack import with_large_stack

if TYPE_CHECKING:
    from concurrent.futures import ProcessPoolExecutor

WORTH_A_PROCESS = 250_000  # bytes
WORTH_A_TRIP = 20_000  # bytes, to a process that runs
CHUNK = 60_000  # bytes, so that all end at about the same time

T = TypeVar("T")
R = TypeVar("R")


class Workers:
    """At most `jobs` processes, started when there is enough to do for them; `close` ends them."""

    def __init__(self, jobs: int = 1) -> None:
        self.jobs = jobs
        self._executor: ProcessPoolExecutor | None = None

    def map(self, work: Callable[[T], R], items: Sequence[T], size: Callable[[T], int]) -> Generator[R, None, None]:
        """Yield what `work`, a function of a module, makes of each item; `size` tells an item's bytes.

        It is called where the stack is large.
        """
        done = 0
        if self._is_worth_it(sum(map(size, items))):
            try:
                for outcome in self._elsewhere(work, items, size):
                    yield outcome
                    done += 1
            except BrokenExecutor:
                self.close()  # a process was killed, or could not start: the rest is done here
                self.jobs = 1
        for chunk in _chunks(items[done:], size):
            yield from _work_on(work, chunk)

    def close(self) -> None:
        """End the processes; new ones are started when there is work again."""
        if self._executor is not None:
            self._executor.shutdown(wait=False, cancel_futures=True)
            self._executor = None

    def _is_worth_it(self, total: int) -> bool:
        if self._executor is not None:
            return total >= WORTH_A_TRIP
        jobs = min(self.jobs, total // WORTH_A_PROCESS)
        if jobs > 1:
            self._executor = _executor(jobs)
        return jobs > 1

    def _elsewhere(self, work: Callable[[T], R], items: Sequence[T], size: Callable[[T], int]) -> Iterator[R]:
        assert self._executor is not None
        futures = [self._executor.submit(_work_on, work, chunk) for chunk in _chunks(items, size)]
        try:
            for future in futures:
                yield from future.result()
        finally:
            for future in futures:
                future.cancel()


def _executor(jobs: int) -> ProcessPoolExecutor:
    import multiprocessing  # noqa: PLC0415 - takes time, and little work needs no processes
    from concurrent.futures import ProcessPoolExecutor  # noqa: PLC0415 - takes time, and little work needs no pool

    return ProcessPoolExecutor(jobs, multiprocessing.get_context("spawn"), initializer=_prepare)


def _chunks(items: Sequence[T], size: Callable[[T], int]) -> Iterator[list[T]]:
    chunk: list[T] = []
    total = 0
    for item in items:
        chunk.append(item)
        total += size(item)
        if total >= CHUNK:
            yield chunk
            chunk, total = [], 0
    if chunk:
        yield chunk


def _work_on(work: Callable[[T], R], chunk: list[T]) -> list[R]:
    return with_large_stack(lambda: list(map(work, chunk)))


def _prepare() -> None:
    """End with the parent, leave Ctrl-C to it, and the many small objects of trees to reference counting."""
    from mog_lint.model.parsing import trust_the_parser  # noqa: PLC0415 - imports libcst, of which the parent may have no need

    threading.Thread(target=_end_with_parent, daemon=True).start()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    gc.disable()
    trust_the_parser()


def _end_with_parent() -> None:
    """Wait for the end of the parent: one that is killed cannot tell, and processes would wait for work for ever."""
    import multiprocessing  # noqa: PLC0415 - takes time, and little work needs no processes

    parent = multiprocessing.parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)
