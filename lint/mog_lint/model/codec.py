"""Summaries as plain JSON data, and back, for the cache."""

from __future__ import annotations

from dataclasses import astuple
from typing import Any

from mog_lint.model.blocks import Block, Kind
from mog_lint.model.summary import (
    Argument,
    Call,
    Class,
    Condition,
    Decoration,
    Function,
    Given,
    Parameter,
    Predicate,
    SilencedRule,
    Summary,
    Suppression,
    Symbols,
    Use,
    Verb,
)

USES = {use.value: use for use in Use}  # a look-up takes a fifth of the time of a call of the class
VERBS = {verb.value: verb for verb in Verb}
KINDS = {kind.value: kind for kind in Kind}


def as_data(summary: Summary) -> list[Any]:
    """Return a summary as lists, tuples, texts and numbers: each class as its fields, in their order."""
    return [
        [_function_data(function) for function in summary.functions],
        [_class_data(item) for item in summary.classes.values()],
        dict(summary.exports),
        summary.stars,
        summary.is_script,
        [astuple(suppression) for suppression in summary.suppressions],
    ]


def from_data(data: Any) -> Summary:
    """Return the summary that `as_data` made data of. Raises ValueError, TypeError or KeyError for anything else."""
    functions, classes, exports, stars, is_script, suppressions = data
    return Summary(
        functions=tuple(_function(*item) for item in functions),
        classes={item[0]: _class(*item) for item in classes},
        exports={name: tuple(symbols) for name, symbols in exports.items()},
        stars=tuple(stars),
        is_script=bool(is_script),
        suppressions=tuple(_suppression(*item) for item in suppressions),
    )


def _function_data(function: Function) -> list[Any]:
    return [
        function.qualname,
        function.site,
        [astuple(decoration) for decoration in function.decorations],
        function.returns,
        None if function.first is None else astuple(function.first),
        function.is_method,
        function.branches,
        function.is_async,
        function.is_generator,
        function.calls,
        function.blocks,
        function.parameters,
        function.conditions,
        function.rebound,
    ]


def _class_data(item: Class) -> list[Any]:
    return [item.qualname, item.bases, sorted(item.members), dict(item.attributes)]


def _function(
    qualname: str, site: int, decorations: list[Any], returns: list[str], first: list[Any] | None, *rest: Any
) -> Function:
    is_method, branches, is_async, is_generator, calls, blocks, parameters, conditions, rebound = rest
    parameter = None if first is None else _parameter(*first)
    decorated = tuple(_decoration(*item) for item in decorations)
    return Function(
        qualname,
        site,
        decorated,
        tuple(returns),
        parameter,
        is_method,
        tuple(branches),
        is_async,
        is_generator,
        tuple(_call(*item) for item in calls),
        tuple(_block(*item) for item in blocks),
        tuple(Given(*item) for item in parameters),
        tuple(_condition(*item) for item in conditions),
        tuple((name, under) for name, under in rebound),
    )


def _call(symbols: list[str], site: int, use: str, constants: list[str], given: list[Any]) -> Call:
    return Call(tuple(symbols), site, USES[use], tuple(constants), tuple(Given(*item) for item in given))


def _condition(first: int, end: int, parent: int, predicates: list[Any], is_usual: bool) -> Condition:
    asked = tuple(Predicate(name, VERBS[verb], constant) for name, verb, constant in predicates)
    return Condition(first, end, parent, asked, is_usual)


def _block(kind: str, site: int, parent: int, *rest: Any) -> Block:
    first, end, first_await, end_await, symbols, turns, facts = rest
    span = (first, end, first_await, end_await)
    return Block(KINDS[kind], site, parent, *span, tuple(symbols), turns, facts)


def _parameter(name: str, instances: list[str], is_rest: bool) -> Parameter:
    return Parameter(name, tuple(instances), is_rest)


def _decoration(symbols: list[str], site: int, arguments: list[Any] | None, is_local: bool) -> Decoration:
    given = None if arguments is None else tuple(_argument(*argument) for argument in arguments)
    return Decoration(tuple(symbols), site, given, is_local)


def _argument(keyword: str | None, star: str, site: int, symbols: list[str], items: list[list[str]] | None) -> Argument:
    return Argument(keyword, star, site, tuple(symbols), None if items is None else _each(items))


def _class(qualname: str, bases: list[list[str]], members: list[str], attributes: dict[str, list[str]]) -> Class:
    held = {name: tuple(symbols) for name, symbols in attributes.items()}
    return Class(qualname, _each(bases), frozenset(members), held)


def _suppression(row: int, start: int, end: int, rules: list[Any], cut: list[int] | None) -> Suppression:
    silenced = tuple(SilencedRule(rule, first, last, _pair(removed)) for rule, first, last, removed in rules)
    return Suppression(row, start, end, silenced, None if cut is None else _pair(cut))


def _each(symbols: list[list[str]]) -> tuple[Symbols, ...]:
    return tuple(tuple(item) for item in symbols)


def _pair(values: list[int]) -> tuple[int, int]:
    first, second = values
    return first, second
