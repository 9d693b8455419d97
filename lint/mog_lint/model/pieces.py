"""A text that is typed in is parsed where it was changed: other statements keep their trees.

libcst parses some 15,000 lines a second, which is 30 ms for 500 lines, and for each keystroke. CPython's own parser
takes a tenth of that and tells where statements end (`outline`). So the text is cut there, and each piece is parsed by
itself; its tree has to generate it again. The pieces are the whole text, and their statements those of its tree, white
space and comments between them apart.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Self

import libcst as cst
from libcst._nodes.internal import CodegenState

from mog_lint.model.cutting import Cut
from mog_lint.model.outline import outline
from mog_lint.model.parsing import attempt
from mog_lint.model.positions import Recorder
from mog_lint.model.source import Problem, Source, Span
from mog_lint.model.stack import deep_recursion

LEAST_IN_COMMON = 0.8  # of the lines; with less in common another text is at hand, and pieces would not pay


@dataclass(frozen=True, eq=False)
class Piece:
    """A piece of a text: its tree, the ids of all nodes in that, and where its comments stand in the piece."""

    cut: Cut
    tree: cst.Module
    nodes: frozenset[int]
    comments: tuple[Span, ...]

    @property
    def opened(self) -> cst.ClassDef | None:
        """The class whose head this is; its body are the next pieces."""
        return _class_of(self.tree) if self.cut.behind else None

    @property
    def members(self) -> Iterable[cst.BaseStatement]:
        """The statements of a class's body; this is not its head."""
        return _block(_class_of(self.tree)).body

    def locate(self, state: Recorder) -> int:
        """Note where wanted nodes stand, and return where the class begins whose head this is."""
        own = Recorder(self.tree, () if self.opened is None else [self.opened])
        own.wanted |= state.wanted
        self.tree._codegen(own)
        shift = state.take(own, self.cut.own, self.cut.text)
        return shift if self.opened is None else shift + own.syntactic[id(self.opened)].start


class PiecedModule(cst.Module):
    """A tree whose statements are those of its pieces; `classes` are those that consist of several, by their ids."""

    pieces: tuple[Piece, ...]
    classes: dict[int, range]

    @classmethod
    def of(cls, pieces: Iterable[Piece]) -> Self:
        """Put pieces together."""
        known = tuple(pieces)
        body: list[cst.SimpleStatementLine | cst.BaseCompoundStatement] = []
        classes: dict[int, range] = {}
        for group in _groups(known):
            head = known[group.start]
            if head.opened is None:
                body += head.tree.body
            else:
                members = [statement for index in group[1:] for statement in known[index].members]
                body.append(head.opened.with_changes(body=_block(head.opened).with_changes(body=members)))
                classes[id(body[-1])] = group
        first = known[0].tree
        tree = cls(body, default_indent=first.default_indent, default_newline=first.default_newline)
        object.__setattr__(tree, "pieces", known)  # a node is frozen
        object.__setattr__(tree, "classes", classes)
        return tree

    def _codegen_impl(self, state: CodegenState) -> None:
        """Generate the pieces that hold wanted nodes; of the others the text is known."""
        assert isinstance(state, Recorder), "a tree of pieces is asked for places alone"
        classes = [(name, group) for name, group in self.classes.items() if name in state.wanted]
        needed = {index for _, group in classes for index in group}
        starts = {}
        for index, piece in enumerate(self.pieces):
            if index in needed or not piece.nodes.isdisjoint(state.wanted):
                starts[index] = piece.locate(state)
            else:
                state.replay(piece.cut.text, piece.comments)
            for name, group in classes:
                if index == group[-1]:
                    state.syntactic[name] = Span(starts[group.start], state.last_end)


def parse_again(source: Source, data: bytes, before: Source, tree: cst.Module) -> cst.Module | None:
    """Return the tree of a text that is much like the one before, whose tree is known; None where that does not help.

    `data` are the bytes of the text.
    """
    units = outline(source, data) if _is_alike(source, before) else None
    if units is None or isinstance(units, Problem):
        return None
    cuts = (cut for unit in units for cut in unit.cuts)
    pieces = list(_pieces(cuts, tree.pieces if isinstance(tree, PiecedModule) else ()))
    is_whole = sum(len(piece.cut.text) for piece in pieces) == len(source.text)
    return PiecedModule.of(pieces) if pieces and is_whole else None


def _is_alike(source: Source, before: Source) -> bool:
    lines = set(source.text.splitlines())
    return len(lines & set(before.text.splitlines())) >= LEAST_IN_COMMON * len(lines)


def _pieces(wanted: Iterable[Cut], known: Iterable[Piece]) -> Iterator[Piece]:
    """Yield pieces, up to one that cannot be parsed by itself; each known one is used once."""
    at_hand: dict[Cut, list[Piece]] = defaultdict(list)
    for piece in known:
        at_hand[piece.cut].append(piece)
    for cut in wanted:
        found = at_hand[cut].pop() if at_hand[cut] else _parsed(cut)
        if found is None:
            return
        yield found


def _groups(pieces: tuple[Piece, ...]) -> Iterator[range]:
    """Yield the pieces that belong together: a class's, or one alone."""
    first = 0
    for index in range(1, len(pieces) + 1):
        if index == len(pieces) or not pieces[index].cut.before:
            yield range(first, index)
            first = index


def _parsed(cut: Cut) -> Piece | None:
    """Return a piece; None where its tree does not generate it, or is not what the cut was made for."""
    tree = attempt(cut.whole)
    if not isinstance(tree, cst.Module) or not _fits(cut, tree):
        return None
    checker = _Checker(tree, ())
    try:
        with deep_recursion():
            tree._codegen(checker)
    except RecursionError:
        return None
    if "".join(checker.tokens) != cut.whole:
        return None
    start, end = cut.own.start, cut.own.end
    inside = (span for span in checker.comments if start <= span.start and span.end <= end)
    comments = tuple(Span(span.start - start, span.end - start) for span in inside)
    return Piece(cut, tree, frozenset(checker.nodes), comments)


def _fits(cut: Cut, tree: cst.Module) -> bool:
    if not cut.before and not cut.behind:
        return True
    (only, *others) = (*tree.body, None)
    is_class = isinstance(only, cst.ClassDef) and isinstance(only.body, cst.IndentedBlock) and others == [None]
    return is_class and (not cut.behind or len(_block(_class_of(tree)).body) == 1)


def _class_of(tree: cst.Module) -> cst.ClassDef:
    only = tree.body[0]
    assert isinstance(only, cst.ClassDef), "that is what was parsed"
    return only


def _block(node: cst.ClassDef) -> cst.IndentedBlock:
    assert isinstance(node.body, cst.IndentedBlock), "that is what was parsed"
    return node.body


class _Checker(Recorder):
    """Notes all nodes that it meets."""

    def __init__(self, tree: cst.Module, wanted: Iterable[cst.CSTNode]) -> None:
        super().__init__(tree, wanted)
        self.nodes: set[int] = set()

    def before_codegen(self, node: cst.CSTNode) -> None:
        """Note a node, and what the recorder notes."""
        self.nodes.add(id(node))
        super().before_codegen(node)
