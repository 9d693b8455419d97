"""Room for deep trees: libcst's parser recurses on the machine's stack, its code generator on Python's."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TypeVar

# 8 MiB, the usual stack, carries about 1,000 nested parentheses and 3,000 operators in a row.
STACK_BYTES = 256 * 1024 * 1024
RECURSION_LIMIT = 50_000  # frames of Python alone, which since 3.11 take none of the machine's stack

_T = TypeVar("_T")


def with_large_stack(work: Callable[[], _T]) -> _T:
    """Call `work` in a thread whose stack is large enough for deep trees, and return or raise what it does.

    Where the machine grants no such stack, `work` runs on the caller's.
    """
    outcome: list[_T] = []
    failure: list[BaseException] = []

    def run() -> None:
        try:
            outcome.append(work())
        except BaseException as error:  # noqa: BLE001 - carried over to the caller's thread
            failure.append(error)

    before = threading.stack_size()
    thread = threading.Thread(target=run, name="mog-lint", daemon=True)  # Ctrl-C need not wait for it
    try:
        threading.stack_size(STACK_BYTES)
        thread.start()
    except (RuntimeError, ValueError):
        return work()
    finally:
        with suppress(ValueError):
            threading.stack_size(before)
    thread.join()
    if failure:
        raise failure[0]
    return outcome[0]


@contextmanager
def deep_recursion() -> Iterator[None]:
    """Let Python code recurse as deep as a parsed tree: a chain of 300 `elif` exceeds the usual limit."""
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(max(before, RECURSION_LIMIT))
    try:
        yield
    finally:
        sys.setrecursionlimit(before)
