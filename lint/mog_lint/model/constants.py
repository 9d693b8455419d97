"""Numbers and lengths of time that are written out, folded to symbols as `quantities` knows them."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping

import libcst as cst

from mog_lint.model.quantities import ITEMS, TIME, number_of
from mog_lint.model.summary import Symbols

LARGEST = 1e15  # past that nobody waits or counts
TIMEDELTA = ("datetime:timedelta",)
_UNITS = ("days", "seconds", "microseconds", "milliseconds", "minutes", "hours", "weeks")  # as timedelta takes them
_IN_SECONDS = {"days": 86400.0, "microseconds": 1e-6, "milliseconds": 1e-3, "minutes": 60.0, "hours": 3600.0}
_IN_SECONDS |= {"weeks": 604800.0, "seconds": 1.0}
_OPERATORS: Mapping[type[cst.CSTNode], Callable[[float, float], float]] = {
    cst.Add: operator.add,
    cst.Subtract: operator.sub,
    cst.Multiply: operator.mul,
    cst.Divide: operator.truediv,
    cst.FloorDivide: operator.floordiv,
}
Of = Callable[[cst.BaseExpression], Symbols]


def number(node: cst.Integer | cst.Float) -> Symbols:
    """Return the symbol of a number."""
    value = node.evaluated_value
    return _number(value)


def collection(node: cst.Tuple | cst.List | cst.Set | cst.Dict) -> Symbols:
    """Return the symbol of a collection, nothing for an empty one, which is there to be filled, or an unpacked one."""
    starred = any(isinstance(item, cst.StarredElement | cst.StarredDictElement) for item in node.elements)
    return () if starred or not node.elements else (f"{ITEMS}{len(node.elements)}]",)


def negative(node: cst.UnaryOperation, of: Of) -> Symbols:
    """Fold a sign."""
    value = number_of(of(node.expression)) if isinstance(node.operator, cst.Minus) else None
    return () if value is None else _number(-value)


def arithmetic(node: cst.BinaryOperation, of: Of) -> Symbols:
    """Fold an operation of two numbers, or of a timedelta and a number."""
    fold = _OPERATORS.get(type(node.operator))
    if fold is None:
        return ()
    left, right = of(node.left), of(node.right)
    one, other = _value(left), _value(right)
    if one is None or other is None:
        return ()
    try:
        value = fold(one, other)
    except (ZeroDivisionError, OverflowError):
        return ()
    times = _is_time(left) + _is_time(right)
    if times == 1 and isinstance(node.operator, cst.Multiply | cst.Divide):
        return (f"{TIME}{value}",)
    if times == 2 and isinstance(node.operator, cst.Add | cst.Subtract):
        return (f"{TIME}{value}",)
    return () if times else _number(value)


def total_seconds(time: Symbols) -> Symbols:
    """Return the number of seconds of a timedelta."""
    return _number(_value(time) or 0.0) if _is_time(time) else ()


def timedelta(node: cst.Call, of: Of) -> Symbols:
    """Fold a call of timedelta."""
    seconds = 0.0
    for position, argument in enumerate(node.args):
        unit = "".join(_UNITS[position : position + 1]) if argument.keyword is None else argument.keyword.value
        value = number_of(of(argument.value))
        if value is None or argument.star or unit not in _IN_SECONDS:
            return ()
        seconds += value * _IN_SECONDS[unit]
    return (f"{TIME}{seconds}",)


def _value(symbols: Symbols) -> float | None:
    return float(symbols[0].removeprefix(TIME)) if _is_time(symbols) else number_of(symbols)


def _is_time(symbols: Symbols) -> bool:
    return len(symbols) == 1 and symbols[0].startswith(TIME) and not symbols[0].endswith(")")


def _number(value: float) -> Symbols:
    return (f"={value!r}",) if abs(value) < LARGEST else ()
