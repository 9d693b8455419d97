"""Tasks for tests of a worker's life: they end when the test opens their gate, which is a file."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import subprocess
import sys
import time
from pathlib import Path

from tests.chaos.tasks import app, note, noted

from mog import Context

__all__ = ["app"]


def gate_is_open(gate: str) -> bool:
    return (Path(os.environ["CHAOS_DIRECTORY"]) / gate).exists()


@app.task(name="life.ping")
async def ping(context: Context) -> int:
    with noted(context):
        return os.getpid()


@app.task(name="life.wait")
async def wait(context: Context, gate: str) -> int:
    with noted(context):
        while not gate_is_open(gate):
            await asyncio.sleep(0.01)
        return os.getpid()


@app.task(name="life.wait_thread")
def wait_thread(context: Context, gate: str) -> int:
    with noted(context):
        while not gate_is_open(gate):
            time.sleep(0.01)
        return os.getpid()


@app.task(name="life.stubborn")
async def stubborn(context: Context, gate: str) -> int:
    """Wait for the gate whatever comes."""
    with noted(context):
        while not gate_is_open(gate):
            try:
                await asyncio.sleep(0.01)
            except asyncio.CancelledError:
                note(context, "cancelled")
        return os.getpid()


@app.task(name="life.loop")
async def loop(context: Context, gate: str) -> int:
    """Begin one item after the other until the gate opens; stops between two items when asked to."""
    with noted(context):
        async for _ in context.checkpointed(range(100_000)):
            if gate_is_open(gate):
                break
            await asyncio.sleep(0.01)
        return os.getpid()


@app.task(name="life.fork")
def fork(context: Context, how: str) -> int:
    """Leave a child process that outlives the worker; at the first attempt wait for ever."""
    with noted(context):
        if context.attempt > 1:
            return os.getpid()
        note(context, "child", FORKS[how]())
        while True:
            time.sleep(0.01)


def live_on() -> None:
    """Show that the child runs, and outlive the worker."""
    (Path(os.environ["CHAOS_DIRECTORY"]) / "child").touch()
    time.sleep(600)


def by_fork() -> int:
    child = os.fork()
    if child == 0:
        live_on()
        os._exit(0)
    return child


def by_multiprocessing() -> int | None:
    process = multiprocessing.get_context("fork").Process(target=live_on)
    process.start()
    return process.pid


def by_subprocess() -> int:
    return subprocess.Popen([sys.executable, "-c", "from tests.chaos.lives import live_on; live_on()"]).pid


def by_subprocess_with_all_files() -> int:
    return subprocess.Popen(["sh", "-c", 'touch "$CHAOS_DIRECTORY"/child; sleep 600'], close_fds=False).pid


FORKS = {
    "os.fork": by_fork,
    "multiprocessing": by_multiprocessing,
    "subprocess": by_subprocess,
    "subprocess that inherits files": by_subprocess_with_all_files,
}
