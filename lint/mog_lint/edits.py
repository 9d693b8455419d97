"""Edits in terms of nodes, turned into edits of the text once it is known where the nodes stand.

The text around an edit is never generated anew, so comments, blanks and line ends stay as they are.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum

import libcst as cst

from mog_lint.model.expressions import dotted_name
from mog_lint.model.positions import Places
from mog_lint.rule import TextEdit


class Where(Enum):
    """On which side of its node an edit inserts, or that it replaces the node."""

    BEFORE = "before"
    AFTER = "after"
    INSTEAD = "instead"


@dataclass(frozen=True, eq=False)
class NodeEdit:
    """Insert `content` beside a node or replace it; the text of the node `repeated` follows the content.

    An insertion after a node takes the place of the next `drop` characters.
    """

    node: cst.CSTNode
    where: Where
    content: str
    repeated: cst.CSTNode | None = None
    drop: int = 0

    def nodes(self) -> Iterable[cst.CSTNode]:
        """Return the nodes whose places the edit needs."""
        return (self.node,) if self.repeated is None else (self.node, self.repeated)

    def in_text(self, text: str, places: Places) -> TextEdit:
        """Return the edit of the text."""
        span = places.of(self.node)
        content = self.content
        if self.repeated is not None:
            repeated = places.of(self.repeated)
            content += text[repeated.start : repeated.end]
        if self.where is Where.BEFORE:
            return TextEdit(span.start, span.start, content)
        return TextEdit(span.end if self.where is Where.AFTER else span.start, span.end + self.drop, content)


@dataclass(frozen=True)
class NodeEditor:
    """Writes edits for the node that a rule has reported."""

    node: cst.CSTNode

    def set_keyword(self, keyword: str, value: str) -> NodeEdit:
        """Give a call this keyword argument, replacing the value it has; what is no call becomes one."""
        call = self.node
        if not isinstance(call, cst.Call):
            return NodeEdit(call, Where.AFTER, f"({keyword}={value})")
        for argument in call.args:
            if argument.keyword is not None and argument.keyword.value == keyword:
                return NodeEdit(argument.value, Where.INSTEAD, value)
        if not call.args:
            return NodeEdit(call.whitespace_before_args, Where.BEFORE, f"{keyword}={value}")
        blank = call.whitespace_before_args
        own_line = isinstance(blank, cst.ParenthesizedWhitespace) and not _has_comment(blank)
        separator, repeated = (",", blank) if own_line else (", ", None)
        return NodeEdit(call.args[0], Where.BEFORE, f"{keyword}={value}{separator}", repeated)

    def await_it(self) -> list[NodeEdit]:
        """Await this expression."""
        return [NodeEdit(self.node, Where.BEFORE, "await ")]

    def await_instead(self, function: str) -> list[NodeEdit]:
        """Await a call of `function` with the same arguments, instead of this call; none where that does not fit."""
        call = self.node
        if not isinstance(call, cst.Call) or call.func.lpar:
            return []
        return [NodeEdit(call.func, Where.INSTEAD, f"await {function}")]

    def await_in_thread(self, *, is_part: bool) -> list[NodeEdit]:
        """Await `asyncio.to_thread` of this call, in parentheses where it is part of an expression."""
        call = self.node
        if not isinstance(call, cst.Call) or call.func.lpar or not call.whitespace_after_func.empty:
            return []
        start, end = ("(await ", ")") if is_part and not call.lpar else ("await ", "")
        edits = [
            NodeEdit(call.func, Where.BEFORE, f"{start}asyncio.to_thread("),
            NodeEdit(call.func, Where.AFTER, ", " if call.args else "", drop=1),
        ]
        return [*edits, NodeEdit(call, Where.AFTER, end)] if end else edits


def import_edit(tree: cst.Module, module: str) -> NodeEdit | None:
    """Import a module before the first import of a file that may have one before it, or None if there is none."""
    for line in tree.body:
        for statement in line.body if isinstance(line, cst.SimpleStatementLine) else ():
            is_future = isinstance(statement, cst.ImportFrom) and dotted_name(statement.module) == "__future__"
            if isinstance(statement, cst.Import | cst.ImportFrom) and not is_future:
                return NodeEdit(statement, Where.BEFORE, f"import {module}{tree.default_newline}")
    return None


def _has_comment(blank: cst.ParenthesizedWhitespace) -> bool:
    return blank.first_line.comment is not None or any(line.comment is not None for line in blank.empty_lines)
