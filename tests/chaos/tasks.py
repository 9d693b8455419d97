"""What a fleet under chaos works on. Each run tells a file where it begins and ends, whatever the store says."""

from __future__ import annotations

import asyncio
import ctypes
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from mog import App, Context, Pause
from mog.errors import CouldNotSubmit, EngineError

app = App(os.environ.get("CHAOS_APP", "chaos"))
"""The environment says which store, or servers, it is on."""

OUTAGES = {"retries": 100, "backoff": 0.5, "retry_on": (EngineError, CouldNotSubmit)}
"""Options of tasks that use the store while they run: they are worth another try once it is back."""


@cache
def _journal(pid: int) -> int:  # by process, so that a forked child writes through a descriptor of its own
    path = Path(os.environ["CHAOS_DIRECTORY"]) / "runs.log"
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o666)


def note(context: Context, event: str, detail: object = "-") -> None:
    """Append one line in one write: time, event, task, attempt, process, detail."""
    pid = os.getpid()
    line = f"{time.time():.6f} {event} {context.request.id} {context.attempt} {pid} {detail}\n"
    os.write(_journal(pid), line.encode())


@contextmanager
def noted(context: Context) -> Iterator[None]:
    """Note where a run begins and ends."""
    note(context, "start")
    try:
        yield
    finally:
        note(context, "end")


@app.task(name="chaos.noop")
async def noop(context: Context, index: int) -> int:
    with noted(context):
        return index


@app.task(name="chaos.sleep")
async def sleep(context: Context, index: int, seconds: float) -> int:
    with noted(context):
        await asyncio.sleep(seconds)
        return index


@app.task(name="chaos.thread")
def thread(context: Context, index: int, seconds: float) -> int:
    with noted(context):
        time.sleep(seconds)
        return index


@app.task(name="chaos.loop", **OUTAGES)
async def loop(context: Context, index: int, items: int, every: int) -> int:
    """A checkpointed loop that also counts its runs in State."""
    with noted(context):
        await context.state.set("runs", await context.state.get("runs", 0) + 1)
        async for item in context.checkpointed(range(items), every=every):
            await asyncio.sleep(0.002)
            note(context, "item", item)
        note(context, "runs", await context.state.get("runs", 0))
        return index


@app.task(name="chaos.pause", **OUTAGES)
async def pause(context: Context, index: int, times: int, delay: float) -> int:
    with noted(context):
        paused = await context.state.get("paused", 0)
        if paused < times:
            await context.state.set("paused", paused + 1)
            raise Pause(delay)
        return index


@app.task(name="chaos.fail")
async def fail(context: Context, index: int) -> None:
    with noted(context):
        raise ValueError(index)


@app.task(name="chaos.block")
async def block(context: Context, index: int, seconds: float) -> int:
    """Block the loop; at the first attempt alone."""
    with noted(context):
        if context.attempt == 1:
            time.sleep(seconds)
        return index


@app.task(name="chaos.hold")
async def hold(context: Context, index: int, seconds: int) -> int:
    """Hold the interpreter lock, so that no thread of the process can run; at the first attempt alone."""
    with noted(context):
        if context.attempt == 1:
            ctypes.PyDLL(None).sleep(seconds)
        return index
