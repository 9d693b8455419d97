"""Which pauses come after work that a task would do again from its start.

Followed is the way through the statements: what an `if` returns from does not come before what stands behind it. A task
that only looks whether it may go on has done no work.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import libcst as cst

from mog_lint.model.expressions import dotted_name
from mog_lint.model.walking import own

Statements = Sequence[cst.BaseStatement | cst.BaseSmallStatement]
PAUSE = "pause"
# What changes nothing that would have to be done again.
IDLE = frozenset(
    {"sleep", "debug", "info", "warning", "error", "exception", "log", "print", "progress", "set_metadata"}
)


def is_pause(node: cst.CSTNode) -> bool:
    """Say whether a node looks like a pause: a `raise` of what is called so, or a call of `pause`."""
    if isinstance(node, cst.Raise) and node.exc is not None:
        exception = node.exc.func if isinstance(node.exc, cst.Call) else node.exc
        return dotted_name(exception).lower().endswith(PAUSE)
    return isinstance(node, cst.Call) and isinstance(node.func, cst.Attribute) and node.func.attr.value == PAUSE


def late_pauses(function: cst.FunctionDef) -> frozenset[int]:
    """Return the `id` of each node of a function that looks like a pause and comes after work."""
    way = _Way()
    way.follow(function.body.body, worked=False)
    return frozenset(way.late)


@dataclass
class _Way:
    """Follows statements; each method returns whether work is done where it ends, None where nothing goes on."""

    late: set[int] = field(default_factory=set)

    def follow(self, body: Statements, *, worked: bool) -> bool | None:
        state: bool | None = worked
        for statement in body:
            if state is None:
                return None
            state = self._statement(statement, worked=state)
        return state

    def _statement(self, statement: cst.CSTNode, *, worked: bool) -> bool | None:
        follow = _FOLLOWERS.get(type(statement), _Way._small)
        return follow(self, statement, worked=worked)

    def _line(self, line: cst.SimpleStatementLine | cst.SimpleStatementSuite, *, worked: bool) -> bool | None:
        return self.follow(line.body, worked=worked)

    def _with(self, block: cst.With, *, worked: bool) -> bool | None:
        return self.follow(block.body.body, worked=worked)

    def _match(self, match: cst.Match, *, worked: bool) -> bool | None:
        ways = [self.follow(case.body.body, worked=worked) for case in match.cases]
        return _either([*ways, worked])

    def _small(self, statement: cst.CSTNode, *, worked: bool) -> bool | None:
        if isinstance(statement, cst.FunctionDef | cst.ClassDef):
            return worked
        pauses = [node for node in own(statement) if is_pause(node)]
        if worked:
            self.late.update(map(id, pauses))
        ends = bool(pauses) or isinstance(statement, cst.Raise | cst.Return | cst.Break | cst.Continue)
        return None if ends else worked or _is_work(statement)

    def _if(self, branch: cst.If, *, worked: bool) -> bool | None:
        ways = [self.follow(branch.body.body, worked=worked)]
        if isinstance(branch.orelse, cst.If):
            ways.append(self._if(branch.orelse, worked=worked))
        else:
            ways.append(worked if branch.orelse is None else self.follow(branch.orelse.body.body, worked=worked))
        return _either(ways)

    def _loop(self, loop: cst.For | cst.While, *, worked: bool) -> bool:
        """Follow a loop, of which an earlier turn may have worked; what a `for` awaits in each turn is work too."""
        works = worked or any(_works_in_loop(statement, loop) for statement in _statements(loop.body.body))
        self.follow(loop.body.body, worked=works)
        if loop.orelse is not None:
            self.follow(loop.orelse.body.body, worked=works)
        return works

    def _try(self, attempt: cst.Try | cst.TryStar, *, worked: bool) -> bool | None:
        """Follow a `try`; where a handler begins, the last statement has not worked: it is what failed."""
        body = attempt.body.body
        before_last = _Way().follow(body[:-1], worked=worked)
        failed = worked if before_last is None else before_last
        ways = [self.follow(body, worked=worked)]
        if ways[0] is not None and attempt.orelse is not None:
            ways = [self.follow(attempt.orelse.body.body, worked=ways[0])]
        ways += [self.follow(handler.body.body, worked=failed) for handler in attempt.handlers]
        state = _either(ways)
        if attempt.finalbody is not None:
            ended = self.follow(attempt.finalbody.body.body, worked=bool(state))
            return None if state is None else ended
        return state


def _either(ways: Iterable[bool | None]) -> bool | None:
    open_ways = [way for way in ways if way is not None]
    return any(open_ways) if open_ways else None


def _statements(body: Statements) -> Iterator[cst.CSTNode]:
    """Yield the small statements of a body at any depth, without those of functions in it."""
    for statement in body:
        yield from (node for node in own(statement) if isinstance(node, cst.BaseSmallStatement))


def _works_in_loop(statement: cst.CSTNode, loop: cst.For | cst.While) -> bool:
    if _is_work(statement):
        return True
    assigns = isinstance(statement, cst.Assign | cst.AnnAssign | cst.AugAssign)
    return isinstance(loop, cst.For) and assigns and any(isinstance(node, cst.Await) for node in own(statement))


def _is_work(statement: cst.CSTNode) -> bool:
    """Say whether a statement is there for what it does: it awaits something alone, or calls a function by its name."""
    if not isinstance(statement, cst.Expr):
        return False
    calls = [node for node in own(statement) if isinstance(node, cst.Call)]
    if any(isinstance(node, cst.Await) for node in own(statement)):
        return not calls or any(_last_name(call) not in IDLE for call in calls)
    return any(isinstance(call.func, cst.Name) and call.func.value not in IDLE for call in calls)


def _last_name(call: cst.Call) -> str:
    return dotted_name(call.func).rpartition(".")[2]


_FOLLOWERS: Mapping[type[cst.CSTNode], Callable[..., bool | None]] = {
    cst.SimpleStatementLine: _Way._line,
    cst.SimpleStatementSuite: _Way._line,
    cst.If: _Way._if,
    cst.For: _Way._loop,
    cst.While: _Way._loop,
    cst.Try: _Way._try,
    cst.TryStar: _Way._try,
    cst.With: _Way._with,
    cst.Match: _Way._match,
}
