"""Where lines come from: a file, which can be read twice, or a stream, of which nobody knows how long it lasts."""

from __future__ import annotations

import asyncio
import os
import stat
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from itertools import islice
from typing import BinaryIO

from mog_cli.request_lines import Line

BATCH = 1000
"""Lines that are sent at once: what the runtime has on its way at most."""

CHUNK = 1 << 20
"""Bytes that are read from a stream at most before what they hold is sent."""


@contextmanager
def open_source(source: str) -> Iterator[BinaryIO]:
    """Open a file or, for ``-``, stdin."""
    with open(0 if source == "-" else source, "rb", closefd=source != "-") as file:
        yield file


def is_stream(file: BinaryIO) -> bool:
    """Tell whether the lines can be read only once: a pipe or a terminal, no file."""
    return not stat.S_ISREG(os.fstat(file.fileno()).st_mode)


def lines_of(file: BinaryIO) -> Iterator[list[Line]]:
    """Yield the lines of a file from its start, many at once."""
    file.seek(0)
    numbered = enumerate(file, 1)
    while batch := list(islice(numbered, BATCH)):
        yield batch


async def batches(file: BinaryIO) -> AsyncIterator[list[Line]]:
    """Yield the lines of a file or, as they come, of a stream."""
    if is_stream(file):
        async for batch in lines_of_stream(file.fileno()):
            yield batch
    else:
        for batch in lines_of(file):
            yield batch


async def lines_of_stream(descriptor: int) -> AsyncIterator[list[Line]]:
    """Yield the lines that a stream has ready, and wait for the next ones."""
    number, rest = 0, b""
    while chunk := await apart(lambda: os.read(descriptor, CHUNK)):
        *lines, rest = (rest + chunk).split(b"\n")
        for start in range(0, len(lines), BATCH):
            batch = list(enumerate(lines[start : start + BATCH], number + 1))
            number += len(batch)
            yield batch
    if rest:
        yield [(number + 1, rest)]


async def apart(read: Callable[[], bytes]) -> bytes:
    """Return what ``read`` returns, in a thread that nobody waits for at the end: a stream may never say more."""
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[bytes] = loop.create_future()

    def tell(content: bytes, error: OSError | None) -> None:
        if answer.done():
            return
        if error is None:
            answer.set_result(content)
        else:
            answer.set_exception(error)

    def work() -> None:
        content, failure = b"", None
        try:
            content = read()
        except OSError as error:
            failure = error
        if not loop.is_closed():
            loop.call_soon_threadsafe(tell, content, failure)

    threading.Thread(target=work, name="mog-lines", daemon=True).start()
    return await answer
