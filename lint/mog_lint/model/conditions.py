"""Notes under which conditions on its parameters a function makes its calls, and what it does the first time only.

    def load(path, fetch=False):
        if fetch:
            download(path)          # asks for `fetch`

    def instance():
        global _instance
        if _instance is None:
            _instance = connect()   # once in a process

Conditions are kept as clauses that all hold, each of predicates of which one does.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import libcst as cst

from mog_lint.model.expressions import dotted_name, root_name
from mog_lint.model.summary import NONE, Condition, Given, Predicate, Verb, text_symbol
from mog_lint.model.walking import own

Clauses = tuple[tuple[Predicate, ...], ...]
Statements = Sequence[cst.BaseStatement | cst.BaseSmallStatement]
Alternatives = list[tuple[cst.BaseExpression | None, Statements]]
LONGEST = 40  # characters of a text that may be a switch; what is longer, or has spaces, is told to people
ANYTHING: Clauses = ((Predicate("", Verb.ANYTHING),),)
_SWITCHES = {"True": "=True", "False": "=False", "None": NONE}
_OPPOSITE = {
    Verb.IS_TRUE: Verb.IS_FALSE,
    Verb.IS: Verb.IS_NOT,
    Verb.STARTS: Verb.STARTS_NOT,
    Verb.IS_FALSE: Verb.IS_TRUE,
    Verb.IS_NOT: Verb.IS,
    Verb.STARTS_NOT: Verb.STARTS,
}
_ENDS = (cst.Return, cst.Raise, cst.Continue, cst.Break)


@dataclass
class Conditions:
    """The conditions of one function's body, those that are `_open` from the outside in."""

    function: cst.FunctionDef
    noted: list[Condition] = field(default_factory=list)
    rebound: list[tuple[str, int]] = field(default_factory=list)
    _open: list[int] = field(default_factory=list)
    _shared: set[str] = field(default_factory=set)

    @cached_property
    def names(self) -> frozenset[str]:
        """The names of the parameters that a caller gives a value by place or by name."""
        return frozenset(parameter.name.value for parameter in listed(self.function))

    def share(self, statement: cst.Global) -> None:
        """Note names of the module that the function gives a value."""
        self._shared.update(item.name.value for item in statement.names)

    def rebind(self, name: str) -> None:
        """Note that a parameter may be something else from now on."""
        if name in self.names:
            self.rebound.append((name, self._innermost))

    def alternatives(self, branches: Alternatives, calls: Sequence[object]) -> Iterator[Iterator[Statements]]:
        """Yield the alternatives of an `if`, each as bodies; who takes the next one has walked those before.

        `calls` is where the body's calls are collected.
        """
        failed: Clauses = ()
        for test, body in branches:
            held = failed if test is None else failed + self._clauses(test, holds=True)
            failed += () if test is None else self._clauses(test, holds=False)
            yield self._under(held, body, calls)

    def _under(self, clauses: Clauses, body: Statements, calls: Sequence[object]) -> Iterator[Statements]:
        count = self.begin(clauses, len(calls))
        yield body
        self.end(count, len(calls))

    def past(self, statement: cst.CSTNode, call: int) -> int:
        """Begin what holds behind a statement because it would have left; return how many conditions that are.

        What is only let through by a check that raises, or skipped in some turns of a loop, is no special case.
        """
        last = _last(statement.body.body) if isinstance(statement, cst.If) and statement.orelse is None else None
        if not isinstance(statement, cst.If) or not isinstance(last, _ENDS):
            return 0
        return self.begin(self._clauses(statement.test, holds=False), call, is_usual=not isinstance(last, cst.Return))

    def begin(self, clauses: Clauses, call: int, *, is_usual: bool = False) -> int:
        """Begin conditions before the call of this number; return how many they are."""
        for clause in clauses:
            self.noted.append(Condition(call, call, self._innermost, clause, is_usual))
            self._open.append(len(self.noted) - 1)
        return len(clauses)

    def end(self, count: int, call: int) -> None:
        """End the conditions that were begun last."""
        for _ in range(count):
            number = self._open.pop()
            if self.noted[number].first < call or any(under == number for _, under in self.rebound):
                self.noted[number] = self.noted[number]._replace(end=call)
            elif number == len(self.noted) - 1:
                self.noted.pop()  # nothing happens under it

    @property
    def _innermost(self) -> int:
        return self._open[-1] if self._open else -1

    def _clauses(self, test: cst.BaseExpression, *, holds: bool) -> Clauses:
        once = ((Predicate("", Verb.FIRST_TIME),),) if self._is_first_time(test, holds=holds) else ()
        return once + self._tests(test, holds=holds)

    def _tests(self, node: cst.BaseExpression, *, holds: bool) -> Clauses:
        """Return what is known where an expression is true, or where it is not."""
        if isinstance(node, cst.UnaryOperation) and isinstance(node.operator, cst.Not):
            return self._tests(node.expression, holds=not holds)
        if isinstance(node, cst.BooleanOperation):
            left, right = self._tests(node.left, holds=holds), self._tests(node.right, holds=holds)
            if isinstance(node.operator, cst.And) == holds:
                return left + right
            return tuple((*one, *other) for one in left for other in right)
        found = self._test(node)
        if found is None:
            return ANYTHING
        return ((found if holds else found._replace(verb=_OPPOSITE[found.verb]),),)

    def _test(self, node: cst.BaseExpression) -> Predicate | None:
        """Return what a single test asks of a parameter, or None."""
        if isinstance(node, cst.Name):
            return Predicate(node.value, Verb.IS_TRUE) if node.value in self.names else None
        if isinstance(node, cst.Comparison):
            return self._comparison(node)
        if isinstance(node, cst.Call) and isinstance(node.func, cst.Attribute) and node.func.attr.value == "startswith":
            prefix = _constant(node.args[0].value) if len(node.args) == 1 else ""
            name = _name(node.func.value)
            return Predicate(name, Verb.STARTS, prefix) if prefix and name in self.names else None
        return None

    def _comparison(self, node: cst.Comparison) -> Predicate | None:
        name, (first, *more) = _name(node.left), node.comparisons
        symbol = _constant(first.comparator)
        if more or not symbol or name not in self.names:
            return None
        if isinstance(first.operator, cst.Is | cst.Equal):
            return Predicate(name, Verb.IS, symbol)
        return Predicate(name, Verb.IS_NOT, symbol) if isinstance(first.operator, cst.IsNot | cst.NotEqual) else None

    def _is_first_time(self, node: cst.BaseExpression, *, holds: bool) -> bool:
        """Say whether an expression asks that a name of the module or of a class has no value yet, which it then gets.

        What else it asks, such as whether the value is still of use, does not matter.
        """
        if isinstance(node, cst.UnaryOperation) and isinstance(node.operator, cst.Not):
            return self._is_first_time(node.expression, holds=not holds)
        if isinstance(node, cst.BooleanOperation):
            return any(self._is_first_time(part, holds=holds) for part in (node.left, node.right))
        if isinstance(node, cst.Comparison):
            (first, *more) = node.comparisons
            is_none = not more and _name(first.comparator) == "None"
            expected = cst.Is if holds else cst.IsNot
            return is_none and isinstance(first.operator, expected) and self._is_filled(node.left)
        return not holds and self._is_filled(node)

    def _is_filled(self, node: cst.BaseExpression) -> bool:
        if isinstance(node, cst.Name):
            return node.value in self._shared
        is_of_class = isinstance(node, cst.Attribute) and (root_name(node) == "cls" or root_name(node)[:1].isupper())
        return is_of_class and dotted_name(node) in self._assigned

    @cached_property
    def _assigned(self) -> frozenset[str]:
        """The dotted names that the function gives a value."""
        targets = (
            node.target for node in own(self.function.body) if isinstance(node, cst.AssignTarget | cst.AnnAssign)
        )
        return frozenset(dotted_name(target) for target in targets)


