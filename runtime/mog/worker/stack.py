"""The stack of another thread, as it was at one moment, and whose code each of its frames runs."""

from __future__ import annotations

import inspect
import os
import sys
from collections.abc import Collection, Iterator, Sequence
from itertools import takewhile
from pathlib import Path
from traceback import StackSummary
from types import FrameType
from typing import NamedTuple

PYTHON = f"{Path(os.__file__).parent}{os.sep}"
"""Where the standard library lies."""

LIBRARIES = tuple(f"{os.sep}{name}{os.sep}" for name in ("site-packages", "dist-packages"))
"""Parts of the paths of installed code."""

OURS = frozenset({"mog", "mog_cli"})
"""Packages that run between the loop and the user's code."""

LOOP = frozenset({"asyncio.events", "asyncio.base_events", "asyncio.runners", "uvloop", "mog.worker.run"})
"""Modules that run callbacks; what lies outside of their frames is the program that has started the loop."""

COROUTINE = inspect.CO_COROUTINE | inspect.CO_ASYNC_GENERATOR


class Spot(NamedTuple):
    """A frame, and where in its code the thread was: the frame itself goes on."""

    frame: FrameType
    line: int
    instruction: int

    @property
    def module(self) -> str:
        """The full name of its module."""
        return str(self.frame.f_globals.get("__name__"))

    @property
    def package(self) -> str:
        """The outermost package of its module."""
        return self.module.partition(".")[0]

    @property
    def is_installed(self) -> bool:
        """Whether a library runs; code without a file was made by code that has one."""
        file = self.frame.f_code.co_filename
        return file.startswith(("<", PYTHON)) or any(part in file for part in LIBRARIES)

    @property
    def is_coroutine(self) -> bool:
        """Whether it is the body of an ``async def``."""
        return bool(self.frame.f_code.co_flags & COROUTINE)

    @property
    def is_comprehension(self) -> bool:
        """Whether it is a comprehension, which up to Python 3.11 has a frame of its own, or a generator expression."""
        return self.frame.f_code.co_name.endswith(("comp>", "expr>"))

    def is_users(self, own: Collection[str]) -> bool:
        """Tell whether it runs the user's own code; packages in ``own`` are that wherever they are installed."""
        return self.package in own or not (self.is_installed or self.package in OURS)

    @property
    def is_third_partys(self) -> bool:
        """Whether a library runs that comes neither with Python nor with mog."""
        in_library = any(part in self.frame.f_code.co_filename for part in LIBRARIES)
        return in_library and self.package not in OURS


def stacks() -> dict[int, list[Spot]]:
    """Return the stacks of all threads, each up to the callback that its event loop has called, innermost first."""
    return {thread: _stack(frame) for thread, frame in sys._current_frames().items()}


def _stack(innermost: FrameType) -> list[Spot]:
    spots = (Spot(frame, frame.f_lineno or 0, frame.f_lasti) for frame in _outwards(innermost))
    return [*takewhile(lambda spot: spot.module not in LOOP, spots)]


def _outwards(frame: FrameType | None) -> Iterator[FrameType]:
    while frame is not None:
        yield frame
        frame = frame.f_back


def shown(spots: Sequence[Spot]) -> str:
    """Write a stack as Python does, the innermost frame last."""
    lines = [(spot.frame, spot.line) for spot in reversed(spots)]
    return "".join(StackSummary.extract(iter(lines)).format()).rstrip()
