"""The guard and the linter judge alike: of the same code, one that it blocks the loop, the other that it will."""

from __future__ import annotations

import ast
import asyncio
import importlib.util
import json
import os
import threading
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from mog.worker.alarm import LoopBlocked, Manner
from mog.worker.culprit import Snapshot
from mog_cli.guard_log import GuardLog
from mog_cli.worker_log import WorkerLog
from mog_lint.config import LintConfig
from mog_lint.engine import lint_paths

SOURCE = """
import concurrent.futures
import os
import queue
import socket
import sqlite3
import subprocess
import threading
import time
import urllib.request
from pathlib import Path

import httpx
import redis

LOCK = threading.Lock()
LOCK.acquire()
FIFO = Path(__file__).with_name("fifo")
SERVER = socket.create_server(("127.0.0.1", 0))  # nobody accepts, nobody answers
PORT = SERVER.getsockname()[1]
CLIENT = httpx.Client(timeout=0.3)
POOL = concurrent.futures.ThreadPoolExecutor()
DATABASE = Path(__file__).with_name("locked.db")
HOLDER = sqlite3.connect(DATABASE, check_same_thread=False)
HOLDER.execute("BEGIN EXCLUSIVE")


def open_fifo_later() -> None:
    threading.Timer(0.3, FIFO.write_text, ("x",)).start()


async def sleep() -> None:  # MOG201
    time.sleep(0.3)


async def command() -> None:  # MOG201
    subprocess.run(["sleep", "0.3"], check=True)


async def shell() -> None:  # MOG201
    os.system("sleep 0.3")


async def fetch() -> None:  # MOG201
    try:
        urllib.request.urlopen(f"http://127.0.0.1:{PORT}", timeout=0.3)
    except OSError:
        pass


async def client() -> None:  # MOG201
    try:
        CLIENT.get(f"http://127.0.0.1:{PORT}")
    except httpx.HTTPError:
        pass


async def cache() -> None:  # MOG201
    try:
        redis.Redis(port=PORT, socket_timeout=0.3, retry=None).get("x")
    except redis.RedisError:
        pass


async def database() -> None:  # MOG201
    connection = sqlite3.connect(DATABASE, timeout=0.3)
    try:
        connection.execute("BEGIN EXCLUSIVE")
    except sqlite3.Error:
        connection.close()


async def read() -> None:  # MOG202
    open_fifo_later()
    FIFO.read_text()


async def plain_open() -> None:  # MOG202
    open_fifo_later()
    with open(FIFO) as file:
        file.readline()


async def lock() -> None:  # MOG204
    LOCK.acquire(timeout=0.3)


async def event() -> None:  # MOG204
    threading.Event().wait(0.3)


async def jobs() -> None:  # MOG204
    try:
        queue.Queue().get(timeout=0.3)
    except queue.Empty:
        pass


async def future() -> None:  # MOG204
    POOL.submit(time.sleep, 0.3).result()


async def join() -> None:  # MOG204
    thread = threading.Thread(target=time.sleep, args=(0.3,))
    thread.start()
    thread.join()


def helper() -> None:
    time.sleep(0.3)


async def via_helper() -> None:  # MOG203
    helper()
"""
CASES = [
    (line.split()[2].removesuffix("()"), line.partition("# ")[2])
    for line in SOURCE.splitlines()
    if line.startswith("async def ")
]

each = pytest.mark.parametrize(("name", "rule"), CASES, ids=[name for name, _ in CASES])


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("blocking")
    (directory / "blocking.py").write_text(SOURCE)
    os.mkfifo(directory / "fifo")
    return directory


@pytest.fixture(scope="module")
def module(directory: Path) -> Iterator[ModuleType]:
    spec = importlib.util.spec_from_file_location("blocking", directory / "blocking.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    yield module
    module.SERVER.close()
    module.CLIENT.close()
    module.HOLDER.close()
    module.POOL.shutdown()


@pytest.fixture(scope="module")
def findings(directory: Path) -> dict[str, set[str]]:
    """The rules that the linter reports, by the function in whose lines it does."""
    functions = [node for node in ast.parse(SOURCE).body if isinstance(node, ast.AsyncFunctionDef)]
    rules: dict[str, set[str]] = {function.name: set() for function in functions}
    config = LintConfig(root=directory)
    for finding in lint_paths([directory / "blocking.py"], config, use_cache=False):
        for function in functions:
            if function.lineno <= finding.location.row <= (function.end_lineno or 0):
                rules[function.name].add(finding.code)
    return rules


@each
def test_linter_reports_the_rule(name: str, rule: str, findings: dict[str, set[str]]) -> None:
    assert rule in findings[name]


@each
async def test_guard_names_the_rule(
    name: str, rule: str, module: ModuleType, capfd: pytest.CaptureFixture[str]
) -> None:
    loop, thread, seen = asyncio.get_running_loop(), threading.get_ident(), []
    done = threading.Event()

    def look() -> None:
        while not done.wait(0.02):
            seen.append(Snapshot(loop, thread).culprit())

    looking = threading.Thread(target=look)
    looking.start()
    await getattr(module, name)()
    done.set()
    looking.join()
    capfd.readouterr()
    log = GuardLog(WorkerLog.of_format("json"))
    for culprit in seen:
        log.alarm(LoopBlocked(0.3, Manner.WAITS, culprit))
    told = [json.loads(line).get("rule") for line in capfd.readouterr().err.splitlines()]
    assert set(told) - {None} == {rule}
