"""Where a text mentions texts and names, and what for: read with `ast`, ten times as fast as a tree of libcst's."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum

from mog_lint.model.source import Problem, Span, python_tree
from mog_lint.server.buffers import encode, source_of

_DEF = re.compile(r"(?:async\s+)?def\s+(?P<name>\w+)")


class Role(Enum):
    """Where a mention stands."""

    DECLARES = "declares"  # in a decorator, as `name` or one of the `aliases`
    FIRST = "first"  # as the first argument of a call
    NAME = "name"  # as the argument `name` of a call
    ELSEWHERE = "elsewhere"


@dataclass(frozen=True)
class Mention:
    """A text or a dotted name in the code: where it stands, and in which function, empty for the module itself.

    `callee` is the dotted name of what is called with it; what is no name stands there as an empty one.
    """

    span: Span
    content: str
    is_text: bool
    role: Role
    callee: str
    function: str


@dataclass(frozen=True)
class Definition:
    """A function: its name's place and its head, as it would be written on one line."""

    span: Span
    qualname: str
    head: str


def mentions(text: str, wanted: Callable[[str, bool], bool]) -> Iterator[Mention]:
    """Yield the mentions of the wanted contents; `wanted` is asked for a content and whether it is a text."""
    tree = python_tree(encode(text))
    if isinstance(tree, Problem):
        return
    places = _Places(text)
    pending = [_Spot(tree, "")]
    while pending:
        spot = pending.pop()
        content, is_text = _content(spot.node)
        if content and wanted(content, is_text):
            yield Mention(places.span(spot.node), content, is_text, spot.role, spot.callee, spot.function)
        pending += spot.below()


def definitions(text: str, qualname: str) -> list[Definition]:
    """Return the functions of this qualified name, in the order of the text."""
    tree = python_tree(encode(text))
    if isinstance(tree, Problem):
        return []
    places = _Places(text)
    found: list[Definition] = []
    pending: list[tuple[ast.AST, str]] = [(tree, "")]
    while pending:
        node, prefix = pending.pop()
        own = _own_name(node, prefix)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and own == qualname:
            found.append(Definition(places.name(node), own, _head(node)))
        pending += [(child, _inside(node, own)) for child in ast.iter_child_nodes(node)]
    return sorted(found, key=lambda item: item.span.start)


@dataclass(frozen=True)
class _Spot:
    """A node with what it is there for and the function that it stands in."""

    node: ast.AST
    function: str
    role: Role = Role.ELSEWHERE
    callee: str = ""

    def below(self) -> Iterator[_Spot]:
        node = self.node
        if isinstance(node, ast.JoinedStr):
            yield from (self._child(child) for child in node.values if not isinstance(child, ast.Constant))
        elif isinstance(node, ast.Call):
            yield from self._of_call(node)
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield from (_Spot(item, self.function, Role.DECLARES) for item in node.decorator_list)
            inner = _own_name(node, self.function)
            rest = (child for child in ast.iter_child_nodes(node) if child not in node.decorator_list)
            yield from (_Spot(child, inner) for child in rest)
        elif not isinstance(node, ast.Attribute) or not _dotted(node):
            yield from (self._child(child) for child in ast.iter_child_nodes(node))

    def _child(self, node: ast.AST) -> _Spot:
        return _Spot(node, self.function)

    def _of_call(self, node: ast.Call) -> Iterator[_Spot]:
        callee = _callee(node.func)
        yield self._child(node.func)
        for position, argument in enumerate(node.args):
            yield _Spot(argument, self.function, Role.FIRST, callee) if position == 0 else self._child(argument)
        for keyword in node.keywords:
            declares = self.role is Role.DECLARES and keyword.arg in ("name", "aliases")
            role = Role.DECLARES if declares else Role.NAME if keyword.arg == "name" else Role.ELSEWHERE
            many = keyword.value.elts if isinstance(keyword.value, ast.Tuple | ast.List) else [keyword.value]
            yield from (_Spot(value, self.function, role, callee) for value in many)


def _content(node: ast.AST) -> tuple[str, bool]:
    """Return the text or the dotted name that a node is, and whether it is a text."""
    if isinstance(node, ast.Constant):
        return (node.value, True) if isinstance(node.value, str) else ("", False)
    return _dotted(node), False


def _dotted(node: ast.AST) -> str:
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    return ".".join([node.id, *reversed(parts)]) if isinstance(node, ast.Name) else ""


def _callee(node: ast.AST) -> str:
    """Return the dotted name of what is called, of `f()[int].submit` the end `.submit`."""
    if isinstance(node, ast.Subscript):
        return _callee(node.value)
    return _dotted(node) or (f".{node.attr}" if isinstance(node, ast.Attribute) else "")


def _own_name(node: ast.AST, prefix: str) -> str:
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return f"{prefix}.{node.name}" if prefix else node.name
    return prefix


def _inside(node: ast.AST, own: str) -> str:
    return f"{own}.<locals>" if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) else own


def _head(node: ast.FunctionDef | ast.AsyncFunctionDef) -> str:
    start = "async def" if isinstance(node, ast.AsyncFunctionDef) else "def"
    returns = "" if node.returns is None else f" -> {ast.unparse(node.returns)}"
    return f"{start} {node.name}({ast.unparse(node.args)}){returns}"


class _Places:
    """Turns the places of `ast`, which count bytes of UTF-8, into offsets of characters."""

    def __init__(self, text: str) -> None:
        self.source = source_of(text)

    def span(self, node: ast.AST) -> Span:
        place = vars(node)
        return Span(
            self._offset(place["lineno"], place["col_offset"]),
            self._offset(place["end_lineno"], place["end_col_offset"]),
        )

    def name(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> Span:
        """Return where the name of a function stands."""
        start = self._offset(node.lineno, node.col_offset)
        found = _DEF.match(self.source.text, start)
        return Span(start, start) if found is None else Span(*found.span("name"))

    def _offset(self, row: int, column: int) -> int:
        line = self.source.line(row)
        if not line.isascii():
            column = len(line.encode()[:column].decode(errors="ignore"))
        return self.source.line_starts[row - 1] + column
