"""Writes edits in terms of nodes.

The text around an edit is never generated anew, so comments, blanks and line ends stay as they are.
"""

from __future__ import annotations

from dataclasses import dataclass

import libcst as cst

from mog_lint.model.expressions import dotted_name
from mog_lint.node_edit import NodeEdit, Where
from mog_lint.pause_edits import PauseEdits


@dataclass(frozen=True)
class NodeEditor(PauseEdits):
    """Writes edits for the node of a tree that a rule has reported."""

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
