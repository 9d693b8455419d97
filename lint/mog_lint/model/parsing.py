"""Source to libcst tree, without ever crashing.

libcst's parser recurses on the machine's stack, so this runs where the stack is large (`stack`): it then carries what
CPython's parser accepts.
"""

from __future__ import annotations

import re

import libcst as cst

from mog_lint.findings import Location
from mog_lint.model.source import TOO_DEEP, TOP, Problem, Source, syntax_problem

_FINAL = (
    TOO_DEEP,
    "too many nested parentheses",
    "too many nested f-strings",
    "too many levels of indentation",
    "null bytes",
)
_PLACE = re.compile(r"error at (?P<row>\d+):(?P<column>\d+)")
NOT_LINTED = "valid Python, but libcst cannot parse it, so it is not linted"


def parse(source: Source, data: bytes) -> cst.Module | Problem:
    """Parse the text of `data`. It is refused where CPython refuses it, unless libcst knows its newer syntax."""
    refused = syntax_problem(data)
    if refused is not None and any(reason in refused.message for reason in _FINAL):
        return refused
    tree = attempt(source.text)
    if isinstance(tree, cst.Module):
        return tree
    return refused or (Problem(NOT_LINTED) if tree is None else _unknown_to_libcst(tree))


def attempt(text: str) -> cst.Module | cst.ParserSyntaxError | None:
    """Return the tree of a text, libcst's words against it, or None where it fails without any."""
    try:
        return cst.parse_module(text)
    except cst.ParserSyntaxError as error:
        return error
    except cst.CSTValidationError:
        return None
    except BaseException as error:
        # A panic in libcst's Rust code arrives as a BaseException of a class that cannot be imported.
        if type(error).__name__ != "PanicException":
            raise
        return None


def trust_the_parser() -> None:
    """Have libcst's nodes not check themselves when they are made, for the rest of this process.

    What its parser makes is right, and the checks take a seventh of its time, a twelfth of a whole run's. Whoever makes
    nodes wants them, and they do not come back: this is for processes of our own, worker processes and `mog lsp`, never
    for a library's caller.
    """
    cst.CSTNode.__post_init__ = _no_check  # type: ignore[method-assign]  # libcst has no switch for its checks


def _no_check(self: cst.CSTNode) -> None:
    """Take a node as it is."""


def _unknown_to_libcst(error: cst.ParserSyntaxError) -> Problem:
    """Report valid Python that libcst refuses. Its message tells the place; `raw_line` is one too high."""
    found = _PLACE.search(error.message)
    place = TOP if found is None else Location(int(found["row"]), int(found["column"]) + 1)
    return Problem(NOT_LINTED, place)
