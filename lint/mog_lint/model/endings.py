"""How an exception's handler may end: by the way it is written, whatever its conditions say."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import libcst as cst

from mog_lint.model.blocks import Fact
from mog_lint.model.expressions import dotted_name, root_name
from mog_lint.model.walking import own

Statements = Sequence[cst.BaseStatement | cst.BaseSmallStatement]
ENDS_PROCESS = frozenset({"sys.exit", "os._exit", "os.abort", "exit"})
# What only tells of an exception, or looks at it.
TELLERS = frozenset(
    {"debug", "info", "warning", "warn", "error", "exception", "critical", "log", "print", "write", "echo", "format"}
    | {"str", "repr", "type", "isinstance", "issubclass", "getattr", "hasattr", "print_exc", "print_exception"}
    | {"format_exception", "format_exception_only", "format_exc", "format_tb"}
)
# What tells whether it was oneself who was cancelled.
QUESTIONS = frozenset(
    {"cancelling", "uncancel", "cancelled", "is_cancelled", "cancel_called", "cancelled_caught", "expired"}
)
# What is called so tells whether the whole is to end.
STOPPING = re.compile(r"(^|_)(is_set$|stop|clos|shut|exit|quit|terminat)")


def facts_of(handler: cst.ExceptHandler | cst.ExceptStarHandler) -> str:
    """Return what is known of a handler, as letters."""
    caught = _caught(handler)
    body = handler.body.body
    facts = set(_endings(body, caught))
    for node in _nodes(body):
        if _asks(node, caught):
            facts.add(Fact.ASKS)
        elif caught and _hands_on(node, caught):
            facts.add(Fact.HANDS_ON)
    return "".join(sorted(facts))


def _caught(handler: cst.ExceptHandler | cst.ExceptStarHandler) -> str:
    name = None if handler.name is None else handler.name.name
    return name.value if isinstance(name, cst.Name) else ""


def _endings(body: Statements, caught: str) -> Iterator[Fact]:
    """Yield the ways out of a sequence of statements; a caught exception that is raised again bears this name."""
    for statement in body:
        ways = set(_ways(statement, caught))
        yield from ways - {Fact.GOES_ON}
        if Fact.GOES_ON not in ways:
            return
    yield Fact.GOES_ON


def _ways(statement: cst.CSTNode, caught: str) -> Iterator[Fact]:
    if isinstance(statement, cst.SimpleStatementLine | cst.SimpleStatementSuite):
        yield from _endings(statement.body, caught)
    elif isinstance(statement, cst.Raise):
        again = statement.exc is None or (caught and root_name(statement.exc) == caught)
        yield Fact.RERAISES if again else Fact.RAISES_OTHER
    elif (simple := _SIMPLE.get(type(statement))) is not None:
        yield simple
    elif isinstance(statement, cst.Expr) and _ends_process(statement.value):
        yield Fact.RAISES_OTHER
    elif isinstance(statement, cst.For | cst.While):
        yield from set(_endings(statement.body.body, caught)) - {Fact.BREAKS, Fact.CONTINUES}
        yield Fact.GOES_ON
    elif isinstance(statement, cst.Try | cst.TryStar) and statement.finalbody is not None:
        yield from _ways_past(statement, statement.finalbody.body.body, caught)
    else:
        yield from _ways_of_one(statement, caught)


def _ways_past(attempt: cst.Try | cst.TryStar, final: Statements, caught: str) -> Iterator[Fact]:
    """Yield the ways out of a `try` with a `finally`, which may have the last word."""
    ways = set(_endings(final, caught))
    if Fact.GOES_ON in ways:
        ways = (ways - {Fact.GOES_ON}) | set(_ways_of_one(attempt, caught))
    yield from ways


def _ways_of_one(statement: cst.CSTNode, caught: str) -> Iterator[Fact]:
    bodies = list(_alternatives(statement))
    for body in bodies:
        yield from _endings(body, caught)
    if not bodies:
        yield Fact.GOES_ON


def _alternatives(statement: cst.CSTNode) -> Iterator[Statements]:
    """Yield the bodies of which one is run, an empty one where that may be none."""
    if isinstance(statement, cst.If):
        yield statement.body.body
        yield from [()] if statement.orelse is None else _alternatives(statement.orelse)
    elif isinstance(statement, cst.Else | cst.With):
        yield statement.body.body
    elif isinstance(statement, cst.Try | cst.TryStar):
        yield (*statement.body.body, *(() if statement.orelse is None else statement.orelse.body.body))
        yield from (handler.body.body for handler in statement.handlers)
    elif isinstance(statement, cst.Match):
        yield from (case.body.body for case in statement.cases)
        yield ()


def _ends_process(value: cst.BaseExpression) -> bool:
    return isinstance(value, cst.Call) and dotted_name(value.func) in ENDS_PROCESS


def _asks(node: cst.CSTNode, caught: str) -> bool:
    if isinstance(node, cst.Attribute) and node.attr.value in QUESTIONS:
        return True
    if isinstance(node, cst.If | cst.IfExp):
        names = _names(node.test)
        return (bool(caught) and caught in names) or any(map(STOPPING.search, names))
    return isinstance(node, cst.Match) and bool(caught) and caught in _names(node.subject)


def _hands_on(node: cst.CSTNode, caught: str) -> bool:
    """Say whether the exception itself is kept, returned, yielded, or given to what does more than tell of it."""
    if isinstance(node, cst.Assign | cst.AnnAssign | cst.Return | cst.Yield):
        return isinstance(node.value, cst.Name) and node.value.value == caught
    if not isinstance(node, cst.Call) or dotted_name(node.func).rpartition(".")[2] in TELLERS:
        return False
    return any(isinstance(argument.value, cst.Name) and argument.value.value == caught for argument in node.args)


def _names(node: cst.CSTNode) -> set[str]:
    """Return the names in an expression, those of attributes too."""
    return {item.value for item in own(node) if isinstance(item, cst.Name)}


def _nodes(body: Statements) -> Iterator[cst.CSTNode]:
    for statement in body:
        yield from own(statement)


_SIMPLE: dict[type[cst.CSTNode], Fact] = {
    cst.Return: Fact.RETURNS,
    cst.Break: Fact.BREAKS,
    cst.Continue: Fact.CONTINUES,
}
