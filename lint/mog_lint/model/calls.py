"""The calls in a function's own body, in the order of the text, with what is known of what is called.

Only what runs when the body runs counts: the bodies of nested functions and of lambdas are left out.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import libcst as cst

from mog_lint.model.binding import bind_target
from mog_lint.model.blocks import Kind
from mog_lint.model.body import Body
from mog_lint.model.conditions import given
from mog_lint.model.expressions import dotted_name, symbols_of
from mog_lint.model.scope import Scope
from mog_lint.model.summary import CONTEXT, FLAGS, VALUE, Call, Symbols, Use, attribute, is_context
from mog_lint.model.turns import items, symbols_of_iterable, turns_of_iterable

_CONSTANTS = ("True", "False", "None")
# Calls of which it matters how long they wait, for which task they are, or which function they run.
_SPOKEN = (
    *("sleep", "submit", ".run", "^:run", "create_request", "submit_blocking", "run_blocking", "Request"),
    *("start_soon", ".start", ".add_callback", ".spawn_callback"),
)
_SPOKEN_ARGUMENTS = frozenset({"0", "name", "task", "delay", "seconds", "secs"})
Site = Callable[[cst.CSTNode], int]


@dataclass(frozen=True)
class CallCollector:
    """Notes the calls of expressions in a body; `site` numbers their nodes, `has_stars` as in `symbols_of`."""

    body: Body
    site: Site
    has_stars: bool

    def visit(self, node: cst.CSTNode | None, scope: Scope, use: Use = Use.PART) -> None:
        """Note the calls in an expression, of which the outermost has this use."""
        if node is None:
            return
        kind = type(node).__name__
        if kind == "Call":
            self._call(node, scope, use)
        elif kind == "Await":
            self._await(node, scope, use)
        elif kind in _COMPREHENSIONS:
            self._comprehension(node, scope)
        elif kind == "NamedExpr":
            self._named(node, scope)
        else:
            if kind == "Yield":
                self.body.is_generator = True
            for name in _PARTS.get(kind, ()):
                self._part(getattr(node, name), scope)

    def raised(self, statement: cst.Raise, scope: Scope) -> None:
        """Note what is raised: what a call gives, or a class or object itself."""
        node = statement.exc
        self.visit(node, scope, Use.RAISED)
        if isinstance(node, cst.Name | cst.Attribute):
            symbols = symbols_of(node, scope, self.has_stars)
            if symbols:
                self.body.calls.append(Call(symbols, self.site(node), Use.RAISED))
        self.body.note_pause(statement, self.site)

    def enter(self, item: cst.BaseExpression, scope: Scope) -> int | None:
        """Note that a `with` enters a value, and return where that stands among the calls."""
        self.visit(item, scope, Use.ENTERED)
        symbols = attribute(symbols_of(item, scope, self.has_stars), "__enter__")
        if not symbols:
            return None
        self.body.calls.append(Call(symbols, self.site(item), Use.WITH))
        return len(self.body.calls) - 1

    def _part(self, part: object, scope: Scope) -> None:
        if isinstance(part, cst.CSTNode):
            self.visit(part, scope)
        elif isinstance(part, tuple | list):
            for item in part:
                self.visit(item, scope)

    def _call(self, node: cst.CSTNode, scope: Scope, use: Use) -> None:
        assert isinstance(node, cst.Call)
        symbols = symbols_of(node.func, scope, self.has_stars)
        self.visit(node.func, scope)
        for argument in node.args:
            self.visit(argument.value, scope)
        if symbols:
            spoken = self._spoken(node, scope) if symbols[0].endswith(_SPOKEN) else ()
            arguments = given(node, self.body.conditions.names)
            self.body.calls.append(Call(symbols, self.site(node), use, _constants(node) + spoken, arguments))
            self.body.note_pause(node, self.site)
        self.body.note_cancel(node)
        if self.body.takes_context and any(self._is_context(argument.value, scope) for argument in node.args):
            self.body.calls.append(Call((CONTEXT,), self.site(node), Use.GIVEN))

    def _await(self, node: cst.CSTNode, scope: Scope, use: Use) -> None:
        assert isinstance(node, cst.Await)
        self.body.note_await(node.expression)
        self.visit(node.expression, scope, Use.AWAITED_ALONE if use is Use.STATEMENT else Use.AWAITED)

    def _is_context(self, value: cst.BaseExpression, scope: Scope) -> bool:
        """Say whether a value may be a task's context, or its state."""
        if not isinstance(value, cst.Name | cst.Attribute):
            return False
        return any(map(is_context, symbols_of(value, scope, self.has_stars)))

    def _spoken(self, node: cst.Call, scope: Scope) -> Symbols:
        """Return what may be a number, a text or the name of one in the first argument, or in one that names it."""
        found = []
        for position, argument in enumerate(node.args):
            name = str(position) if argument.keyword is None else argument.keyword.value
            if name in _SPOKEN_ARGUMENTS and not argument.star:
                symbols = symbols_of(argument.value, scope, self.has_stars)
                found += [f"{name}{VALUE}{symbol}" for symbol in symbols if not symbol.endswith("()")]
        return tuple(found)

    def _named(self, node: cst.CSTNode, scope: Scope) -> None:
        assert isinstance(node, cst.NamedExpr)
        self.visit(node.value, scope)
        if isinstance(node.target, cst.Name):
            scope.bind(node.target.value, symbols_of(node.value, scope, self.has_stars))

    def _comprehension(self, node: cst.CSTNode, scope: Scope) -> None:
        """Walk a comprehension; its calls have no use of their own, as an `await` may not fit there."""
        clause = getattr(node, "for_in", None)
        assert isinstance(clause, cst.CompFor)
        self.visit(clause.iter, scope, Use.LOOPED)
        symbols = symbols_of_iterable(clause.iter, scope, self.has_stars)
        turns = turns_of_iterable(clause.iter, scope)
        self._count_clauses(clause)
        before = self.body.awaits
        self.body.begin(Kind.COMPREHENSION)
        self._clauses(clause, Scope(scope, scope.qualname), node)
        if self.body.awaits > before:
            self.body.end(self.site(node), symbols, turns)
        else:
            self.body.forget()

    def _count_clauses(self, clause: cst.CompFor) -> None:
        """Count the `async for` of a comprehension, as that of a loop before what is done in each turn."""
        later: cst.CompFor | None = clause
        while later is not None:
            if later.asynchronous is not None:
                self.body.note_await()
            later = later.inner_for_in

    def _clauses(self, clause: cst.CompFor, inner: Scope, node: cst.CSTNode) -> None:
        later: cst.CompFor | None = clause
        while later is not None:
            if later is not clause:
                self.visit(later.iter, inner, Use.LOOPED)
            if isinstance(later.target, cst.Name):
                self.body.cancelling.sources[later.target.value] = later.iter
            bind_target(later.target, items(later.iter, inner, self.has_stars), inner)
            for condition in later.ifs:
                self.visit(condition.test, inner, Use.LOOPED)
            later = later.inner_for_in
        for name in ("key", "value", "elt"):
            self.visit(getattr(node, name, None), inner, Use.LOOPED)


