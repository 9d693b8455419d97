"""Edits that let a task be put back, or keep its place, where it waits or works for long."""

from __future__ import annotations

from dataclasses import dataclass

import libcst as cst

from mog_lint.model.cancelling import names_in
from mog_lint.model.expressions import dotted_name
from mog_lint.model.walking import own, path_to
from mog_lint.node_edit import NodeEdit, Where


@dataclass(frozen=True)
class PauseEdits:
    """Edits for a node of a tree."""

    node: cst.CSTNode
    tree: cst.Module

    def let_pass(self, exceptions: str) -> list[NodeEdit]:
        """Put a handler before this one that raises these exceptions anew."""
        keyword = "except*" if isinstance(self.node, cst.ExceptStarHandler) else "except"
        content = f"{keyword} {exceptions}:\n{self.tree.default_indent}raise\n"
        return [NodeEdit(self.node, Where.BEFORE, content, is_lines=True)]

    def keep_place(self, context: str, *, is_async: bool, number: int) -> list[NodeEdit]:
        """Let this `for` loop go over `context.checkpointed(…)`, named where a `number` tells it from others."""
        loop = self.node
        if not isinstance(loop, cst.For) or loop.asynchronous is not None:
            return []
        name = (dotted_name(loop.iter).rpartition(".")[2] or "loop") + (f"-{number}" if number > 1 else "")
        edits = [
            NodeEdit(loop.iter, Where.BEFORE, f"{context}.checkpointed("),
            NodeEdit(loop.iter, Where.AFTER, f', name="{name}")' if number else ")"),
        ]
        return [NodeEdit(loop, Where.BEFORE, "async "), *edits] if is_async else edits

    def pause_instead_of_polling(self, pause: str) -> list[NodeEdit]:
        """Let this `while` loop look once and pause, where it keeps nothing from one look to the next.

        `pause` is the start of a call, such as `raise Pause(`.
        """
        loop = self.node
        if not isinstance(loop, cst.While) or loop.orelse is not None or not isinstance(loop.body, cst.IndentedBlock):
            return []
        *before, last = loop.body.body
        sleep = _sleep(last)
        if sleep is None or _keeps_something(loop, sleep) or _is_tried(path_to(loop, self.tree)):
            return []
        is_endless = isinstance(loop.test, cst.Name) and loop.test.value == "True"
        if before and not is_endless:
            return []
        seconds = self.tree.code_for_node(sleep)
        edit = NodeEdit(_only_statement(last), Where.INSTEAD, f"{pause}delay={seconds})")
        return [edit] if before else [NodeEdit(loop, Where.BEFORE, "if", drop=len("while")), edit]

    def pause_instead_of_sleep(self, context: str, pause: str, *, is_async: bool, number: int) -> list[NodeEdit]:
        """Let the task pause once instead of this call of `sleep`, and go past it when it runs again."""
        path = path_to(self.node, self.tree)
        line = next((node for node in path if isinstance(node, cst.SimpleStatementLine)), None)
        sleep = None if line is None else _sleep(line)
        loops = (cst.For, cst.While, cst.With)
        if sleep is None or line is None or _is_tried(path) or any(isinstance(node, loops) for node in path):
            return []
        key = "slept" if number == 1 else f"slept-{number}"
        indent = self.tree.default_indent
        get, keep = f'{context}.state.get("{key}")', f'{context}.state.set("{key}", True)'
        if is_async:
            get, keep = f"await {get}", f"await {keep}"
        else:
            get, keep = f"{context}.call_threadsafe({get})", f"{context}.call_threadsafe({keep})"
        content = f"if not {get}:\n{indent}{keep}\n{indent}{pause}delay={self.tree.code_for_node(sleep)})"
        return [NodeEdit(_only_statement(line), Where.INSTEAD, content, is_lines=True)]


def _sleep(statement: cst.CSTNode) -> cst.BaseExpression | None:
    """Return the argument of a statement that is a call of `sleep` and nothing else."""
    if not isinstance(statement, cst.SimpleStatementLine) or len(statement.body) != 1:
        return None
    expression = statement.body[0]
    call = expression.value if isinstance(expression, cst.Expr) else None
    call = call.expression if isinstance(call, cst.Await) else call
    if not isinstance(call, cst.Call) or len(call.args) != 1 or dotted_name(call.func).rpartition(".")[2] != "sleep":
        return None
    return None if call.args[0].star else call.args[0].value


def _only_statement(line: cst.CSTNode) -> cst.BaseSmallStatement:
    assert isinstance(line, cst.SimpleStatementLine), "`_sleep` has seen that"
    return line.body[0]


def _keeps_something(loop: cst.While, sleep: cst.BaseExpression) -> bool:
    """Say whether a turn needs what an earlier one has found out, or does not end with the last statement."""
    assigned = {name for item in own(loop) if isinstance(item, cst.AssignTarget) for name in names_in(item.target)}
    has_way = any(isinstance(item, cst.AugAssign | cst.Continue) for item in own(loop))
    return has_way or not assigned.isdisjoint(names_in(sleep))


def _is_tried(path: list[cst.CSTNode]) -> bool:
    """Say whether a `try` around might keep what is raised."""
    return any(isinstance(node, cst.Try | cst.TryStar) for node in path)
