"""How often a loop runs at most, as far as its own file tells."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import libcst as cst

from mog_lint.model.blocks import COUNTED, UNBOUNDED
from mog_lint.model.expressions import symbols_of
from mog_lint.model.quantities import length_of, number_of
from mog_lint.model.scope import MAX_SYMBOLS, Scope
from mog_lint.model.summary import Symbols, attribute, called
from mog_lint.model.walking import own

# What gives as many items as it is given, or no more.
KEEPS_LENGTH = frozenset({"enumerate", "reversed", "sorted", "list", "tuple", "set", "iter", "zip", "filter", "map"})
KEEPS_ITEMS = frozenset({"reversed", "sorted", "list", "tuple", "set", "iter"})
TAKES_FUNCTION = frozenset({"filter", "map"})
ONE = "1"
VIEWS = frozenset({"items", "keys", "values"})


def symbols_of_iterable(node: cst.BaseExpression, scope: Scope, has_stars: bool) -> Symbols:
    """Return what an iterable may be, or what `enumerate` and the like go over."""
    if isinstance(node, cst.Call) and isinstance(node.func, cst.Name) and node.func.value in KEEPS_LENGTH:
        parts = (symbols_of_iterable(argument.value, scope, has_stars) for argument in node.args)
        return tuple(symbol for part in parts for symbol in part)[:MAX_SYMBOLS]
    return symbols_of(node, scope, has_stars)


def items(node: cst.BaseExpression, scope: Scope, has_stars: bool) -> Symbols:
    """Return what the target of a loop over this expression may be."""
    while (
        isinstance(node, cst.Call) and isinstance(node.func, cst.Name) and node.func.value in KEEPS_ITEMS and node.args
    ):
        node = node.args[0].value
    return called(attribute(symbols_of(node, scope, has_stars), "__iter__"))


def turns_of_iterable(node: cst.BaseExpression, scope: Scope) -> int:
    """Return how many items an iterable has at most: one written out, a short `range` or slice, or a view of those."""
    if isinstance(node, cst.Call):
        return _turns_of_call(node, scope)
    if isinstance(node, cst.Subscript):
        return _turns_of_slice(node, scope)
    length = length_of(symbols_of(node, scope, False))
    return UNBOUNDED if length is None else length


def _turns_of_call(node: cst.Call, scope: Scope) -> int:
    if isinstance(node.func, cst.Attribute):
        is_view = node.func.attr.value in VIEWS and not node.args
        return turns_of_iterable(node.func.value, scope) if is_view else UNBOUNDED
    if not isinstance(node.func, cst.Name) or scope.look_up(node.func.value) is not None:
        return UNBOUNDED
    name = node.func.value
    values = [argument.value for argument in node.args if argument.keyword is None and not argument.star]
    if name == "range":
        return _turns_of_range(values, scope)
    if name not in KEEPS_LENGTH:
        return UNBOUNDED
    known = [turns_of_iterable(value, scope) for value in values[name in TAKES_FUNCTION :]]
    return min((turns for turns in known if turns != UNBOUNDED), default=UNBOUNDED)


def _turns_of_range(values: Sequence[cst.BaseExpression], scope: Scope) -> int:
    numbers = [number_of(symbols_of(value, scope, False)) for value in values]
    known = [int(number) for number in numbers if number is not None]
    if len(known) != len(values) or not 1 <= len(known) <= 3 or 0 in known[2:]:
        return UNBOUNDED
    return len(range(*known))


def _turns_of_slice(node: cst.Subscript, scope: Scope) -> int:
    part = node.slice[0].slice
    if len(node.slice) != 1 or not isinstance(part, cst.Slice):
        return UNBOUNDED
    numbers = (
        0.0 if bound is None else number_of(symbols_of(bound, scope, False)) for bound in (part.lower, part.upper)
    )
    lower, upper = numbers
    if part.upper is None:
        return int(-lower) if lower is not None and lower < 0 else UNBOUNDED
    if lower is None or upper is None or upper < 0 or lower < 0:
        return UNBOUNDED
    return int(max(upper - lower, 0))


def turns_of_while(node: cst.While, scope: Scope) -> int:
    """Return up to which number, or from which, a `while` counts, in its test or in an `if` that leaves it."""
    counters = _counters(node.body)
    if not counters:
        return UNBOUNDED
    limits = list(_limits(node.test, cst.And, counters, scope))
    for statement in node.body.body:
        if isinstance(statement, cst.If) and _leaves(statement):
            limits += _limits(statement.test, cst.Or, counters, scope)
    known = [limit for limit in limits if limit != COUNTED]
    return min(known or limits, default=UNBOUNDED)


def _counters(body: cst.BaseSuite) -> dict[str, str]:
    """Return the names that a loop counts up or down, each with the step, and does nothing else to.

    What grows by as much as a call is given measures the time that is slept, and counts nothing.
    """
    steps: dict[str, str] = {}
    others: set[str] = set()
    given: set[str] = set()
    for item in own(body):
        if isinstance(item, cst.AugAssign) and isinstance(item.target, cst.Name):
            name = item.target.value
            is_step = isinstance(item.value, cst.Integer) and isinstance(
                item.operator, cst.AddAssign | cst.SubtractAssign
            )
            if is_step and steps.setdefault(name, _integer(item.value)) == _integer(item.value):
                continue
            others.add(name)
        elif isinstance(item, cst.AssignTarget):
            others.add(_name(item.target))
        elif isinstance(item, cst.Arg) and _integer(item.value) not in ("", ONE):
            given.add(_integer(item.value))
    return {name: step for name, step in steps.items() if name not in others and step not in given}


def _limits(
    test: cst.BaseExpression, joint: type[cst.BaseBooleanOp], counters: Mapping[str, str], scope: Scope
) -> Iterator[int]:
    """Yield the numbers that a counter is compared with; one that counts down to nought started somewhere."""
    if isinstance(test, cst.BooleanOperation) and isinstance(test.operator, joint):
        yield from _limits(test.left, joint, counters, scope)
        yield from _limits(test.right, joint, counters, scope)
    elif _name(test) in counters:
        yield _start(_name(test), scope)
    elif isinstance(test, cst.Comparison) and len(test.comparisons) == 1:
        yield from _limit(test.left, test.comparisons[0].comparator, counters, scope)


def _limit(
    left: cst.BaseExpression, right: cst.BaseExpression, counters: Mapping[str, str], scope: Scope
) -> Iterator[int]:
    if (_name(left) in counters) == (_name(right) in counters):
        return
    counter, other = (left, right) if _name(left) in counters else (right, left)
    number = number_of(symbols_of(other, scope, False))
    if number is None or counters[_name(counter)] != ONE:
        yield COUNTED
    else:
        yield int(number) if number > 0 else _start(_name(counter), scope)


def _start(name: str, scope: Scope) -> int:
    start = number_of(scope.look_up(name) or ())
    return COUNTED if start is None or start <= 0 else int(start)


def _integer(node: cst.BaseExpression) -> str:
    return node.value if isinstance(node, cst.Integer) else ""


def _name(node: cst.BaseExpression) -> str:
    return node.value if isinstance(node, cst.Name) else ""


def _leaves(branch: cst.If) -> bool:
    """Say whether the first branch of an `if` ends the loop."""
    last = branch.body.body[-1] if branch.body.body else None
    if isinstance(last, cst.SimpleStatementLine):
        last = last.body[-1]
    return isinstance(last, cst.Break | cst.Return | cst.Raise)
