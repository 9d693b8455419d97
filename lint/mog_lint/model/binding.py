"""What an assignment binds, and what an attribute holds after one."""

from __future__ import annotations

import libcst as cst

from mog_lint.model.scope import Scope
from mog_lint.model.summary import Symbols


def bind_target(target: cst.BaseExpression, symbols: Symbols, scope: Scope) -> None:
    """Bind the names of an assignment's target; of an unpacked one nothing is known."""
    if isinstance(target, cst.Name):
        scope.bind(target.value, symbols)
    elif isinstance(target, cst.Tuple | cst.List):
        for element in target.elements:
            bind_target(element.value, (), scope)


def lasting(symbols: Symbols) -> Symbols:
    """Return what an attribute may hold, without constants, such as a None from before, and own definitions."""
    return tuple(symbol for symbol in symbols if symbol.endswith("()") or symbol[:1] not in "=:")
