"""What an expression may be, as symbols, by the names in force where it stands."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable
from typing import Any

import libcst as cst

from mog_lint.model import constants
from mog_lint.model.scope import MAX_SYMBOLS, Scope
from mog_lint.model.summary import NONE, Symbols, attribute, called, is_quantity, text_symbol

_DOTTED = re.compile(r"[^\W\d]\w*(?:\.[^\W\d]\w*)*")
BUILTINS = frozenset({"open", "input", "staticmethod", "classmethod", "property"})  # those that matter
_WRAPPERS = frozenset({"Optional", "Annotated", "Final", "ClassVar", "Union"})


def symbols_of(expression: cst.BaseExpression, scope: Scope, has_stars: bool) -> Symbols:
    """Follow names, attributes and calls, and know texts and None; anything else is unknown.

    `has_stars` says that the file imports a star, so that an unbound name may come from there.
    """
    if isinstance(expression, cst.SimpleString | cst.ConcatenatedString):
        return _text(expression)
    if isinstance(expression, cst.Name):
        return _name(expression.value, scope, has_stars)
    follow = _FOLLOWERS.get(type(expression))
    return () if follow is None else follow(expression, lambda part: symbols_of(part, scope, has_stars))


def _alternatives(*symbols: Symbols) -> Symbols:
    known = (symbol for each in symbols for symbol in each if not is_quantity(symbol))
    return tuple(dict.fromkeys(known))[:MAX_SYMBOLS]


def _call(node: cst.Call, of: Callable[[cst.BaseExpression], Symbols]) -> Symbols:
    function = node.func
    if isinstance(function, cst.Attribute) and function.attr.value == "total_seconds":
        return constants.total_seconds(of(function.value)) or called(of(function))
    symbols = of(function)
    return constants.timedelta(node, of) if symbols == constants.TIMEDELTA else called(symbols)


def _operation(node: cst.BinaryOperation, of: Callable[[cst.BaseExpression], Symbols]) -> Symbols:
    """Fold numbers; a path is divided, and what a quotient of anything else has for attributes is all one."""
    folded = constants.arithmetic(node, of)
    return folded or (of(node.left) if isinstance(node.operator, cst.Divide) else ())


_FOLLOWERS: dict[type[cst.CSTNode], Callable[[Any, Callable[[cst.BaseExpression], Symbols]], Symbols]] = {
    cst.Attribute: lambda node, of: attribute(of(node.value), node.attr.value),
    cst.Call: _call,
    cst.Await: lambda node, of: of(node.expression),
    cst.Subscript: lambda node, of: _item(of(node.value)),
    cst.BooleanOperation: lambda node, of: _alternatives(of(node.left), of(node.right)),
    cst.IfExp: lambda node, of: _alternatives(of(node.body), of(node.orelse)),
    cst.BinaryOperation: _operation,
    cst.Integer: lambda node, _: constants.number(node),
    cst.Float: lambda node, _: constants.number(node),
    cst.UnaryOperation: constants.negative,
    cst.Tuple: lambda node, _: constants.collection(node),
    cst.List: lambda node, _: constants.collection(node),
    cst.Set: lambda node, _: constants.collection(node),
    cst.Dict: lambda node, _: constants.collection(node),
}


def _item(symbols: Symbols) -> Symbols:
    """Return what brackets give: `Queue[int]` is Queue, while an instance gives one of its items."""
    items = called(attribute(tuple(symbol for symbol in symbols if not _is_class(symbol)), "__getitem__"))
    return (*(symbol for symbol in symbols if _is_class(symbol)), *items)


def _is_class(symbol: str) -> bool:
    last = re.split(r"[.:]", symbol)[-1]
    return last[:1].isupper() and not last.isupper() and not last.endswith(")")


def instances_of(annotation: cst.BaseExpression, scope: Scope, has_stars: bool) -> Symbols:
    """Return what a value with this annotation is: an instance of each class that it names."""
    if isinstance(annotation, cst.BinaryOperation):
        left = instances_of(annotation.left, scope, has_stars)
        return left + instances_of(annotation.right, scope, has_stars)
    if isinstance(annotation, cst.Subscript):
        return _subscript(annotation, scope, has_stars)
    if isinstance(annotation, cst.SimpleString):
        return _quoted(annotation, scope, has_stars)
    if isinstance(annotation, cst.Name | cst.Attribute):
        return called(symbols_of(annotation, scope, has_stars))
    return ()


def _name(name: str, scope: Scope, has_stars: bool) -> Symbols:
    if name == "None":
        return (NONE,)
    known = scope.look_up(name)
    if known is not None:
        return known
    if name in BUILTINS:
        return (f"builtins:{name}",)
    return (f"*:{name}",) if has_stars else ()


def _text(expression: cst.SimpleString | cst.ConcatenatedString) -> Symbols:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # an invalid escape is ruff's business
        text = expression.evaluated_value
    # Bytes are no text, and a lone surrogate cannot be shown, sent or stored.
    return (text_symbol(text),) if isinstance(text, str) and text.isprintable() else ()


def _subscript(annotation: cst.Subscript, scope: Scope, has_stars: bool) -> Symbols:
    """`Optional[App]`, `Union[App, Other]`, `Annotated[App, …]`; what else has brackets is a generic class."""
    wrapper = annotation.value.attr if isinstance(annotation.value, cst.Attribute) else annotation.value
    if not isinstance(wrapper, cst.Name) or wrapper.value not in _WRAPPERS:
        return called(symbols_of(annotation.value, scope, has_stars))
    elements = annotation.slice if wrapper.value == "Union" else annotation.slice[:1]
    inner = [element.slice.value for element in elements if isinstance(element.slice, cst.Index)]
    return tuple(symbol for value in inner for symbol in instances_of(value, scope, has_stars))


def _quoted(annotation: cst.SimpleString, scope: Scope, has_stars: bool) -> Symbols:
    text = annotation.raw_value.strip()
    if not _DOTTED.fullmatch(text):
        return ()
    first, *rest = text.split(".")
    symbols = _name(first, scope, has_stars)
    for name in rest:
        symbols = attribute(symbols, name)
    return called(symbols)


def root_name(expression: cst.BaseExpression) -> str:
    """Return the name that a chain of attributes and calls begins with, or an empty text."""
    while isinstance(expression, cst.Attribute | cst.Call):
        expression = expression.value if isinstance(expression, cst.Attribute) else expression.func
    return expression.value if isinstance(expression, cst.Name) else ""


def dotted_name(node: cst.BaseExpression | None) -> str:
    """Return the text of a dotted name, as an import writes it; empty for None."""
    parts: list[str] = []
    while isinstance(node, cst.Attribute):
        parts.append(node.attr.value)
        node = node.value
    if isinstance(node, cst.Name):
        parts.append(node.value)
    return ".".join(reversed(parts))


def is_main_guard(test: cst.BaseExpression) -> bool:
    """Say whether this is what `if __name__ == "__main__":` asks."""
    return isinstance(test, cst.Comparison) and isinstance(test.left, cst.Name) and test.left.value == "__name__"
