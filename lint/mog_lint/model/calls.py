"""The calls in a function's own body, in the order of the text, with what is known of what is called.

Only what runs when the body runs counts: the bodies of nested functions and of lambdas are left out.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import libcst as cst

from mog_lint.model.expressions import dotted_name, symbols_of
from mog_lint.model.scope import Scope
from mog_lint.model.summary import FLAGS, Call, Symbols, Use, attribute

_CONSTANTS = ("True", "False", "None")
Site = Callable[[cst.CSTNode], int]


@dataclass
class Body:
    """What the walk has met so far in one function: `awaits` counts awaits, `async for` and `async with`."""

    calls: list[Call] = field(default_factory=list)
    awaits: int = 0
    is_generator: bool = False


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
            self.body.awaits += 1
            self.visit(node.expression, scope, Use.AWAITED)  # type: ignore[attr-defined]  # told apart by name, for speed
        elif kind in _COMPREHENSIONS:
            self._comprehension(node, scope)
        elif kind == "NamedExpr":
            self._named(node, scope)
        else:
            if kind == "Yield":
                self.body.is_generator = True
            for name in _PARTS.get(kind, ()):
                self._part(getattr(node, name), scope)

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
            self.body.calls.append(Call(symbols, self.site(node), use, _constants(node)))

    def _named(self, node: cst.CSTNode, scope: Scope) -> None:
        assert isinstance(node, cst.NamedExpr)
        self.visit(node.value, scope)
        if isinstance(node.target, cst.Name):
            scope.bind(node.target.value, symbols_of(node.value, scope, self.has_stars))

    def _comprehension(self, node: cst.CSTNode, scope: Scope) -> None:
        """Walk a comprehension; its calls have no use of their own, as an `await` may not fit there."""
        inner = Scope(scope, scope.qualname)
        clause = getattr(node, "for_in", None)
        while isinstance(clause, cst.CompFor):
            self.body.awaits += clause.asynchronous is not None
            self.visit(clause.iter, inner, Use.LOOPED)
            _hide(clause.target, inner)
            for condition in clause.ifs:
                self.visit(condition.test, inner, Use.LOOPED)
            clause = clause.inner_for_in
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


def _hide(target: cst.BaseExpression, scope: Scope) -> None:
    if isinstance(target, cst.Name):
        scope.bind(target.value)
    elif isinstance(target, cst.Tuple | cst.List):
        for element in target.elements:
            _hide(element.value, scope)


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
