"""User code at its worst. Each task is one horror; the worker that runs it is to live on."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import string
import sys
import threading
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any, NoReturn

from tests.chaos.tasks import app, noted

from mog import Context, Pause

__all__ = ["RAISED", "app"]


class Own(BaseException):
    """An error outside the tree of Exception."""


class Unspeakable(Exception):
    """An error that cannot be told."""

    def __str__(self) -> str:
        raise ValueError("no text")

    __repr__ = __str__


def recurse() -> NoReturn:
    recurse()


def throw(error: BaseException) -> NoReturn:
    raise error


RAISED: dict[str, Callable[[], NoReturn]] = {
    "SystemExit": lambda: sys.exit(3),
    "KeyboardInterrupt": lambda: throw(KeyboardInterrupt()),
    "CancelledError": lambda: throw(asyncio.CancelledError()),
    "StopIteration": lambda: throw(StopIteration(1)),
    "StopAsyncIteration": lambda: throw(StopAsyncIteration()),
    "GeneratorExit": lambda: throw(GeneratorExit()),
    "Own": lambda: throw(Own("x")),
    "Unspeakable": lambda: throw(Unspeakable()),
    "RecursionError": recurse,
    "MemoryError": lambda: throw(MemoryError()),
    "ExceptionGroup": lambda: throw(ExceptionGroup("mixed", [Pause(), ValueError("v")])),
    "BaseExceptionGroup": lambda: throw(BaseExceptionGroup("hard", [KeyboardInterrupt(), SystemExit()])),
}


@app.task(name="horror.ping")
async def ping(context: Context) -> int:
    with noted(context):
        return os.getpid()


@app.task(name="horror.raise_async")
async def raise_async(context: Context, kind: str) -> None:
    with noted(context):
        RAISED[kind]()


@app.task(name="horror.raise_def")
def raise_def(context: Context, kind: str) -> None:
    with noted(context):
        RAISED[kind]()


# What cannot be stored


@app.task(name="horror.unserialisable")
async def unserialisable(context: Context) -> Any:
    return object()


@app.task(name="horror.huge")
async def huge(context: Context) -> str:
    return "".join(random.choices(string.printable, k=2 * 1024 * 1024))


@app.task(name="horror.coroutine")
async def coroutine(context: Context) -> Any:
    return asyncio.sleep(0)


@app.task(name="horror.async_generator")
async def async_generator(context: Context) -> Any:
    async def numbers() -> AsyncIterator[int]:
        yield 1

    return numbers()


# What is left behind

_kept: set[Any] = set()


@app.task(name="horror.background")
async def background(context: Context) -> str:
    """Leave tasks behind: one for ever, one that fails."""

    async def fail() -> None:
        raise ValueError("nobody awaits me")

    _kept.update({asyncio.create_task(asyncio.sleep(3600)), asyncio.create_task(fail())})
    return "left"


@app.task(name="horror.background_exit")
async def background_exit(context: Context) -> str:
    """Leave a task behind that wants to end the program."""

    async def leave() -> None:
        sys.exit(3)

    _kept.add(asyncio.create_task(leave()))
    return "left"


@app.task(name="horror.background_thread")
async def background_thread(context: Context) -> str:
    """Leave a call in the executor behind, and a thread that nobody joins."""
    _kept.add(asyncio.ensure_future(asyncio.to_thread(time.sleep, 3600)))
    threading.Thread(target=time.sleep, args=(3600,)).start()
    return "left"


@app.task(name="horror.stubborn")
async def stubborn(context: Context) -> str:
    """Leave a task behind that swallows each cancellation."""

    async def stay() -> NoReturn:
        while True:
            try:
                await asyncio.sleep(3600)
            except asyncio.CancelledError:
                continue

    _kept.add(asyncio.create_task(stay()))
    return "left"


# What touches the process


@app.task(name="horror.print")
def print_much(context: Context) -> None:
    print("x" * 100_000)
    print("\udcff", file=sys.stderr)


@app.task(name="horror.close_stdout")
async def close_stdout(context: Context) -> None:
    sys.stdout.close()
    os.close(1)


@app.task(name="horror.chdir")
async def chdir(context: Context) -> None:
    elsewhere = Path(os.environ["CHAOS_DIRECTORY"]) / "elsewhere"
    elsewhere.mkdir(exist_ok=True)
    os.chdir(elsewhere)
    elsewhere.rmdir()


@app.task(name="horror.block_signals")
async def block_signals(context: Context) -> None:
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGINT})


@app.task(name="horror.take_signals")
async def take_signals(context: Context) -> None:
    """Take the loop's way to handle a signal, as many programs do."""
    asyncio.get_running_loop().add_signal_handler(signal.SIGUSR1, print)


@app.task(name="horror.os_exit")
async def os_exit(context: Context) -> None:
    with noted(context):
        os._exit(1)


@app.task(name="horror.stop_loop")
async def stop_loop(context: Context) -> str:
    asyncio.get_running_loop().stop()
    return "stopped"


# What plays with asyncio


@app.task(name="horror.cancel_self")
async def cancel_self(context: Context) -> None:
    current = asyncio.current_task()
    assert current is not None
    current.cancel()
    await asyncio.sleep(0)


@app.task(name="horror.cancel_self_and_return")
async def cancel_self_and_return(context: Context) -> str:
    current = asyncio.current_task()
    assert current is not None
    current.cancel()
    return "returned"


@app.task(name="horror.cancel_all")
async def cancel_all(context: Context) -> str:
    """Cancel every task of the loop, the worker's own among them."""
    for task in asyncio.all_tasks() - {asyncio.current_task()}:
        task.cancel()
    return "cancelled"


@app.task(name="horror.run_in_def")
def run_in_def(context: Context) -> str:
    return asyncio.run(asyncio.sleep(0.01, "ran"))


@app.task(name="horror.run_in_async")
async def run_in_async(context: Context) -> None:
    asyncio.run(asyncio.sleep(0))


@app.task(name="horror.grouped_pause")
async def grouped_pause(context: Context) -> int:
    if context.attempt == 1:
        async with asyncio.TaskGroup() as group:
            for delay in (0.0, 0.05, None):
                group.create_task(raise_pause(delay))
    return context.attempt


async def raise_pause(delay: float | None) -> NoReturn:
    raise Pause(delay)


@app.task(name="horror.nested_pause")
def nested_pause(context: Context) -> int:
    if context.attempt == 1:
        raise ExceptionGroup("outer", [ExceptionGroup("inner", [Pause()]), Pause(0.01)])
    return context.attempt
