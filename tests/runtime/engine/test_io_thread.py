"""What the I/O thread adds: threads, loops that come and go, forks, the end of the process, log records."""

from __future__ import annotations

import asyncio
import io
import logging
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path
from uuid import uuid4

import pytest

from mog.engine import hand_over
from mog.engine.io_thread import ThreadPort
from mog.engine.records import Requeue
from mog.errors import NotConnected, StoreTooNew


def wait_until(condition, seconds=5.0):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "in vain"
        time.sleep(0.001)


def test_nothing_runs_before_the_first_use(thread_port, store):
    assert store.opened == 0
    thread_port.call_blocking("results.get", uuid4())
    assert store.threads == {"mog-io"}


def test_one_loop_after_the_other(thread_port, new_task):
    tasks = [new_task() for _ in range(3)]
    for task in tasks:
        asyncio.run(_create(thread_port, task))
    assert len(thread_port._callers) == 1  # closed loops are forgotten
    for task in tasks:
        assert thread_port.call_blocking("results.get", task.id) is not None


async def _create(port, task):
    await port.call("results.create", task.new())


def test_an_answer_for_a_closed_loop_is_dropped(thread_port, store):
    held = threading.Event()

    async def ask():
        store.on_call = lambda operation: held.wait(5) if operation == "results.get" else None
        thread_port.call("results.get", uuid4())

    thread_port.open_blocking()
    asyncio.run(ask())
    held.set()
    store.on_call = lambda _: None
    assert thread_port.call_blocking("results.get", uuid4()) is None


def test_a_waiter_whose_loop_was_closed_is_forgotten(thread_port, store, new_task):
    task = new_task()

    async def wait_and_be_cancelled():
        asyncio.ensure_future(thread_port.wait(task.id))  # noqa: RUF006 - asyncio.run cancels it
        while task.id not in store.watched:
            await asyncio.sleep(0.001)

    thread_port.call_blocking("results.create", task.new())
    asyncio.run(wait_and_be_cancelled())
    wait_until(lambda: not store.watched)


async def test_a_blocking_call_on_the_io_loop_is_refused(thread_port):
    async def deadlock(engine):
        thread_port.call_blocking("results.get", uuid4())

    with pytest.raises(RuntimeError, match="would never end"):
        await thread_port.run(deadlock)


def test_a_blocking_call_times_out(thread_port, store):
    thread_port.open_blocking()
    store.pauses["results.get"] = asyncio.Event()
    with pytest.raises(TimeoutError):
        thread_port.call_blocking("results.get", uuid4(), timeout=0.01)
    thread_port.ping(store.pauses["results.get"].set)


def test_open_errors_reach_a_blocking_caller(thread_port, store):
    store.errors["open"] = [StoreTooNew("newer")]
    with pytest.raises(StoreTooNew, match="newer"):
        thread_port.open_blocking()
    thread_port.open_blocking()


def test_the_factorys_error_reaches_the_caller(fake_engine):
    def broken():
        raise StoreTooNew("no such engine")

    port = ThreadPort(broken)
    with pytest.raises(StoreTooNew):
        port.call_blocking("results.get", uuid4())
    port.close_blocking()


async def test_calls_on_a_blocked_loop_set_out_with_flush(thread_port, store):
    await thread_port.open()
    call = thread_port.call("results.get", uuid4())
    flusher = threading.Thread(target=thread_port.flush)
    flusher.start()
    wait_until(lambda: store.sizes("results.get"))  # this thread never gives its loop a turn
    flusher.join()
    await call


async def test_calls_on_a_workers_blocked_loop_set_out_by_themselves(thread_port, store, new_task):
    """One task has ended, and the next blocks the loop before the first one's end is on its way."""
    consumption = await thread_port.consume(["tasks"], lambda _: None, lambda _: None)
    task = new_task()
    await thread_port.call("results.create", task.new())
    settle = thread_port.call("results.settle", task.outcome())
    consumption.grant(1)
    wait_until(lambda: store.sizes("results.settle") and thread_port.engine.broker.consumer.grants)
    await settle
    await consumption.stop()


async def test_what_a_blocked_loop_does_not_take_goes_back(thread_port, store, new_task, monkeypatch):
    monkeypatch.setattr(hand_over, "PATIENCE", 0.05)
    came = []
    consumption = await thread_port.consume(["tasks"], came.extend, lambda _: None)
    consumption.grant(3)
    consumer = thread_port.engine.broker.consumer
    wait_until(lambda: consumer.credit == 3)
    tasks = [new_task() for _ in range(4)]
    for task in tasks[:2]:
        thread_port.call_blocking("results.create", task.new())
    wait_until(lambda: len(store.requeued) == 2)  # this thread never gives its loop a turn
    assert store.requeued == [Requeue(task.id, attempt=1, refund=True) for task in tasks[:2]]
    wait_until(lambda: consumer.credit == 0)
    for task in tasks[2:]:
        thread_port.call_blocking("results.create", task.new())
    assert came == []
    async with asyncio.timeout(5):
        while len(came) < 2:
            await asyncio.sleep(0.001)
    assert [delivery.message.id for delivery in came] == [task.id for task in tasks[2:]]
    assert consumer.credit == 1, "the loop has its three slots back, and two are taken"
    await consumption.stop()


