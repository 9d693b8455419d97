"""What a guard tells of a blocked event loop, and how it is written.

It is told on the guard's own thread. It is written to file descriptor 2 itself: a lock of ``sys.stderr`` or of a
logging handler may be what the loop's thread waits for, or holds.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from enum import StrEnum
from typing import NamedTuple

from mog.worker.culprit import Culprit


class Manner(StrEnum):
    """How a loop's thread blocks it."""

    WAITS = "waits"
    COMPUTES = "computes"
    HOLDS_LOCK = "holds the interpreter lock"
    """It computes, and no other thread could run meanwhile: one regular expression, or one call of a C extension."""
    STANDS_STILL = "stands still"
    """No thread of the process could run, and none computed."""
    BLOCKS = "blocks"
    """There is no telling."""


class LoopBlocked(NamedTuple):
    """An event loop has not moved for ``seconds``. ``unready`` tells that its worker is not ready any more."""

    seconds: float
    manner: Manner
    culprit: Culprit
    unready: bool = False

    @property
    def calls(self) -> tuple[str, ...]:
        """The full names of the call that takes so long; what a line of code that computes calls just now need not."""
        return self.culprit.names if self.manner is not Manner.COMPUTES or self.culprit.in_library else ()

    def with_call(self, name: str) -> LoopBlocked:
        """Return the same with another name for the call."""
        return self._replace(culprit=self.culprit._replace(names=(name,)))

    @property
    def text(self) -> str:
        """The news in one line."""
        call = f" in {self.calls[0]}" if self.calls else ""
        where = "" if self.culprit.place is None else f" at {self.culprit.place}"
        unready = ", so this worker is not ready any more" if self.unready else ""
        return (
            f"the event loop has been blocked for {self.seconds:.1f} s{unready}: "
            f"{self.culprit.who} {self.manner}{call}{where}"
        )


class LoopFreed(NamedTuple):
    """An event loop moves again, after ``seconds``. Without ``blocked`` no thread got to see who had blocked it."""

    seconds: float
    blocked: LoopBlocked | None

    @property
    def text(self) -> str:
        """The news in one line."""
        free = f"the event loop moves again, after {self.seconds:.1f} s"
        if self.blocked is None:
            return f"{free}; who had blocked it was not seen"
        culprit = self.blocked.culprit
        return f"{free}: {culprit.who}" + ("" if culprit.place is None else f" at {culprit.place}")


Alarm = Callable[[LoopBlocked | LoopFreed], None]
"""Takes the news on the guard's thread. It must neither run user code nor wait for a lock of another thread."""


def remedy(manner: Manner) -> str | None:
    """Say what to do about a loop that is blocked so, or what may be the matter; None where the call says enough."""
    match manner:
        case Manner.COMPUTES:
            return "what computes belongs into a `def` task, or asyncio.to_thread"
        case Manner.HOLDS_LOCK:
            return "no thread of this process could run; compute in another process, or in smaller steps"
        case Manner.STANDS_STILL:
            return (
                "no thread of this process could run: it was stopped, or a call waits that holds the interpreter lock, "
                "or the machine sleeps or has too much to do"
            )
        case _:
            return None


def write_alarm(news: LoopBlocked | LoopFreed) -> None:
    """Write the news to file descriptor 2; of a loop that is blocked, the stack and what to do as well."""
    lines = [f"mog: {news.text}"]
    if isinstance(news, LoopBlocked):
        todo = remedy(news.manner)
        lines += filter(None, [news.culprit.stack, f"  {todo}" if todo else ""])
    write_urgently("\n".join(lines))


def write_urgently(text: str) -> None:
    """Write a text and a line's end to file descriptor 2, past all buffers and locks."""
    with suppress(OSError):  # nobody reads it
        os.write(2, f"{text}\n".encode("utf-8", "backslashreplace"))
