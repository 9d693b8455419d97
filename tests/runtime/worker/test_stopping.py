from __future__ import annotations

import asyncio
import threading
import time

from mog.worker.stopping import Stopping


async def test_who_waits_is_woken_from_another_thread():
    stopping = Stopping()
    waits = [asyncio.ensure_future(stopping.wait()) for _ in range(3)]
    await asyncio.sleep(0)
    assert not stopping.is_set()
    await asyncio.to_thread(stopping.set)
    await asyncio.wait_for(asyncio.gather(*waits), 5)
    assert stopping.is_set()
    await stopping.wait()
    assert not stopping._waiters


async def test_it_is_seen_at_once_although_the_loop_is_blocked():
    stopping = Stopping()
    thread = threading.Thread(target=stopping.set)
    thread.start()
    deadline = time.monotonic() + 5
    while not stopping.is_set():  # this thread never gives its loop a turn
        assert time.monotonic() < deadline
    thread.join()


def test_a_thread_waits():
    stopping = Stopping()
    assert stopping.wait_blocking(0.001) is False
    thread = threading.Thread(target=stopping.set)
    thread.start()
    assert stopping.wait_blocking(5) is True
    thread.join()


async def test_a_cancelled_wait_leaves_nothing():
    stopping = Stopping()
    wait = asyncio.ensure_future(stopping.wait())
    await asyncio.sleep(0)
    wait.cancel()
    await asyncio.wait([wait])
    assert not stopping._waiters
    stopping.set()
    stopping.set()


def test_a_waiter_whose_loop_is_closed_does_no_harm():
    stopping = Stopping()
    loop = asyncio.new_event_loop()
    wait = stopping.wait()
    loop.call_soon(loop.stop)
    task = loop.create_task(wait)
    loop.run_forever()
    loop.close()
    stopping.set()
    task._log_destroy_pending = False
    assert stopping.is_set()
    assert len(stopping._waiters) == 1


async def test_set_between_the_look_and_the_wait_is_not_missed():
    """Sets it from other threads while waits begin, again and again."""
    for _ in range(200):
        stopping = Stopping()
        thread = threading.Thread(target=stopping.set)
        thread.start()
        await asyncio.wait_for(stopping.wait(), 5)
        thread.join()
