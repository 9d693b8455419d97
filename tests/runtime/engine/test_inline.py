"""Where an inline engine lives, and when it moves."""

from __future__ import annotations

import asyncio
import os
import threading
import time
from uuid import uuid4

import pytest

from mog.engine.inline import InlinePort
from mog.engine.records import Query
from mog.errors import NotConnected
from mog.states import ResultState


@pytest.fixture
def inline_port(fake_engine):
    port = InlinePort(fake_engine)
    yield port
    port.close_blocking()


async def test_it_runs_on_the_callers_loop(inline_port, store):
    await inline_port.call("results.get", uuid4())
    assert store.threads == {threading.current_thread().name}
    await inline_port.close()


def test_one_loop_after_the_other(inline_port, store, new_task):
    async def create(task):
        await inline_port.call("results.create", task.new())

    tasks = [new_task() for _ in range(3)]
    for task in tasks:
        asyncio.run(create(task))
    assert store.records.keys() == {task.id for task in tasks}
    assert store.abandoned == 2


def test_a_program_without_a_loop(inline_port, store, new_task):
    task = new_task()
    inline_port.call_blocking("results.create", task.new())
    inline_port.send("results.settle", task.outcome())
    assert inline_port.wait_blocking(task.id, 5).state == ResultState.SUCCESS
    other = new_task()
    inline_port.call_blocking("results.create", other.new())
    with pytest.raises(TimeoutError):
        inline_port.wait_blocking(other.id, 0.01)
    assert store.opened == 1


def test_first_blocking_then_on_a_loop_then_blocking(inline_port, store, new_task):
    async def wait(task):
        inline_port.send("results.settle", task.outcome())
        return await inline_port.wait(task.id)

    task = new_task()
    inline_port.call_blocking("results.create", task.new())
    assert asyncio.run(wait(task)).state == ResultState.SUCCESS
    assert inline_port.call_blocking("results.get", task.id).state == ResultState.SUCCESS
    assert store.threads == {"mog-io"}  # where there was no loop at first, there is a thread


def test_threads_without_a_loop_take_turns(inline_port, store, new_task):
    def submit(tasks):
        for task in tasks:
            inline_port.call_blocking("results.create", task.new(), timeout=10)

    tasks = [new_task() for _ in range(40)]
    threads = [threading.Thread(target=submit, args=(tasks[n::4],)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert store.records.keys() == {task.id for task in tasks}
    assert store.opened == 1


async def test_a_blocking_call_on_its_loop_is_refused(inline_port):
    await inline_port.open()
    with pytest.raises(RuntimeError, match="would never end"):
        inline_port.call_blocking("results.get", uuid4())
    await inline_port.close()


def test_it_is_closed_from_another_thread_although_its_loop_hangs(inline_port):
    blocked, let_go = threading.Event(), threading.Event()

    async def hang():
        await inline_port.open()
        blocked.set()
        let_go.wait(5)

    thread = threading.Thread(target=asyncio.run, args=(hang(),))
    thread.start()
    blocked.wait(5)
    began = time.monotonic()
    inline_port.close_blocking(timeout=0.1)
    assert time.monotonic() - began < 2
    let_go.set()
    thread.join()


def test_closed_before_its_first_use(fake_engine):
    port = InlinePort(fake_engine)
    port.close_blocking()
    with pytest.raises(NotConnected):
        port.call_blocking("results.get", uuid4())


def test_blocking_calls_run_an_idle_loop(inline_port, store, new_task):
    """As in a synchronous test, whose loop has opened the app and stands idle."""
    loop = asyncio.new_event_loop()
    loop.run_until_complete(inline_port.open())
    tasks = [new_task() for _ in range(20)]

    def submit(tasks):
        for task in tasks:
            inline_port.call_blocking("results.create", task.new(), timeout=10)

    threads = [threading.Thread(target=submit, args=(tasks[n::4],)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert store.records.keys() == {task.id for task in tasks}
    store.pauses["results.find"] = asyncio.Event()
    with pytest.raises(TimeoutError):
        inline_port.call_blocking("results.find", Query(), timeout=0.01)
    store.pauses["results.find"].set()
    loop.run_until_complete(inline_port.close())
    loop.close()
    assert (store.opened, store.closed) == (1, 1)


def test_who_waits_on_another_loop_hears_when_the_engines_loop_is_closed(inline_port, store):
    opened, asked, ended = threading.Event(), threading.Event(), threading.Event()

    async def host():
        await inline_port.open()
        store.pauses["results.find"] = asyncio.Event()
        opened.set()
        while not store.sizes("results.find"):
            await asyncio.sleep(0.001)

    async def guest():
        call = inline_port.call("results.find", Query())
        asked.set()
        await asyncio.to_thread(ended.wait, 5)
        inline_port.call("results.get", uuid4())  # moves the engine here
        with pytest.raises(NotConnected):
            await asyncio.wait_for(call, 5)
        await inline_port.close()

    def run_host():
        loop = asyncio.new_event_loop()
        loop.run_until_complete(host())
        for task in asyncio.all_tasks(loop):
            task._log_destroy_pending = False
        loop.close()
        ended.set()

    thread = threading.Thread(target=run_host)
    thread.start()
    opened.wait(5)
    asyncio.run(guest(), debug=False)
    thread.join()


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
async def test_a_forked_child_begins_anew(inline_port, store):
    await inline_port.open()
    pid = os.fork()
    if pid == 0:
        try:
            os._exit(0 if store.abandoned == 1 and inline_port._host is None else 1)
        finally:
            os._exit(2)
    assert os.waitpid(pid, 0)[1] == 0
    await inline_port.call("results.get", uuid4())
    await inline_port.close()
