"""Where nodes stand in the text: one code generation that notes offsets of the wanted nodes alone.

libcst's PositionProvider computes a range for each node and needs a MetadataWrapper, which copies the tree. This takes
a fraction of its time. `CodegenState` is private to libcst: pyproject.toml caps libcst, and a test compares the two
over files of the standard library.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass

import libcst as cst
from libcst._nodes.internal import CodegenState

from mog_lint.model.source import Span
from mog_lint.model.stack import deep_recursion


@dataclass(frozen=True)
class Places:
    """The spans of the wanted nodes, without their own parentheses, and those of all comments.

    `whole` has the spans with the parentheses.
    """

    spans: dict[int, Span]
    whole: dict[int, Span]
    comments: tuple[Span, ...]

    def of(self, node: cst.CSTNode) -> Span:
        """Return the span of a wanted node."""
        return self.spans[id(node)]

    def head(self, node: cst.CSTNode) -> Span:
        """Return the span of a wanted node, of a loop or handler without its body."""
        span = self.spans[id(node)]
        last = _end_of_head(node)
        if last is not None:
            return Span(span.start, self.whole[id(last)].end)
        return Span(span.start, span.start + len("except")) if isinstance(node, cst.ExceptHandler) else span


def locate(tree: cst.Module, text: str, wanted: Iterable[cst.CSTNode] = ()) -> Places:
    """Find where the wanted nodes and all comments stand in the `text` that `tree` was parsed from."""
    nodes = list(wanted)
    heads = (last for node in nodes if (last := _end_of_head(node)) is not None)
    recorder = Recorder(tree, [*nodes, *heads])
    with deep_recursion():
        tree._codegen(recorder)
    whole = recorder.inclusive
    dropped = _dropped("".join(recorder.tokens), text)

    def in_text(span: Span) -> Span:
        return Span(span.start + bisect_right(dropped, span.start), span.end + bisect_right(dropped, span.end))

    if dropped:
        whole = {node: in_text(span) for node, span in whole.items()}
        recorder.syntactic = {node: in_text(span) for node, span in recorder.syntactic.items()}
        recorder.comments = [in_text(span) for span in recorder.comments]
    return Places({**whole, **recorder.syntactic}, whole, tuple(recorder.comments))


def _end_of_head(node: cst.CSTNode) -> cst.CSTNode | None:
    """Return the last node of a loop's or handler's head, None for a bare `except` and for anything else."""
    if isinstance(node, cst.For):
        return node.iter
    if isinstance(node, cst.While):
        return node.test
    return (node.name or node.type) if isinstance(node, cst.ExceptHandler | cst.ExceptStarHandler) else None


class Recorder(CodegenState):
    """Generates code and notes the offsets at which wanted nodes begin and end.

    libcst asks for a syntactic position around most nodes. Where it names an `end_node`, a trailing block, that
    block's end is the last one that was noted. A block itself, whose start libcst takes from its first statement,
    is never asked for.
    """

    def __init__(self, tree: cst.Module, wanted: Iterable[cst.CSTNode]) -> None:
        super().__init__(default_indent=tree.default_indent, default_newline=tree.default_newline)
        self.wanted = {id(node) for node in wanted}
        self.syntactic: dict[int, Span] = {}
        self.inclusive: dict[int, Span] = {}
        self.comments: list[Span] = []
        self.offset = 0
        self.last_end = 0
        self._open: list[int] = []
        self._keep_last_end = nullcontext()
        self._note_end = _NoteEnd(self)

    def add_token(self, value: str) -> None:
        """Generate a text."""
        self.tokens.append(value)
        self.offset += len(value)

    def add_indent_tokens(self) -> None:
        """Generate the white space before a line."""
        for token in self.indent_tokens:
            self.add_token(token)

    def take(self, other: Recorder, part: Span, text: str) -> int:
        """Take in what another recorder has noted of a part of its text, and return by how much that is shifted."""
        shift = self.offset - part.start
        for own, found in ((self.inclusive, other.inclusive), (self.syntactic, other.syntactic)):
            for node, span in found.items():
                if part.start <= span.start and span.end <= part.end:
                    own[node] = Span(span.start + shift, span.end + shift)
        inside = (span for span in other.comments if part.start <= span.start and span.end <= part.end)
        self.comments += [Span(span.start + shift, span.end + shift) for span in inside]
        self.add_token(text)
        self.last_end = min(other.last_end, part.end) + shift
        return shift

    def replay(self, text: str, comments: Iterable[Span]) -> None:
        """Take in a text without wanted nodes that is known already, and where its comments stand in it."""
        self.comments += [Span(span.start + self.offset, span.end + self.offset) for span in comments]
        self.add_token(text)
        self.last_end = self.offset

    def before_codegen(self, node: cst.CSTNode) -> None:
        """Note where a node begins, its own parentheses included."""
        if type(node) is cst.Comment or id(node) in self.wanted:
            self._open.append(self.offset)

    def after_codegen(self, node: cst.CSTNode) -> None:
        """Note where a node ends, its own parentheses included."""
        if type(node) is cst.Comment:
            self.comments.append(Span(self._open.pop(), self.offset))
        elif id(node) in self.wanted:
            self.inclusive[id(node)] = Span(self._open.pop(), self.offset)

    def record_syntactic_position(  # type: ignore[override]  # a shared context manager is twice as fast as a generator
        self,
        node: cst.CSTNode,
        *,
        start_node: cst.CSTNode | None = None,  # noqa: ARG002 - blocks alone have one
        end_node: cst.CSTNode | None = None,
    ) -> AbstractContextManager[None]:
        """Note where a node begins and ends, without its own parentheses."""
        # An import names its closing parenthesis or star, which are no blocks.
        own_end = end_node is None or type(node) is cst.ImportFrom
        if id(node) in self.wanted:
            return self._record(node, own_end)
        return self._note_end if own_end else self._keep_last_end

    @contextmanager
    def _record(self, node: cst.CSTNode, own_end: bool) -> Iterator[None]:
        start = self.offset
        yield
        if own_end:
            self.last_end = self.offset
        self.syntactic[id(node)] = Span(start, self.last_end)


class _NoteEnd(AbstractContextManager[None]):
    def __init__(self, recorder: Recorder) -> None:
        self.recorder = recorder

    def __exit__(self, *_: object) -> None:
        self.recorder.last_end = self.recorder.offset


def _dropped(generated: str, text: str) -> list[int]:
    """Return the offsets in `generated` before which characters of `text` are missing, once for each.

    libcst does not keep a form feed between tokens, nor a final lone CR.
    """
    if generated == text:
        return []
    missing = []
    place = 0
    for character in text:
        if place < len(generated) and generated[place] == character:
            place += 1
        else:
            missing.append(place)
    return missing
