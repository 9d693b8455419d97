"""A walk over nodes that skips white space and punctuation: it takes a fraction of the time of libcst's `children`."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

import libcst as cst

_PUNCTUATION = frozenset({"lpar", "rpar", "comma", "semicolon", "equal", "colon", "lbracket", "rbracket", "dot"})
_REST = ("__", "whitespace", "leading_lines", "lines_after", "header", "footer", "trailing")


def parts(node: cst.CSTNode) -> Iterator[cst.CSTNode]:
    """Yield the nodes directly in a node, in the order of the text."""
    for name in _fields(type(node)):
        value = getattr(node, name)
        if isinstance(value, cst.CSTNode):
            yield value
        elif isinstance(value, tuple | list):
            yield from (item for item in value if isinstance(item, cst.CSTNode))


def own(node: cst.CSTNode) -> Iterator[cst.CSTNode]:
    """Yield a node and all in it that runs when it does, which the bodies of functions do not."""
    yield node
    if not isinstance(node, cst.FunctionDef | cst.Lambda):
        for part in parts(node):
            yield from own(part)


def path_to(node: cst.CSTNode, tree: cst.CSTNode) -> list[cst.CSTNode]:
    """Return the nodes that a node lies in, from the tree down to the node itself; empty where it is not in it."""
    if node is tree:
        return [tree]
    for part in parts(tree):
        below = path_to(node, part)
        if below:
            return [tree, *below]
    return []


@cache
def _fields(kind: type[cst.CSTNode]) -> tuple[str, ...]:
    names = kind.__dataclass_fields__
    return tuple(name for name in names if name not in _PUNCTUATION and not name.startswith(_REST))
