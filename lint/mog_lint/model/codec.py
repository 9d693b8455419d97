"""Summaries as plain JSON data, and back, for the cache."""

from __future__ import annotations

from dataclasses import astuple
from typing import Any

from mog_lint.model.summary import (
    Argument,
    Class,
    Decoration,
    Function,
    Parameter,
    SilencedRule,
    Summary,
    Suppression,
    Symbols,
)


def as_data(summary: Summary) -> list[Any]:
    """Return a summary as lists, tuples, texts and numbers: each class as its fields, in their order."""
    return [
        [astuple(function) for function in summary.functions],
        [[item.qualname, item.bases, sorted(item.members)] for item in summary.classes.values()],
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


def _function(
    qualname: str, site: int, decorations: list[Any], returns: list[str], first: list[Any] | None, *rest: Any
) -> Function:
    is_method, branches = rest
    parameter = None if first is None else _parameter(*first)
    decorated = tuple(_decoration(*item) for item in decorations)
    return Function(qualname, site, decorated, tuple(returns), parameter, is_method, tuple(branches))


def _parameter(name: str, instances: list[str], is_rest: bool) -> Parameter:
    return Parameter(name, tuple(instances), is_rest)


def _decoration(symbols: list[str], site: int, arguments: list[Any] | None, is_local: bool) -> Decoration:
    given = None if arguments is None else tuple(_argument(*argument) for argument in arguments)
    return Decoration(tuple(symbols), site, given, is_local)


def _argument(keyword: str | None, star: str, site: int, symbols: list[str], items: list[list[str]] | None) -> Argument:
    return Argument(keyword, star, site, tuple(symbols), None if items is None else _each(items))


def _class(qualname: str, bases: list[list[str]], members: list[str]) -> Class:
    return Class(qualname, _each(bases), frozenset(members))


def _suppression(row: int, start: int, end: int, rules: list[Any], cut: list[int] | None) -> Suppression:
    silenced = tuple(SilencedRule(rule, first, last, _pair(removed)) for rule, first, last, removed in rules)
    return Suppression(row, start, end, silenced, None if cut is None else _pair(cut))


def _each(symbols: list[list[str]]) -> tuple[Symbols, ...]:
    return tuple(tuple(item) for item in symbols)


def _pair(values: list[int]) -> tuple[int, int]:
    first, second = values
    return first, second
