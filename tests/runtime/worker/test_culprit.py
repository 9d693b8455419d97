"""Who blocks a loop: seen from another thread while it really does."""

from __future__ import annotations

import asyncio
import ctypes
import os
import queue
import socket
import sqlite3
import subprocess
import sys
import threading
import time
import types
from collections import Counter
from collections.abc import Awaitable, Callable
from pathlib import Path
from uuid import uuid4

import pytest

from mog import App, Context
from mog.worker.culprit import Culprit, Place, Snapshot
from mog.worker.current_run import Run, current_run

SECONDS = 0.2
"""For which the loops here are blocked, so that there is time to look."""

SLEEP = time.sleep
LOCK = threading.Lock()


async def seen(work: Callable[[], Awaitable[object]], own: tuple[str, ...] = ()) -> Culprit:
    """Run ``work`` on this loop, and return what another thread sees most often meanwhile."""
    loop, thread = asyncio.get_running_loop(), threading.get_ident()
    return await watched(work, lambda: Snapshot(loop, thread).culprit(own))


async def watched(work: Callable[[], Awaitable[object]], look: Callable[[], Culprit]) -> Culprit:
    found: Counter[Culprit] = Counter()
    done = threading.Event()

    def keep_looking() -> None:
        while not done.wait(0.01):
            found[look()] += 1

    looking = threading.Thread(target=keep_looking)
    looking.start()
    try:
        await work()
    finally:
        done.set()
        looking.join()
    return found.most_common(1)[0][0]


LIBRARY = """
def nap(seconds):
    sleep(seconds)

class Client:
    def fetch(self, seconds):
        sleep(seconds)

class Session(Client): ...
"""


def library(file: str) -> types.ModuleType:
    """A module that seems to lie elsewhere."""
    module = types.ModuleType("lib")
    module.__dict__["sleep"] = SLEEP
    exec(compile(LIBRARY, file, "exec"), module.__dict__)
    return module


# -- which call


async def by_module() -> None:
    time.sleep(SECONDS)


async def by_name() -> None:
    SLEEP(SECONDS)


async def by_attribute_over_lines() -> None:
    (
        time
        .sleep(SECONDS)
    )  # fmt: skip


async def in_comprehension() -> None:
    [time.sleep(SECONDS) for _ in range(1)]


async def by_command() -> None:
    subprocess.run([sys.executable, "-c", f"import time; time.sleep({SECONDS})"], check=True)


async def by_lock() -> None:
    lock = threading.Lock()
    lock.acquire()
    lock.acquire(timeout=SECONDS)


async def by_with() -> None:
    LOCK.acquire()
    threading.Timer(SECONDS, LOCK.release).start()
    with LOCK:
        pass


class Jobs:
    def __init__(self) -> None:
        self.queue: queue.Queue[int] = queue.Queue()

    @property
    def untouched(self) -> socket.socket:
        raise AssertionError("looking ran the user's code")

    async def by_method_of_attribute(self) -> None:
        with pytest.raises(queue.Empty):
            self.queue.get(timeout=SECONDS)


async def by_database(directory: Path) -> None:
    file = directory / "x.db"
    other, own = sqlite3.connect(file), sqlite3.connect(file, timeout=SECONDS)
    other.execute("BEGIN EXCLUSIVE")
    with pytest.raises(sqlite3.OperationalError):
        own.execute("BEGIN EXCLUSIVE")
    other.close()
    own.close()


async def by_file(directory: Path) -> None:
    fifo = directory / "fifo"
    os.mkfifo(fifo)
    threading.Timer(SECONDS, fifo.write_text, ("x",)).start()
    fifo.read_text()


async def by_socket() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(SECONDS)
        with pytest.raises(TimeoutError):
            server.accept()


@pytest.mark.parametrize(
    ("work", "name"),
    [
        (by_module, "time.sleep"),
        (by_name, "time.sleep"),
        (by_command, "subprocess.run"),
        (by_lock, "_thread.lock.acquire"),
        (by_with, "_thread.lock.__enter__"),
        (Jobs().by_method_of_attribute, "queue.Queue.get"),
        (by_socket, "socket.socket.accept"),
        (in_comprehension, "time.sleep"),
    ],
)
async def test_call(work: Callable[[], Awaitable[None]], name: str) -> None:
    culprit = await seen(work)
    assert culprit.names[0] == name
    assert not culprit.in_helper
    assert culprit.place is not None
    assert culprit.place.path == __file__
    assert culprit.place.function.startswith(work.__qualname__)


@pytest.mark.parametrize(
    ("work", "name"), [(by_database, "sqlite3.Connection.execute"), (by_file, "pathlib.Path.read_text")]
)
async def test_call_of_an_object(work: Callable[[Path], Awaitable[None]], name: str, tmp_path: Path) -> None:
    culprit = await seen(lambda: work(tmp_path))
    assert name in {one.replace("pathlib._local", "pathlib") for one in culprit.names}


async def test_end_of_a_chain_over_lines_is_no_name() -> None:
    culprit = await seen(by_attribute_over_lines)
    assert culprit.names in ((), ("time.sleep",)), "the interpreter points at `sleep(…)` alone, up to 3.12"


async def test_call_of_what_a_call_returns_has_no_name() -> None:
    async def work() -> None:
        ctypes.CDLL(None).usleep(int(SECONDS * 1e6))

    culprit = await seen(work)
    assert culprit.names == ()
    assert "ctypes.CDLL(None).usleep" in culprit.stack


