"""The thread that holds the projects."""

import asyncio
import threading

import pytest

from mog_lint.server.worker import Cancelled, Wanted, Worker


@pytest.fixture
def worker() -> Worker:
    return Worker()


async def test_work_is_done_in_one_thread_in_order(worker: Worker) -> None:
    names = await asyncio.gather(*(worker.run(lambda _: threading.get_ident()) for _ in range(5)))
    assert len(set(names)) == 1
    assert names[0] != threading.get_ident()
    worker.close()


async def test_what_it_raises_reaches_the_caller(worker: Worker) -> None:
    with pytest.raises(ZeroDivisionError):
        await worker.run(lambda _: 1 / 0)
    assert await worker.run(lambda _: "goes on") == "goes on"
    worker.close()


async def test_work_that_nobody_waits_for_is_told_and_what_has_not_begun_never_does(worker: Worker) -> None:
    begun, told, done = asyncio.Event(), threading.Event(), []
    loop = asyncio.get_running_loop()

    def long(wanted: Wanted) -> None:
        loop.call_soon_threadsafe(begun.set)
        while True:
            try:
                wanted.check()
            except Cancelled:
                told.set()
                raise

    first = asyncio.create_task(worker.run(long))
    second = asyncio.create_task(worker.run(lambda _: done.append(1)))
    await begun.wait()
    second.cancel()
    await asyncio.gather(second, return_exceptions=True)  # else the thread, once told, may be sooner than the loop
    first.cancel()
    await asyncio.gather(first, return_exceptions=True)
    await asyncio.to_thread(told.wait, 10)
    assert await worker.run(lambda _: done) == []
    worker.close()


async def test_closing_ends_what_is_under_way(worker: Worker) -> None:
    begun = asyncio.Event()
    loop = asyncio.get_running_loop()

    def long(wanted: Wanted) -> None:
        loop.call_soon_threadsafe(begun.set)
        while True:
            wanted.check()

    task = asyncio.create_task(worker.run(long))
    await begun.wait()
    worker.close()
    with pytest.raises(Cancelled):
        await task
