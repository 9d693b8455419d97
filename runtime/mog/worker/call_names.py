"""The full names of what a stack calls, read off its frames, the source, and the classes of the objects concerned.

Nothing here runs user code, waits for a lock or imports: any of them may be what blocks.
"""

from __future__ import annotations

import ast
import builtins
import dis
import inspect
import linecache
import re
from collections.abc import Iterator, Sequence
from itertools import islice
from types import BuiltinFunctionType, FunctionType, ModuleType
from typing import Any

from mog.worker.stack import Spot

ENTERED = re.compile(r"(?:with\s+)?([^\W\d]\w*(?:\.[^\W\d]\w*)*)")
"""What `with` enters, if it has a dotted name; up to Python 3.12 the interpreter points at the whole statement."""

NOWHERE = (None, None, None, None)


def names_of_calls(spots: Sequence[Spot]) -> Iterator[str]:
    """Yield the names of what the outermost of the spots calls, then of what that calls, and so on.

    A method has a name for each class that its object is of. ``spots`` begin with the innermost.
    """
    for spot in reversed(spots[:-1]):
        yield from _names_of_frame(spot)
    yield from _names_of_call(spots[0])


def _names_of_frame(spot: Spot) -> Iterator[str]:
    code = spot.frame.f_code
    yield f"{spot.module}.{code.co_qualname}"
    if code.co_argcount and "." in code.co_qualname:
        yield from _names_of_member(spot.frame.f_locals.get(code.co_varnames[0]), code.co_name)


def _names_of_call(spot: Spot) -> Iterator[str]:
    """Yield the names of what is called just now; functions in C have no frame."""
    operation = dis.opname[spot.frame.f_code.co_code[spot.instruction]] if spot.instruction >= 0 else ""
    if operation.startswith("CALL"):
        owner, _, name = _called(_source(spot)).rpartition(".")
        if not owner and name:
            yield from _full_name(_value(spot, name))
    else:
        entered = ENTERED.match(_source(spot)) if operation.startswith("BEFORE_WITH") else None
        owner, name = "" if entered is None else entered[1], "__enter__"
    if owner:
        yield from _names_of_member(_value(spot, owner), name)


def _source(spot: Spot) -> str:
    """Return the source of what is done just now, "" where it is not known."""
    code = spot.frame.f_code
    instruction = islice(code.co_positions(), max(spot.instruction, 0) // 2, None)  # one for each two bytes of code
    first, last, begin, end = next(instruction, NOWHERE)
    if first is None or last is None or begin is None or end is None:
        return ""
    lines = [linecache.getline(code.co_filename, line).encode() for line in range(first, last + 1)]
    if lines[0][:begin].rstrip().endswith(b"."):  # the end of a chain over several lines
        return ""
    lines[-1] = lines[-1][:end]
    lines[0] = lines[0][begin:]
    return b"".join(lines).decode("utf-8", "replace")


def _called(source: str) -> str:
    """Return the dotted name of what an expression calls, "" if it is no call or calls what has no name."""
    try:
        expression = ast.parse(f"({source})", mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return ""
    function = ast.unparse(expression.func) if isinstance(expression, ast.Call) else ""
    return function if all(part.isidentifier() for part in function.split(".")) else ""


def _value(spot: Spot, dotted: str) -> Any:
    """Return what a dotted name stands for, None where looking would run code."""
    first, *attributes = dotted.split(".")
    scopes = (spot.frame.f_locals, spot.frame.f_globals, spot.frame.f_builtins)
    value = next((names[first] for names in scopes if first in names), None)
    for attribute in attributes:
        value = inspect.getattr_static(value, attribute, None)
        if hasattr(type(value), "__get__") and not isinstance(value, FunctionType | type):
            return None
    return value


def _names_of_member(owner: Any, name: str) -> Iterator[str]:
    if isinstance(owner, ModuleType):
        yield f"{owner.__name__}.{name}"
        yield from _full_name(vars(owner).get(name))
    elif owner is not None:
        for kind in (owner if isinstance(owner, type) else type(owner)).__mro__[:-1]:
            yield f"{kind.__module__}.{kind.__qualname__}.{name}"


def _full_name(function: Any) -> Iterator[str]:
    name = getattr(function, "__name__", None) if isinstance(function, BuiltinFunctionType | type) else None
    if name is not None and vars(builtins).get(name) is function:
        yield f"builtins.{name}"  # `open` says that it is of another module
    if isinstance(function, FunctionType | BuiltinFunctionType | type):
        yield f"{function.__module__}.{function.__qualname__}"