async def test_looking_runs_no_code_of_the_user() -> None:
    class Lazy:
        def __getattr__(self, name: str) -> object:
            if threading.current_thread() is not threading.main_thread():
                raise AssertionError("looking ran the user's code")
            return SLEEP

    lazy, jobs = Lazy(), Jobs()

    async def work() -> None:
        lazy.nap(SECONDS)

    async def property_() -> None:
        with pytest.raises(AssertionError):
            SLEEP(SECONDS), jobs.untouched.recv(1)

    assert (await seen(work)).names[0].endswith("Lazy.nap")
    assert (await seen(property_)).names == ("time.sleep",)


async def test_method_has_a_name_for_each_class() -> None:
    module = library("/x/site-packages/lib.py")

    async def work() -> None:
        module.Session().fetch(SECONDS)

    culprit = await seen(work)
    assert culprit.names == ("lib.Client.fetch", "lib.Session.fetch")
    assert culprit.in_library
    assert culprit.place is not None
    assert culprit.place.function.endswith("work")


# -- whose line


def helper() -> None:
    time.sleep(SECONDS)


async def test_line_in_a_helper() -> None:
    async def work() -> None:
        helper()

    culprit = await seen(work)
    assert culprit.in_helper
    assert culprit.place == Place(__file__, helper.__code__.co_firstlineno + 1, "helper")
    assert [line for line in culprit.stack.splitlines() if "helper()" in line]


@pytest.mark.parametrize(
    ("file", "own", "function"),
    [
        ("/srv/lib.py", (), "nap"),
        ("/srv/.venv/lib/python3/site-packages/lib.py", (), "test_whose_code_it_is.<locals>.work"),
        ("/srv/.venv/lib/python3/site-packages/lib.py", ("lib",), "nap"),
        ("/usr/lib/python3/dist-packages/lib.py", (), "test_whose_code_it_is.<locals>.work"),
        (str(Path(os.__file__).with_name("lib.py")), (), "test_whose_code_it_is.<locals>.work"),
        ("<string>", (), "test_whose_code_it_is.<locals>.work"),
    ],
)
async def test_whose_code_it_is(file: str, own: tuple[str, ...], function: str) -> None:
    module = library(file)

    async def work() -> None:
        module.nap(SECONDS)

    culprit = await seen(work, own)
    assert culprit.place is not None
    assert culprit.place.function == function
    assert culprit.in_library == (function != "nap")


async def test_librarys_own_callback() -> None:
    module = library("/x/site-packages/lib.py")

    async def work() -> None:
        asyncio.get_running_loop().call_soon(module.nap, SECONDS)
        await asyncio.sleep(0)

    culprit = await seen(work)
    assert (culprit.run, culprit.activity, culprit.who) == (None, "a callback", "a callback")
    assert culprit.place == Place("/x/site-packages/lib.py", 3, "nap")


async def test_thread_that_is_gone() -> None:
    culprit = Snapshot(asyncio.get_running_loop(), thread=-1).culprit()
    assert (culprit.place, culprit.names, culprit.stack) == (None, (), "")


def test_place_is_short_below_the_current_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = Place(str(tmp_path / "shop" / "pay.py"), 3, "pay")
    assert str(place) == f"{place.path}:3 (pay)"
    monkeypatch.chdir(tmp_path)
    assert str(place) == "shop/pay.py:3 (pay)"
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    assert str(place) == f"{place.path}:3 (pay)"
    monkeypatch.chdir("/")


# -- which task


async def test_run_of_a_task_is_known_in_all_that_it_starts() -> None:
    run = Run(uuid4(), "shop.pay")

    async def work() -> None:
        current_run.set(run)
        await asyncio.gather(by_module())

    culprit = await seen(lambda: asyncio.create_task(work()))
    assert culprit.run == run
    assert culprit.who == f"shop.pay[{run.id}]"


async def test_code_of_no_task() -> None:
    culprit = await seen(lambda: asyncio.create_task(by_module(), name="cleaner"))
    assert (culprit.run, culprit.who) == (None, "cleaner (by_module)")


# -- which thread


async def holder(work: Callable[[], Awaitable[object]], own: tuple[str, ...] = ()) -> Culprit:
    """Run ``work`` on this loop, and return who may hold the interpreter lock meanwhile, on another thread."""
    loop, thread = asyncio.get_running_loop(), threading.get_ident()
    return await watched(work, lambda: Snapshot(loop, thread).lock_holder(own))


async def test_thread_that_may_have_held_the_lock() -> None:
    culprit = await holder(lambda: asyncio.to_thread(time.sleep, SECONDS))
    assert (culprit.who, culprit.in_thread, culprit.place) == ("another thread", True, None), "none runs user code"
    culprit = await holder(lambda: asyncio.to_thread(helper))
    assert (culprit.who, culprit.in_thread) == ("another thread", True)
    assert culprit.place is not None
    assert culprit.place.function == "helper"
    assert culprit.names == ("time.sleep",)


async def test_threads_that_may_have_held_the_lock() -> None:
    culprit = await holder(lambda: asyncio.gather(*(asyncio.to_thread(helper) for _ in range(2))))
    assert (culprit.who, culprit.place) == ("one of 2 other threads", None)
    assert culprit.stack.count("in helper") == 2


async def test_def_task_that_may_have_held_the_lock() -> None:
    app = App("shop", broker="memory://")

    @app.task(name="shop.nap")
    def nap(context: Context) -> None:
        helper()

    async with app, app.worker():
        result = await app.submit("shop.nap")
        culprit = await holder(result.wait)
    assert culprit.who == f"shop.nap[{result.id}]"
