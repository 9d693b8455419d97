"""A text that is typed in is parsed where it was changed: other statements of its top level keep their trees.

libcst parses some 15,000 lines a second, which is 30 ms for 500 lines, and for each keystroke. CPython's own parser
takes a tenth of that and tells where the statements of the top level end. A piece of the text reaches from the end of
one to the end of the next; it is parsed by itself, and its tree has to generate it again. So the pieces are the whole
text, and their statements those of its tree, white space and comments between them apart.
"""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Self

import libcst as cst
from libcst._nodes.internal import CodegenState

from mog_lint.model.parsing import attempt
from mog_lint.model.positions import Recorder
from mog_lint.model.source import Problem, Source, Span, python_tree
from mog_lint.model.stack import deep_recursion

LEAST_IN_COMMON = 0.8  # of the lines; with less in common another text is at hand, and pieces would not pay


@dataclass(frozen=True, eq=False)
class Piece:
    """A piece of a text, its tree, the ids of all nodes in that, and where its comments stand in it."""

    text: str
    tree: cst.Module
    nodes: frozenset[int]
    comments: tuple[Span, ...]


class PiecedModule(cst.Module):
    """A tree whose statements are those of its pieces."""

    pieces: tuple[Piece, ...]

    @classmethod
    def of(cls, pieces: Iterable[Piece]) -> Self:
        """Put pieces together."""
        known = tuple(pieces)
        body = [statement for piece in known for statement in piece.tree.body]
        first = known[0].tree
        tree = cls(body, default_indent=first.default_indent, default_newline=first.default_newline)
        object.__setattr__(tree, "pieces", known)  # a node is frozen
        return tree

    def _codegen_impl(self, state: CodegenState) -> None:
        """Generate the pieces that hold wanted nodes; of the others the text is known."""
        for piece in self.pieces:
            if isinstance(state, Recorder) and piece.nodes.isdisjoint(state.wanted):
                state.replay(piece.text, piece.comments)
            else:
                state.default_indent, state.default_newline = piece.tree.default_indent, piece.tree.default_newline
                piece.tree._codegen_impl(state)


def parse_again(source: Source, data: bytes, before: Source, tree: cst.Module) -> cst.Module | None:
    """Return the tree of a text that is much like the one before, whose tree is known; None where that does not help.

    `data` are the bytes of the text.
    """
    if not _is_alike(source, before):
        return None
    pieces = list(_pieces(source, data, tree.pieces if isinstance(tree, PiecedModule) else ()))
    return PiecedModule.of(pieces) if pieces and sum(len(piece.text) for piece in pieces) == len(source.text) else None


def _is_alike(source: Source, before: Source) -> bool:
    lines = set(source.text.splitlines())
    return len(lines & set(before.text.splitlines())) >= LEAST_IN_COMMON * len(lines)


def _pieces(source: Source, data: bytes, known: Iterable[Piece]) -> Iterator[Piece]:
    """Yield the pieces of a text, up to one that cannot be parsed by itself; each known one is used once."""
    python = python_tree(data)
    if isinstance(python, Problem):
        return
    at_hand: dict[str, list[Piece]] = defaultdict(list)
    for piece in known:
        at_hand[piece.text].append(piece)
    for text in _cut(source, python):
        found = at_hand[text].pop() if at_hand[text] else _parsed(text)
        if found is None:
            return
        yield found


def _cut(source: Source, python: ast.Module) -> Iterator[str]:
    """Cut a text behind each line on which a statement of the top level ends."""
    start = last = 0
    for statement in python.body:
        first = min([statement.lineno, *(item.lineno for item in getattr(statement, "decorator_list", ()))])
        if 0 < last < first:
            end = source.line_starts[last]
            yield source.text[start:end]
            start = end
        last = max(last, statement.end_lineno or first)
    if 0 < last < source.rows and source.line_starts[last] < len(source.text):
        yield source.text[start : source.line_starts[last]]
        start = source.line_starts[last]
    yield source.text[start:]


def _parsed(text: str) -> Piece | None:
    """Return a piece, None where its tree does not generate it."""
    tree = attempt(text)
    if not isinstance(tree, cst.Module):
        return None
    checker = _Checker(tree, ())
    try:
        with deep_recursion():
            tree._codegen(checker)
    except RecursionError:
        return None
    if "".join(checker.tokens) != text:
        return None
    return Piece(text, tree, frozenset(checker.nodes), tuple(checker.comments))


class _Checker(Recorder):
    """Notes all nodes that it meets."""

    def __init__(self, tree: cst.Module, wanted: Iterable[cst.CSTNode]) -> None:
        super().__init__(tree, wanted)
        self.nodes: set[int] = set()

    def before_codegen(self, node: cst.CSTNode) -> None:
        """Note a node, and what the recorder notes."""
        self.nodes.add(id(node))
        super().before_codegen(node)