async def test_what_is_sent_sets_out_although_the_loop_is_blocked(thread_port, store):
    await thread_port.open()
    thread_port.send("state.set", (uuid4(), "a", b""))
    wait_until(lambda: store.sizes("state.set"))


def test_close_from_one_thread_while_others_call(fake_engine):
    port = ThreadPort(fake_engine)
    ends = []

    def call_until_closed():
        try:
            while True:
                port.call_blocking("results.get", uuid4(), timeout=10)
        except BaseException as error:  # noqa: BLE001 - looked at below
            ends.append(type(error))

    threads = [threading.Thread(target=call_until_closed) for _ in range(4)]
    for thread in threads:
        thread.start()
    port.open_blocking()
    port.close_blocking()
    for thread in threads:
        thread.join()
    assert ends == [NotConnected] * 4


def test_close_is_bounded_although_the_engine_blocks(thread_port, store):
    thread_port.open_blocking()
    let_go = threading.Event()
    store.on_call = lambda operation: let_go.wait(5)
    thread_port.send("results.get", uuid4())
    began = time.monotonic()
    thread_port.close_blocking(timeout=0.2)
    assert time.monotonic() - began < 2
    let_go.set()


def test_close_ends_the_thread(fake_engine):
    port = ThreadPort(fake_engine)
    port.open_blocking()
    thread = port._thread
    port.close_blocking()
    thread.join(1)
    assert not thread.is_alive()
    assert thread.host.loop.is_closed()


# -- log records


@pytest.fixture
def where_logged():
    """Threads on which handlers of logger `mog` ran, with the messages."""

    class Handler(logging.Handler):
        def emit(self, record):
            seen.append((threading.current_thread().name, record.getMessage()))

    seen = []
    handler = Handler()
    loggers = [logging.getLogger("mog"), logging.getLogger("mog.engine")]
    for logger in loggers:
        logger.addHandler(handler)
    yield seen
    for logger in loggers:
        logger.removeHandler(handler)


async def test_records_are_handled_on_the_loop_that_calls(thread_port, store, where_logged):
    await thread_port.open()
    store.on_call = lambda operation: logging.getLogger("mog.engine").warning("from %s", operation)
    await thread_port.call("results.get", uuid4())
    while len(where_logged) < 2:
        await asyncio.sleep(0.001)
    assert set(where_logged) == {(threading.current_thread().name, "from results.get")}
    assert store.threads == {"mog-io"}


def test_records_are_handled_at_the_next_blocking_call(thread_port, store, where_logged):
    thread_port.open_blocking()
    store.on_call = lambda operation: logging.getLogger("mog.engine").warning("from %s", operation)
    thread_port.send("results.get", uuid4())
    thread_port.call_blocking("state.get", (uuid4(), "a"))
    assert (threading.current_thread().name, "from results.get") in where_logged
    assert {thread for thread, _ in where_logged} == {threading.current_thread().name}


def test_records_for_a_closed_loop_come_at_close(fake_engine, store, where_logged):
    port = ThreadPort(fake_engine)
    asyncio.run(port.open())
    store.on_call = lambda operation: logging.getLogger("mog.engine").warning("late")
    port.send("results.get", uuid4())
    port.close_blocking()
    assert (threading.current_thread().name, "late") in where_logged


async def test_a_handler_that_blocks_holds_up_no_call(thread_port, store):
    """The I/O thread answers while this thread holds the handler's lock."""
    handler = logging.StreamHandler(io.StringIO())
    logger = logging.getLogger("mog.engine")
    logger.addHandler(handler)
    await thread_port.open()
    try:
        store.on_call = lambda operation: logger.warning("from %s", operation)
        with handler.lock:
            answered = threading.Event()
            thread_port.send("results.get", uuid4())
            thread_port.ping(answered.set)
            assert answered.wait(5)
    finally:
        logger.removeHandler(handler)


# -- processes

PRELUDE = """
import asyncio, importlib.util, logging, os, sys, threading, time, warnings
logging.getLogger("asyncio").setLevel(logging.ERROR)  # a loaded machine is slow, and debug mode says so
spec = importlib.util.spec_from_file_location("fakes", sys.argv[1])
fakes = importlib.util.module_from_spec(spec)
sys.modules["fakes"] = fakes
spec.loader.exec_module(fakes)
from uuid import uuid4
from mog.engine.io_thread import ThreadPort
store = fakes.FakeStore()
port = ThreadPort(lambda: fakes.FakeEngine(store))
task_id = uuid4()
"""


