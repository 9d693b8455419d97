"""The parameters of a function, and which of them may be a task's context where no annotation tells."""

from __future__ import annotations

from collections.abc import Iterator

import libcst as cst

NAMES = frozenset({"context", "ctx"})


def parameters(node: cst.FunctionDef, *, is_method: bool) -> Iterator[tuple[cst.Param, bool]]:
    """Yield each parameter, and whether it may be a context: by its name, or as the first of a decorated function."""
    listed = node.params
    positional = [*listed.posonly_params, *listed.params]
    is_task = bool(node.decorators) and not is_method
    for position, parameter in enumerate([*positional, *listed.kwonly_params]):
        is_first = position == 0 and bool(positional)
        may_be = (is_task and is_first) or parameter.name.value.strip("_") in NAMES
        yield parameter, may_be and parameter.annotation is None
