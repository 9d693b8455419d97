"""Tasks that do what no task should: block the event loop, keep it busy, never return."""

from __future__ import annotations

import asyncio
import ctypes
import os
import time

from tests.chaos.tasks import app, noted

from mog import Context
from mog.engine.contracts import Engine

__all__ = ["app"]


@app.task(name="block.ping")
async def ping(context: Context) -> int:
    with noted(context):
        return os.getpid()


@app.task(name="block.sleep")
async def sleep(context: Context, seconds: float) -> int:
    """Block the loop in a call that lets other threads run; at the first attempt alone."""
    with noted(context):
        if context.attempt == 1:
            time.sleep(seconds)
        return os.getpid()


@app.task(name="block.spin")
async def spin(context: Context, seconds: float) -> int:
    """Block the loop in pure Python; at the first attempt alone."""
    with noted(context):
        until = time.monotonic() + seconds
        while context.attempt == 1 and time.monotonic() < until:
            pass
        return os.getpid()


@app.task(name="block.hold")
async def hold(context: Context, seconds: int) -> int:
    """Hold the interpreter lock, so that no thread of the process can run; at the first attempt alone."""
    with noted(context):
        if context.attempt == 1:
            ctypes.PyDLL(None).sleep(seconds)
        return os.getpid()


@app.task(name="block.busy")
async def busy(context: Context, seconds: float, burn: float) -> float:
    """Keep the loop busy with callbacks of ``burn`` seconds; return by how much the I/O thread came too late."""
    loop = asyncio.get_running_loop()
    end = time.monotonic() + seconds
    over = asyncio.Event()

    def callback() -> None:
        until = time.monotonic() + burn
        while (now := time.monotonic()) < until:
            pass
        if now < end:
            loop.call_soon(callback)
        else:
            over.set()

    async def watch(_engine: Engine) -> float:
        latest = 0.0
        while (due := time.monotonic() + 0.01) < end:
            await asyncio.sleep(0.01)
            latest = max(latest, time.monotonic() - due)
        return latest

    with noted(context):
        lateness = app.port().run(watch)
        loop.call_soon(callback)
        await over.wait()
        return await lateness
