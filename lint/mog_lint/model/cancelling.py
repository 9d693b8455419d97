"""What a body cancels itself, and what it awaits where someone catches what comes out of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import libcst as cst

from mog_lint.model.blocks import WAITERS
from mog_lint.model.expressions import dotted_name
from mog_lint.model.walking import own, parts

CANCEL = "cancel"
_STEPS = 3
_METHODS = (".values", ".items", ".copy")
# Contexts that wait for nothing as they begin and end.
TIMEOUTS = frozenset({"timeout", "timeout_at", "move_on_after", "move_on_at", "fail_after", "fail_at", "CancelScope"})
CLOSERS = frozenset({"aclose", "wait_closed"})  # what is done with an object last, whatever comes out of it
OWN_OBJECTS = ("self", "cls")


@dataclass
class Cancelling:
    """The names that a body cancels, and the names in each of its awaits that was looked at.

    `sources` tells what a name stands for: the values of an iterable, or another name.
    """

    cancelled: set[str] = field(default_factory=set)
    sources: dict[str, cst.BaseExpression] = field(default_factory=dict)
    _awaited: dict[int, frozenset[str] | None] = field(default_factory=dict)

    def note_await(self, number: int, expression: cst.BaseExpression | None) -> None:
        """Note the names in an await; one that cannot be cancelled, waits for that, or closes something, has none."""
        if expression is None or _never_ends(expression) or _closes(expression):
            self._awaited[number] = None
        else:
            self._awaited[number] = frozenset(self._with_sources(_awaited_names(expression)))

    def note_call(self, call: cst.Call) -> list[str]:
        """Note what a call cancels: by its own name, or by a callback that it is given; return the names."""
        found = [_base_name(target) for target in _cancelled_by(call)]
        names = [*self._with_sources(name for name in found if name)] if found else []
        self.cancelled.update(names)
        return names

    def are_cancelled(self, awaits: range, elsewhere: Iterable[str]) -> bool:
        """Say whether all of these awaits wait for what is cancelled here or `elsewhere`."""
        known = [f"{name}." for name in (*self.cancelled, *elsewhere)]
        for number in awaits:
            names = self._awaited.get(number, frozenset())
            if names is not None and not any(f"{name}.".startswith(tuple(known)) for name in names):
                return False
        return True

    def note_source(self, target: cst.BaseExpression, value: cst.BaseExpression) -> None:
        """Note what a name stands for: another name, or what is left of what `asyncio.wait` was given."""
        if isinstance(value, cst.Name | cst.Attribute):
            self.sources[dotted_name(target)] = value
        elif isinstance(target, cst.Tuple) and (waiter := _awaited_waiter(value)) is not None:
            self.sources |= {dotted_name(element.value): waiter for element in target.elements}

    def _with_sources(self, names: Iterable[str]) -> Iterator[str]:
        """Yield names and those that they stand for, over a few steps."""
        level = list(names)
        for _ in range(_STEPS):
            yield from level
            level = [source for name in level if name in self.sources for source in names_in(self.sources[name])]
            level += [name.removesuffix(method) for name in level for method in _METHODS if name.endswith(method)]


def is_shield(item: cst.WithItem) -> bool:
    """Say whether a `with` item keeps cancellations off: `CancelScope(shield=True)`."""
    call = item.item
    if not isinstance(call, cst.Call) or _last_name(call) != "CancelScope":
        return False
    return any(
        argument.keyword is not None and argument.keyword.value == "shield" and dotted_name(argument.value) == "True"
        for argument in call.args
    )


def is_timeout(node: cst.With) -> bool:
    """Say whether all items of an `async with` are timeouts."""
    return all(isinstance(item.item, cst.Call) and _last_name(item.item) in TIMEOUTS for item in node.items)


def names_in(node: cst.CSTNode) -> Iterator[str]:
    """Yield the dotted names in an expression, each as far as it goes."""
    if isinstance(node, cst.Name | cst.Attribute):
        yield dotted_name(node)
    if isinstance(node, cst.Attribute):
        yield from names_in(node.value)
    elif not isinstance(node, cst.Name):
        for part in parts(node):
            yield from names_in(part)


def _awaited_names(node: cst.CSTNode) -> Iterator[str]:
    """Yield the names of what is waited for: of a call that of its object, and what `gather` and the like are given."""
    if not isinstance(node, cst.Call):
        yield from (names_in(node.value) if isinstance(node, cst.Subscript) else names_in(node))
    elif _last_name(node) in WAITERS or CANCEL in _last_name(node):
        for argument in node.args:
            yield from _awaited_names(argument.value)
    elif isinstance(node.func, cst.Attribute) and (name := dotted_name(node.func.value)) not in OWN_OBJECTS:
        yield name


def _awaited_waiter(node: cst.BaseExpression) -> cst.Call | None:
    """Return the call of `asyncio.wait` or the like that is awaited here."""
    if isinstance(node, cst.Await) and isinstance(node.expression, cst.Call):
        return node.expression if _last_name(node.expression) in WAITERS else None
    return None


def _never_ends(node: cst.BaseExpression) -> bool:
    """Say whether what is awaited ends by a cancellation alone: it is there to wait for that."""
    if not isinstance(node, cst.Call):
        return False
    name = _last_name(node)
    if name == "sleep" and node.args:
        return dotted_name(node.args[0].value).rpartition(".")[2] == "inf"
    made = node.func.value if isinstance(node.func, cst.Attribute) else None
    return name == "sleep_forever" or (name == "wait" and isinstance(made, cst.Call) and _last_name(made) == "Event")


def _closes(node: cst.BaseExpression) -> bool:
    return isinstance(node, cst.Call) and _last_name(node) in CLOSERS


def _base_name(node: cst.BaseExpression) -> str:
    """Return a dotted name, of an item that of its collection."""
    while isinstance(node, cst.Subscript):
        node = node.value
    return dotted_name(node)


def _cancelled_by(call: cst.Call) -> Iterator[cst.BaseExpression]:
    is_cancel = CANCEL in _last_name(call)
    if is_cancel and isinstance(call.func, cst.Attribute):
        yield call.func.value
    for argument in call.args:
        value = argument.value
        if is_cancel:
            yield value
        elif isinstance(value, cst.Lambda):
            for inner in own(value.body):
                yield from _cancelled_by(inner) if isinstance(inner, cst.Call) else ()
        elif isinstance(value, cst.Attribute) and value.attr.value == CANCEL:
            yield value.value


def _last_name(call: cst.Call) -> str:
    name = call.func.attr if isinstance(call.func, cst.Attribute) else call.func
    return name.value if isinstance(name, cst.Name) else ""