def _constants(node: cst.Call) -> Symbols:
    """Return the arguments that are constants or name one of the flags, as `keyword=value` or `position=value`."""
    found = []
    for position, argument in enumerate(node.args):
        value = argument.value
        name = str(position) if argument.keyword is None else argument.keyword.value
        if isinstance(value, cst.Integer | cst.Float) or (isinstance(value, cst.Name) and value.value in _CONSTANTS):
            found.append(f"{name}={value.value}")
        elif isinstance(value, cst.Name | cst.Attribute | cst.BinaryOperation):
            found += [f"{name}={flag}" for flag in FLAGS if any(flag in word for word in _names(value))]
    return tuple(found)


def _names(value: cst.BaseExpression) -> set[str]:
    if isinstance(value, cst.BinaryOperation):
        return _names(value.left) | _names(value.right)
    return set(dotted_name(value).split("."))


_COMPREHENSIONS = frozenset({"ListComp", "SetComp", "DictComp", "GeneratorExp"})
_PARTS = {
    "Attribute": ("value",),
    "BinaryOperation": ("left", "right"),
    "BooleanOperation": ("left", "right"),
    "UnaryOperation": ("expression",),
    "Comparison": ("left", "comparisons"),
    "ComparisonTarget": ("comparator",),
    "Subscript": ("value", "slice"),
    "SubscriptElement": ("slice",),
    "Index": ("value",),
    "Slice": ("lower", "upper", "step"),
    "Tuple": ("elements",),
    "List": ("elements",),
    "Set": ("elements",),
    "Element": ("value",),
    "StarredElement": ("value",),
    "Dict": ("elements",),
    "DictElement": ("key", "value"),
    "StarredDictElement": ("value",),
    "IfExp": ("test", "body", "orelse"),
    "Yield": ("value",),
    "From": ("item",),
    "FormattedString": ("parts",),
    "FormattedStringExpression": ("expression",),
    "ConcatenatedString": ("left", "right"),
}
