"""Work on many contents in several processes, in order.

Starting one takes as long as parsing 0.3 MB, because each imports libcst, so little work is done here and now.
Processes are spawned, not forked: who calls may have threads. That needs a main module that can be imported, so a
caller has to ask for more than one process.
"""

from __future__ import annotations

import gc
import multiprocessing
import signal
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import TypeVar

WORTH_A_PROCESS = 500_000  # bytes
CHUNKS_PER_PROCESS = 8  # so that all end at about the same time

T = TypeVar("T")


def work_on(contents: Sequence[bytes], work: Callable[[bytes], T], jobs: int) -> Generator[T, None, None]:
    """Yield what `work`, a function of a module, makes of each content, with at most `jobs` processes."""
    jobs = min(jobs, sum(map(len, contents)) // WORTH_A_PROCESS)
    done = 0
    if jobs > 1:
        try:
            for outcome in _in_processes(contents, work, jobs):
                yield outcome
                done += 1
        except BrokenProcessPool:
            pass  # a process was killed, or could not start: the rest is done here
    yield from map(work, contents[done:])


def _in_processes(contents: Sequence[bytes], work: Callable[[bytes], T], jobs: int) -> Iterator[T]:
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(jobs, context, initializer=_prepare)
    try:
        yield from pool.map(work, contents, chunksize=max(len(contents) // (jobs * CHUNKS_PER_PROCESS), 1))
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def _prepare() -> None:
    """Leave Ctrl-C to the parent, and the many small objects of trees to reference counting."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    gc.disable()
