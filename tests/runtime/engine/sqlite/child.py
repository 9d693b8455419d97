"""Programs that tests run as processes of their own: ``python child.py PROGRAM DATABASE [ARGUMENT…]``.

They write one line for each thing that happened, and end when their standard input does, unless they say otherwise.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from uuid import uuid4

from mog.engine.contracts import Engine
from mog.engine.records import Delivery, Message, NewTask, Outcome, Record, StoredValue
from mog.engine.sqlite.engine import file_engine
from mog.errors import EngineError
from mog.states import ResultState


def say(*words: object) -> None:
    os.write(1, (" ".join(map(str, words)) + "\n").encode())  # in one piece: a fork must not copy half a line


async def until_told() -> str:
    return (await asyncio.to_thread(sys.stdin.readline)).strip()


def ended(delivery: Delivery) -> Outcome:
    return Outcome(delivery.message.id, delivery.attempt, ResultState.SUCCESS, StoredValue(b"1"), 1e6, 1e6)


async def opened(path: str) -> Engine:
    engine = file_engine(Path(path), clock=time.time, lock_timeout=20.0)
    await engine.open()
    return engine


async def hold(path: str, slots: str) -> None:
    """Take tasks, keep them until told, then settle them."""
    engine = await opened(path)
    taken: list[Delivery] = []

    def take(deliveries: Sequence[Delivery]) -> None:
        taken.extend(deliveries)
        for delivery in deliveries:
            say("took", delivery.message.id)

    consumer = await engine.broker.consume(["tasks"], take, lambda _: None)
    consumer.grant(int(slots))
    say("ready")
    await until_told()
    say("settled", *await engine.results.settle([ended(delivery) for delivery in taken]))
    await engine.close()


async def hold_with_offspring(path: str, slots: str) -> None:
    """Like hold, with a forked child and a started program that outlive this process."""
    forking = asyncio.get_running_loop().create_task(hold(path, slots))
    await asyncio.sleep(0.5)
    if os.fork() == 0:
        os.dup2(os.open(os.devnull, os.O_RDWR), 1)
        time.sleep(5)
        os._exit(0)
    nowhere = subprocess.DEVNULL
    subprocess.Popen([sys.executable, "-c", "import time; time.sleep(5)"], stdin=nowhere, stdout=nowhere)
    say("spawned")
    await forking


async def work(path: str, slots: str) -> None:
    """Take tasks and settle each batch after 10 ms, until told."""
    engine = await opened(path)
    loop = asyncio.get_running_loop()
    running: set[asyncio.Task[None]] = set()

    async def run(deliveries: Sequence[Delivery]) -> None:
        await asyncio.sleep(0.01)
        settled = await engine.results.settle([ended(delivery) for delivery in deliveries])
        for delivery, counts in zip(deliveries, settled, strict=True):
            if counts:
                say("done", delivery.message.id)
        consumer.grant(len(deliveries))

    def take(deliveries: Sequence[Delivery]) -> None:
        task = loop.create_task(run(deliveries))
        running.add(task)
        task.add_done_callback(running.discard)

    consumer = await engine.broker.consume(["tasks"], take, lambda _: None)
    consumer.grant(int(slots))
    say("ready")
    await until_told()
    await engine.close()


async def submit(path: str, count: str) -> None:
    """Open when told, submit tasks and say their ids."""
    say("ready")
    await until_told()
    engine = await opened(path)
    tasks = [NewTask(Record(id_), Message(id_, "tasks", 5, b"{}"), 1e6) for id_ in (uuid4() for _ in range(int(count)))]
    assert await engine.results.create(tasks) == [None] * len(tasks)
    for task in tasks:
        say("submitted", task.record.id)
    await engine.close()


async def keep_lock(path: str) -> None:
    """Hold the store's lock until told."""
    engine = await opened(path)
    database = engine.broker.store.database  # type: ignore[attr-defined]
    assert database.try_lock(wait=True)
    say("ready")
    await until_told()
    database.unlock()
    say("released")
    await until_told()
    await engine.close()


async def fork_and_write(path: str) -> None:
    """Open, fork, let the child write through an engine of its own, close here first."""
    engine = await opened(path)
    there, here = os.pipe()
    go, come = os.pipe()
    if os.fork() == 0:
        asyncio.run(_in_child(path, here, go))
        os._exit(0)
    os.read(there, 1)
    await engine.close()
    os.write(come, b"x")
    os.read(there, 1)
    say("done")
    os.wait()


async def _in_child(path: str, here: int, go: int) -> None:
    engine = await opened(path)
    os.write(here, b"x")
    os.read(go, 1)
    ids = [uuid4() for _ in range(100)]
    await engine.results.create([NewTask(Record(id_), Message(id_, "tasks", 5, b"{}"), 1e6) for id_ in ids])
    await engine.close()
    os.write(here, b"x")


async def fork_untold(path: str) -> None:
    """Open, fork as a program in C would, without a word to Python beforehand, and open again in the child."""
    import ctypes

    await opened(path)
    python = ctypes.pythonapi
    if ctypes.CDLL(None).fork() == 0:
        python.PyOS_AfterFork_Child()
        try:
            asyncio.run(_opened_in_child(path))
        finally:
            os._exit(0)
    os.wait()


async def _opened_in_child(path: str) -> None:
    try:
        await opened(path)
    except EngineError as error:
        say(type(error).__name__, error)


async def fork_often(path: str) -> None:
    """Fork while another thread writes; each child writes too, all through engines of their own."""
    import threading

    enough = threading.Event()
    writing = threading.Thread(target=lambda: asyncio.run(_write_until(path, enough)))
    writing.start()
    for _ in range(10):
        child = os.fork()
        if child == 0:
            try:
                asyncio.run(_write_one(path))
            finally:
                os._exit(0)
        os.waitpid(child, 0)
    enough.set()
    writing.join()


async def _write_until(path: str, enough: object) -> None:
    engine = await opened(path)
    while not enough.is_set():  # type: ignore[attr-defined]
        await _create_one(engine)
    await engine.close()


async def _write_one(path: str) -> None:
    engine = await opened(path)
    await _create_one(engine)
    await engine.close()


async def _create_one(engine: Engine) -> None:
    id_ = uuid4()
    assert await engine.results.create([NewTask(Record(id_), Message(id_, "tasks", 5, b"{}"), 1e6)]) == [None]
    say("submitted", id_)


async def lock_file(path: str) -> None:
    """Hold the lock file itself, as a stray program might."""
    with Path(path + "-lock").open("a+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        say("ready")
        await until_told()


if __name__ == "__main__":
    asyncio.run(globals()[sys.argv[1]](*sys.argv[2:]))
