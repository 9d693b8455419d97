"""Who blocks an event loop: read off the stack of its thread, from another thread, at one moment."""

from __future__ import annotations

import asyncio
import gc
import sys
import threading
from collections.abc import Collection, Sequence
from contextlib import suppress
from contextvars import Context
from pathlib import Path
from typing import NamedTuple

from mog.worker.call_names import names_of_calls
from mog.worker.current_run import Run, current_run
from mog.worker.stack import Spot, shown, stacks

SHOWN_FRAMES = 12
"""Frames that are shown where none of them is the user's."""


class Place(NamedTuple):
    """A line of code: path, line, qualified name of the function."""

    path: str
    line: int
    function: str

    def __str__(self) -> str:
        path = self.path
        with suppress(ValueError, OSError):  # it lies elsewhere, or the current directory is gone
            path = str(Path(path).relative_to(Path.cwd()))
        return f"{path}:{self.line} ({self.function})"


class Culprit(NamedTuple):
    """What was running on a loop.

    ``run`` is the task, ``activity`` says what else runs where it is none. ``place`` is the innermost line of the
    user's own code, or where there is none of a library's. ``names`` are the full names of the call in that line, the
    likeliest first, then those of what it calls in turn. ``in_helper`` tells that the line stands in a plain function,
    ``in_library`` that a library's code was running, not the line itself, ``in_thread`` that all this is on another
    thread than the loop's.
    """

    run: Run | None
    activity: str
    place: Place | None = None
    names: tuple[str, ...] = ()
    in_helper: bool = False
    in_library: bool = False
    in_thread: bool = False
    stack: str = ""

    @property
    def who(self) -> str:
        """The task as logs name it, else what runs in its place."""
        return self.activity if self.run is None else f"{self.run.name}[{self.run.id}]"


class Snapshot:
    """What all threads do at the moment of its making; ``thread`` runs ``loop``.

    To make one keeps the interpreter lock, so that nothing moves meanwhile; to judge one reads sources, and may not.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, thread: int) -> None:
        self._stacks = stacks()
        self._thread = thread
        self._run, self._activity = _task_of(loop)

    def culprit(self, own: Collection[str] = ()) -> Culprit:
        """Return who was at work on the loop. Packages in ``own`` are the user's, wherever they are installed."""
        return _judge(self._stacks.get(self._thread, []), self._run, self._activity, own)

    def lock_holder(self, own: Collection[str] = ()) -> Culprit:
        """Return who may have held the interpreter lock, if not the loop's thread: another that runs user code."""
        others = [
            spots for thread, spots in self._stacks.items() if thread not in (self._thread, threading.get_ident())
        ]
        found = [
            _judge(spots, _run_of(spots), "another thread", own)
            for spots in others
            if any(spot.is_users(own) for spot in spots)
        ]
        if len(found) == 1:
            return found[0]._replace(in_thread=True)
        stack = "\n".join(f"  {culprit.who}:\n{culprit.stack}" for culprit in found)
        activity = f"one of {len(found)} other threads" if found else "another thread"
        return Culprit(None, activity, in_thread=True, stack=stack)


def _judge(spots: Sequence[Spot], run: Run | None, activity: str, own: Collection[str]) -> Culprit:
    users = [index for index, spot in enumerate(spots) if spot.is_users(own)]
    blamed = users or [index for index, spot in enumerate(spots) if spot.is_third_partys]
    if not blamed:
        return Culprit(run, activity, stack=shown(spots[:SHOWN_FRAMES]))
    spot = spots[blamed[0]]
    function = next((outer for outer in spots[blamed[0] :] if not outer.is_comprehension), spot)
    code = spot.frame.f_code
    return Culprit(
        run,
        activity,
        place=Place(code.co_filename, spot.line, code.co_qualname),
        names=tuple(dict.fromkeys(names_of_calls(spots[: blamed[0] + 1]))),
        in_helper=not function.is_coroutine,
        in_library=blamed[0] > 0,
        stack=shown(spots[: blamed[-1] + 1]),
    )


def _run_of(spots: Sequence[Spot]) -> Run | None:
    """Return the `def` task that a thread runs, if it runs one."""
    for spot in spots:
        if spot.module == "mog.worker.attempt" and spot.frame.f_code.co_name == "in_this_thread":
            request = spot.frame.f_locals["context"].request
            return Run(request.id, request.name)
    return None


def _task_of(loop: asyncio.AbstractEventLoop) -> tuple[Run | None, str]:
    """Return the run to which the current task of the loop belongs, and what to call it if it belongs to none."""
    task = asyncio.current_task(loop)
    if task is None:
        return None, "a callback"
    context: Context | None
    if sys.version_info >= (3, 12):
        context = task.get_context()
    else:
        context = next((item for item in gc.get_referents(task) if isinstance(item, Context)), None)
    coroutine = getattr(task.get_coro(), "__qualname__", "?")
    return None if context is None else context.get(current_run), f"{task.get_name()} ({coroutine})"
