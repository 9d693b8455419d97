"""Walks a tree once and reduces it to a summary.

The walk follows statements in the order in which Python runs them: names are bound as the program binds them, branches
are walked one by one and merged, and bodies of functions come last, when all names of their module are known.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import libcst as cst

from mog_lint.model.binding import add_held, bind_import, bind_import_from, bind_self, bind_target, lasting
from mog_lint.model.blocks import Fact, Kind
from mog_lint.model.body import Body
from mog_lint.model.calls import CallCollector
from mog_lint.model.cancelling import is_timeout
from mog_lint.model.catching import Catching
from mog_lint.model.conditions import alternatives_of, switches
from mog_lint.model.expressions import instances_of, is_main_guard, root_name, symbols_of
from mog_lint.model.harvest import Harvest
from mog_lint.model.parameters import parameters
from mog_lint.model.scope import MAX_SYMBOLS, Scope, merge
from mog_lint.model.summary import (
    CONTEXT,
    Argument,
    Class,
    Decoration,
    Function,
    Parameter,
    Summary,
    Symbols,
    Use,
    is_context,
    text_of,
)
from mog_lint.model.turns import items, symbols_of_iterable, turns_of_iterable, turns_of_while
from mog_lint.model.walks import Start, Walk, Walks

LOCALS = ".<locals>."
Statements = Sequence[cst.BaseStatement | cst.BaseSmallStatement]


@dataclass(frozen=True)
class Built:
    """A summary without suppressions, the nodes that its sites stand for, and the walks that may be of use again."""

    summary: Summary
    nodes: tuple[cst.CSTNode, ...]
    walks: Walks


def build(tree: cst.Module, before: Walks | None = None) -> Built:
    """Reduce a tree to a summary; `before` are the walks through a tree with which it may share functions.

    None says that there will be no such tree later on either, so that none are kept.
    """
    builder = _Builder()
    module = Scope()
    builder.walk(tree.body, module)
    builder.exports = dict(module.names)
    walks: Walks = {}
    while builder.starts:
        start = builder.starts.popleft()
        function = start.body.function
        if before is None:
            builder.walk_body(start)
        elif (walk := builder.walk_again(start, before.get(function))) is not None:
            walks[function] = walk
    return Built(builder.summary(), tuple(builder.nodes), walks)


@dataclass
class _Builder(Harvest):
    """Walks, and collects what it finds on the way."""

    body: Body | None = None
    branch: tuple[str, ...] = ()

    def walk_body(self, start: Start) -> None:
        """Walk a function's body."""
        self.body, self.branch = start.body, start.branch
        self.bodies.append(start.body)
        self.walk(start.body.function.body.body, start.scope)

    def walk_again(self, start: Start, known: Walk | None) -> Walk | None:
        """Take over a known walk through a body if it fits; return the one that may be known the next time."""
        outset, mark = self.outset(start), self.mark()
        if known is not None and known.fits(start, outset):
            return self.take_over(known)
        start.scope.asked = set()
        self.walk_body(start)
        return self.walk_since(mark, start, outset)

    def walk(self, body: Statements, scope: Scope) -> None:
        """Walk statements in order."""
        begun = 0
        for statement in body:
            if type(statement) is cst.SimpleStatementLine:
                self.walk(statement.body, scope)
            elif (visit := _VISITORS.get(type(statement).__name__)) is not None:
                visit(self, statement, scope)
                if self.body is not None and type(statement) is cst.If:
                    begun += self.body.conditions.past(statement, len(self.body.calls))
        if self.body is not None:
            self.body.conditions.end(begun, len(self.body.calls))

    def symbols(self, expression: cst.BaseExpression, scope: Scope) -> Symbols:
        return symbols_of(expression, scope, bool(self.stars))

    def calls(self, node: cst.CSTNode | None, scope: Scope, use: Use = Use.PART) -> None:
        """Note the calls of an expression, if it stands in a function."""
        if self.body is not None:
            self.collector(self.body).visit(node, scope, use)

    def collector(self, body: Body) -> CallCollector:
        return CallCollector(body, self.site, bool(self.stars))

    def instances(self, annotation: cst.Annotation | None, scope: Scope) -> Symbols:
        return () if annotation is None else instances_of(annotation.annotation, scope, bool(self.stars))

    # Definitions

    def function(self, node: cst.FunctionDef, scope: Scope) -> None:
        name = node.name.value
        qualname = scope.qualify(name)
        decorations = tuple(self.decoration(decorator, scope) for decorator in node.decorators)
        function = Function(
            qualname,
            self.site(node.name),
            decorations,
            self.instances(node.returns, scope),
            self.first_parameter(node.params, scope),
            scope.is_class,
            self.branch,
            node.asynchronous is not None,
            parameters=switches(node),
        )
        scope.bind(name, (f":{qualname}",))
        inner = Scope(scope, f"{qualname}{LOCALS}")
        given = parameters(node, is_method=scope.is_class)
        for parameter, may_be_context in given:
            symbols = (CONTEXT,) if may_be_context else self.instances(parameter.annotation, scope)
            inner.bind(parameter.name.value, symbols)
        takes_context = any(is_context(symbol) for symbols in inner.names.values() for symbol in symbols)
        body = Body(node, self.body, takes_context)
        self.functions.append(function)
        for rest in (node.params.star_arg, node.params.star_kwarg):
            if isinstance(rest, cst.Param):  # the annotation tells what is inside, not what it is
                inner.bind(rest.name.value)
        if scope.is_class:
            bind_self(node, inner)
        inner.on_bind = body.conditions.rebind
        self.starts.append(Start(body, inner, self.branch))

    def lambda_(self, name: cst.Name, node: cst.Lambda, scope: Scope) -> Symbols:
        """Note a lambda that is bound to a name as the function that it might as well be, and return its symbol."""
        body = cst.SimpleStatementSuite([cst.Return(node.body)])
        self.function(cst.FunctionDef(name, node.params, body), scope)
        return (f":{scope.qualify(name.value)}",)

    def decoration(self, decorator: cst.Decorator, scope: Scope) -> Decoration:
        expression = decorator.decorator
        site = self.site(expression)
        is_local = scope.is_local(root_name(expression))
        if isinstance(expression, cst.Call):
            arguments = tuple(self.argument(argument, scope) for argument in expression.args)
            return Decoration(self.symbols(expression.func, scope), site, arguments, is_local)
        return Decoration(self.symbols(expression, scope), site, None, is_local)

    def argument(self, argument: cst.Arg, scope: Scope) -> Argument:
        value = argument.value
        items = None
        if isinstance(value, cst.Tuple | cst.List):
            items = tuple(self.symbols(element.value, scope) for element in value.elements)
        keyword = None if argument.keyword is None else argument.keyword.value
        return Argument(keyword, argument.star, self.site(value), self.symbols(value, scope), items)

    def first_parameter(self, parameters: cst.Parameters, scope: Scope) -> Parameter | None:
        first = next(iter((*parameters.posonly_params, *parameters.params)), parameters.star_arg)
        if not isinstance(first, cst.Param):
            return None
        return Parameter(first.name.value, self.instances(first.annotation, scope), bool(first.star))

    def class_(self, node: cst.ClassDef, scope: Scope) -> None:
        name = node.name.value
        qualname = scope.qualify(name)
        bases = tuple(self.symbols(base.value, scope) for base in node.bases if not base.star)
        inner = Scope(scope, f"{qualname}.", is_class=True)
        self.walk(node.body.body, inner)
        if scope.parent is None:
            self.classes[name] = Class(qualname, bases, frozenset(inner.names))
            self.attributes[name] = {key: held for key, symbols in inner.names.items() if (held := lasting(symbols))}
        scope.bind(name, (f":{qualname}",))

    # Imports and assignments

    def import_from(self, node: cst.ImportFrom, scope: Scope) -> None:
        self.stars += bind_import_from(node, scope)

    def assign(self, node: cst.Assign, scope: Scope) -> None:
        self.calls(node.value, scope, Use.BOUND)
        symbols = self.symbols(node.value, scope)
        if isinstance(node.value, cst.Lambda) and isinstance(node.targets[0].target, cst.Name):
            symbols = self.lambda_(node.targets[0].target, node.value, scope)
        for target in node.targets:
            self.calls_of_target(target.target, scope)
            self.hold(target.target, symbols, scope)
            if self.body is not None:
                self.body.cancelling.note_source(target.target, node.value)
            bind_target(target.target, symbols, scope)

    def annotated_assign(self, node: cst.AnnAssign, scope: Scope) -> None:
        self.calls(node.value, scope, Use.BOUND)
        value = () if node.value is None else self.symbols(node.value, scope)
        is_text = any(text_of(symbol) is not None for symbol in value)  # of which the annotation tells less
        symbols = value if is_text else value + self.instances(node.annotation, scope)
        self.hold(node.target, symbols, scope)
        bind_target(node.target, symbols, scope)

    def augmented_assign(self, node: cst.AugAssign, scope: Scope) -> None:
        self.calls(node.value, scope)
        bind_target(node.target, (), scope)

    def calls_of_target(self, target: cst.BaseExpression, scope: Scope) -> None:
        if not isinstance(target, cst.Name):
            self.calls(target, scope)

    def hold(self, target: cst.BaseExpression, symbols: Symbols, scope: Scope) -> None:
        """Note what `self.name = …` in a method makes of the name."""
        if not isinstance(target, cst.Attribute) or not isinstance(target.value, cst.Name):
            return
        if not scope.self_name or target.value.value != scope.self_name:
            return
        if self.body is not None:
            held = self.body.held.setdefault(scope.self_class, {})
            add_held(held, {target.attr.value: lasting(symbols)})

    def expression(self, node: cst.Expr, scope: Scope) -> None:
        self.calls(node.value, scope, Use.STATEMENT)

    def raise_(self, node: cst.Raise, scope: Scope) -> None:
        if self.body is not None:
            self.collector(self.body).raised(node, scope)

    def assert_(self, node: cst.Assert, scope: Scope) -> None:
        self.calls(node.test, scope)

    def global_(self, node: cst.Global, _scope: Scope) -> None:
        if self.body is not None:
            self.body.conditions.share(node)

    def delete(self, node: cst.Del, scope: Scope) -> None:
        bind_target(node.target, (), scope)

    def return_(self, node: cst.Return, scope: Scope) -> None:
        self.calls(node.value, scope, Use.BOUND)
        if node.value is not None and self.body is not None:
            self.body.returned = (self.body.returned + self.symbols(node.value, scope))[:MAX_SYMBOLS]

    # Branches

    def branches(self, bodies: Iterable[Iterable[Statements]], scope: Scope) -> None:
        """Walk alternatives, each a sequence of bodies, from the same names, and merge what they bind."""
        before, outer = scope.names, self.branch
        self.branchings += 1
        number = self.branchings
        outcomes = []
        for alternative, sequence in enumerate(bodies):
            scope.names = dict(before)
            self.branch = (*outer, f"{number}/{alternative}")
            for body in sequence:
                self.walk(body, scope)
            outcomes.append(scope.names)
        scope.names, self.branch = merge(outcomes), outer

    def if_(self, node: cst.If, scope: Scope) -> None:
        if scope.parent is None and is_main_guard(node.test):
            self.is_script = True
        alternatives = alternatives_of(node)
        for test, _ in alternatives:
            self.calls(test, scope)
        if self.body is None:
            self.branches(([body] for _, body in alternatives), scope)
        else:
            self.branches(self.body.conditions.alternatives(alternatives, self.body.calls), scope)

    def try_(self, node: cst.Try | cst.TryStar, scope: Scope) -> None:
        catching = Catching(self.body, self.site, bool(self.stars), scope)
        catching.begin(Kind.TRY)
        self.branches(catching.alternatives(node), scope)
        if node.finalbody is not None:
            catching.begin(Kind.FINALLY)
            self.walk(node.finalbody.body.body, scope)
            catching.end()
        catching.end()

    def for_(self, node: cst.For, scope: Scope) -> None:
        self.calls(node.iter, scope)
        symbols = symbols_of_iterable(node.iter, scope, bool(self.stars))
        turns = turns_of_iterable(node.iter, scope)
        if self.body is not None and node.asynchronous is not None:
            self.body.note_await()
        bind_target(node.target, items(node.iter, scope, bool(self.stars)), scope)
        self.loop(node, (Kind.FOR, symbols, turns), scope)

    def while_(self, node: cst.While, scope: Scope) -> None:
        self.loop(node, (Kind.WHILE, (), turns_of_while(node, scope)), scope)

    def loop(self, node: cst.For | cst.While, known: tuple[Kind, Symbols, int], scope: Scope) -> None:
        """Walk a loop, of which its kind, what it goes over and its turns are known."""
        kind, symbols, turns = known
        if self.body is not None:
            self.body.begin(kind)
            if isinstance(node, cst.For) and isinstance(node.target, cst.Name):
                self.body.cancelling.sources[node.target.value] = node.iter
        if isinstance(node, cst.While):
            self.calls(node.test, scope)
        self.branches([[node.body.body], []], scope)
        if self.body is not None:
            is_async = isinstance(node, cst.For) and node.asynchronous is not None
            self.body.end(self.site(node), symbols, turns, Fact.IS_ASYNC if is_async else "")
        for body in _bodies(node.orelse):
            self.walk(body, scope)

    def with_(self, node: cst.With, scope: Scope) -> None:
        entered = [self.enter(node, item, scope) for item in node.items]
        for item in node.items:
            if item.asname is not None:
                bind_target(item.asname.name, self.symbols(item.item, scope), scope)
        if self.body is not None and node.asynchronous is not None:
            self.body.note_await(waits=not is_timeout(node))
        before = 0 if self.body is None else self.body.awaits
        catching = Catching(self.body, self.site, bool(self.stars), scope)
        caught = catching.enter(node)
        self.walk(node.body.body, scope)
        catching.leave(node, caught)
        if self.body is not None and self.body.awaits > before:
            for index in entered:
                if index is not None:
                    self.body.calls[index] = self.body.calls[index]._replace(use=Use.WITH_AWAIT)

    def enter(self, node: cst.With, item: cst.WithItem, scope: Scope) -> int | None:
        """Note what a `with` does with one of its items, and where that stands; `async with` awaits it."""
        if self.body is None:
            return None
        collector = self.collector(self.body)
        if node.asynchronous is None:
            return collector.enter(item.item, scope)
        collector.visit(item.item, scope, Use.AWAITED)
        return None

    def match(self, node: cst.Match, scope: Scope) -> None:
        self.calls(node.subject, scope)
        self.branches([*([case.body.body] for case in node.cases), []], scope)


def _bodies(clause: cst.Else | cst.Finally | None) -> list[Statements]:
    return [] if clause is None else [clause.body.body]


# By the name of the node's class: libcst gains classes with Python's syntax, such as LazyImport in 1.9.
_VISITORS: dict[str, Callable[..., None]] = {
    "FunctionDef": _Builder.function,
    "ClassDef": _Builder.class_,
    "Import": lambda _, node, scope: bind_import(node, scope),
    "ImportFrom": _Builder.import_from,
    "LazyImport": lambda _, node, scope: bind_import(node, scope),
    "LazyImportFrom": _Builder.import_from,
    "Assign": _Builder.assign,
    "AnnAssign": _Builder.annotated_assign,
    "AugAssign": _Builder.augmented_assign,
    "Del": _Builder.delete,
    "Expr": _Builder.expression,
    "Global": _Builder.global_,
    "Raise": _Builder.raise_,
    "Assert": _Builder.assert_,
    "Return": _Builder.return_,
    "If": _Builder.if_,
    "Try": _Builder.try_,
    "TryStar": _Builder.try_,
    "For": _Builder.for_,
    "While": _Builder.while_,
    "With": _Builder.with_,
    "Match": _Builder.match,
}