def run_program(body, *flags, timeout=20):
    conftest = str(Path(__file__).parents[1] / "conftest.py")
    program = PRELUDE + textwrap.dedent(body)
    return subprocess.run(
        [sys.executable, "-X", "dev", "-W", "error", *flags, "-c", program, conftest],
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )


def check_program(body, *flags):
    done = run_program(body, *flags)
    assert (done.returncode, done.stderr) == (0, ""), done
    return done.stdout


def test_the_end_of_a_process_flushes_without_close():
    out = check_program("""
        class Loud(dict):
            def __setitem__(self, key, value):
                print("stored", key[1], flush=True)
        store.state = Loud()
        port.open_blocking()
        port.send("state.set", (task_id, "a", b"1"))
    """)
    assert out == "stored a\n"


def test_the_end_of_a_process_is_bounded():
    began = time.monotonic()
    done = run_program("""
        port.open_blocking()
        store.on_call = lambda _: time.sleep(30)
        port.send("state.set", (task_id, "a", b"1"))
    """)
    assert done.returncode == 0, done
    assert time.monotonic() - began < 10


def test_an_unclosed_port_in_asyncio_run_ends_silently():
    check_program("""
        async def main():
            await port.call("results.get", task_id)
        asyncio.run(main())
        asyncio.run(main())
    """)


def test_a_forked_child_opens_for_itself():
    out = check_program("""
        warnings.simplefilter("ignore", DeprecationWarning)
        port.call_blocking("results.get", task_id)
        pid = os.fork()
        if pid == 0:
            port.call_blocking("results.get", task_id)
            print("child", store.opened, store.abandoned, flush=True)
            port.close_blocking()
            sys.exit(0)
        assert os.waitpid(pid, 0)[1] == 0
        for _ in range(100):
            port.call_blocking("results.get", task_id, 5)
        print("parent", store.opened, store.abandoned)
    """)
    assert out == "child 2 1\nparent 1 0\n"


def test_a_forked_child_of_a_busy_parent_does_not_hang():
    """Forks again and again while threads hold whatever locks there are."""
    check_program("""
        warnings.simplefilter("ignore", DeprecationWarning)
        ended = threading.Event()
        def busy():
            while not ended.is_set():
                port.call_blocking("results.get", task_id)
        threads = [threading.Thread(target=busy) for _ in range(3)]
        port.open_blocking()
        for thread in threads:
            thread.start()
        for _ in range(20):
            pid = os.fork()
            if pid == 0:
                port.call_blocking("results.get", task_id, 10)
                os._exit(0)
            assert os.waitpid(pid, 0)[1] == 0
        ended.set()
        for thread in threads:
            thread.join()
    """)


def test_a_fork_inside_a_running_loop():
    check_program("""
        warnings.simplefilter("ignore", DeprecationWarning)
        async def main():
            await port.call("results.get", task_id)
            pid = os.fork()
            if pid == 0:
                port.call_blocking("results.get", task_id, 10)
                port.close_blocking()
                os._exit(0)
            assert os.waitpid(pid, 0)[1] == 0
            await asyncio.wait_for(port.call("results.get", task_id), 5)
        asyncio.run(main())
    """)


def test_a_child_that_never_uses_the_port_ends_silently():
    check_program("""
        warnings.simplefilter("ignore", DeprecationWarning)
        port.open_blocking()
        pid = os.fork()
        if pid == 0:
            sys.exit(0)
        assert os.waitpid(pid, 0)[1] == 0
        port.call_blocking("results.get", task_id, 5)
    """)


def test_a_child_after_a_fork_in_preload_style_serves_loops():
    check_program("""
        warnings.simplefilter("ignore", DeprecationWarning)
        port.open_blocking()
        children = []
        for _ in range(3):
            pid = os.fork()
            if pid == 0:
                async def serve():
                    await asyncio.gather(*(port.call("results.get", task_id) for _ in range(50)))
                asyncio.run(serve())
                sys.exit(0)
            children.append(pid)
        assert [os.waitpid(pid, 0)[1] for pid in children] == [0, 0, 0]
    """)


def test_ctrl_c_in_a_blocking_call_leaves_a_port_that_works():
    check_program("""
        import logging, signal
        logging.disable()  # asyncio's debug mode tells of the slow call
        port.open_blocking()
        store.on_call = lambda operation: time.sleep(0.3) if operation == "results.find" else None
        threading.Timer(0.1, os.kill, (os.getpid(), signal.SIGINT)).start()
        try:
            port.call_blocking("results.find", fakes.Query())
        except KeyboardInterrupt:
            pass
        else:
            raise SystemExit("not interrupted")
        port.call_blocking("results.get", task_id, 5)
        port.close_blocking()
    """)