def alternatives_of(statement: cst.If) -> Alternatives:
    """Return the alternatives of an `if`, each with its test, None for what is left."""
    found: Alternatives = []
    branch: cst.If | cst.Else | None = statement
    while isinstance(branch, cst.If):
        found.append((branch.test, branch.body.body))
        branch = branch.orelse
    return [*found, (None, () if branch is None else branch.body.body)]


def listed(function: cst.FunctionDef) -> tuple[cst.Param, ...]:
    """Return the parameters that are given by place, then those by name alone."""
    return (*function.params.posonly_params, *function.params.params, *function.params.kwonly_params)


def switches(function: cst.FunctionDef) -> tuple[Given, ...]:
    """Return the parameters' names, each with its default where that is a constant, else with an empty text."""
    return tuple(
        Given(parameter.name.value, "" if parameter.default is None else _constant(parameter.default))
        for parameter in listed(function)
    )


def given(call: cst.Call, names: frozenset[str]) -> tuple[Given, ...]:
    """Return a call's arguments by place or name, each with the constant or the one of `names` that it is."""
    found = []
    for position, argument in enumerate(call.args):
        name = argument.star or (str(position) if argument.keyword is None else argument.keyword.value)
        value = _name(argument.value)
        found.append(Given(name, f"@{value}" if value in names else _constant(argument.value)))
    return tuple(found)


def _constant(node: cst.BaseExpression) -> str:
    """Return the symbol of a constant that may be a switch, or an empty text."""
    if type(node) is cst.Name:  # libcst's classes are abstract ones, of which isinstance is slow
        return _SWITCHES.get(node.value, "")
    if type(node) is not cst.SimpleString or len(node.value) > LONGEST or node.prefix:
        return ""
    text = node.raw_value
    return "" if " " in text or "\\" in text else text_symbol(text)


def _name(node: cst.BaseExpression) -> str:
    return node.value if type(node) is cst.Name else ""


def _last(body: Statements) -> cst.CSTNode | None:
    last = body[-1] if body else None
    return last.body[-1] if isinstance(last, cst.SimpleStatementLine) else last
