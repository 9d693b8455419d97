"""Source to libcst tree, without ever crashing.

libcst's parser recurses on the machine's stack. A thread with a large stack carries what CPython's parser accepts.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

import libcst as cst

from mog_lint.findings import Location
from mog_lint.model.source import TOO_DEEP, TOP, Problem, Source, syntax_problem

# 8 MiB, the usual stack, carries about 1,000 nested parentheses and 3,000 operators in a row.
STACK_BYTES = 256 * 1024 * 1024
_FINAL = (TOO_DEEP, "too many nested parentheses", "too many levels of indentation", "null bytes")
_PLACE = re.compile(r"error at (?P<row>\d+):(?P<column>\d+)")
NOT_LINTED = "valid Python, but libcst cannot parse it, so it is not linted"

_T = TypeVar("_T")


def parse(source: Source, data: bytes) -> cst.Module | Problem:
    """Parse the text of `data`. It is refused where CPython refuses it, unless libcst knows its newer syntax."""
    refused = syntax_problem(data)
    if refused is not None and any(reason in refused.message for reason in _FINAL):
        return refused
    try:
        return cst.parse_module(source.text)
    except cst.ParserSyntaxError as error:
        return refused or _unknown_to_libcst(error)
    except BaseException as error:
        # A panic in libcst's Rust code arrives as a BaseException of a class that cannot be imported.
        if type(error).__name__ != "PanicException":
            raise
        return refused or Problem(NOT_LINTED)


def _unknown_to_libcst(error: cst.ParserSyntaxError) -> Problem:
    """Report valid Python that libcst refuses. Its message tells the place; `raw_line` is one too high."""
    found = _PLACE.search(error.message)
    place = TOP if found is None else Location(int(found["row"]), int(found["column"]) + 1)
    return Problem(NOT_LINTED, place)


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
