"""Summaries as plain JSON data, and back, for the cache."""

from __future__ import annotations

from typing import Any

from mog_lint.model.summary import Argument, Class, Decoration, Function, SilencedRule, Summary, Suppression


def as_data(summary: Summary) -> list[Any]:
    """Return a summary as lists, texts and numbers."""
    return [
        [[function.qualname, _decorations(function), function.returns] for function in summary.functions],
        [[item.qualname, item.bases, sorted(item.members)] for item in summary.classes.values()],
        dict(summary.exports),
        summary.stars,
        summary.is_script,
        [
            [
                item.row,
                item.start,
                item.end,
                [[rule.rule, rule.start, rule.end, rule.cut] for rule in item.rules],
                item.cut,
            ]
            for item in summary.suppressions
        ],
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


def _decorations(function: Function) -> list[Any]:
    return [
        [
            item.symbols,
            item.site,
            None if item.arguments is None else [[one.keyword, one.star, one.literal] for one in item.arguments],
        ]
        for item in function.decorations
    ]


def _function(qualname: str, decorations: list[Any], returns: list[str]) -> Function:
    return Function(qualname, tuple(_decoration(*item) for item in decorations), tuple(returns))


def _decoration(symbols: list[str], site: int, arguments: list[Any] | None) -> Decoration:
    given = None if arguments is None else tuple(Argument(*argument) for argument in arguments)
    return Decoration(tuple(symbols), site, given)


def _class(qualname: str, bases: list[list[str]], members: list[str]) -> Class:
    return Class(qualname, tuple(tuple(base) for base in bases), frozenset(members))


def _suppression(row: int, start: int, end: int, rules: list[Any], cut: list[int] | None) -> Suppression:
    silenced = tuple(SilencedRule(rule, first, last, _pair(removed)) for rule, first, last, removed in rules)
    return Suppression(row, start, end, silenced, None if cut is None else _pair(cut))


def _pair(values: list[int]) -> tuple[int, int]:
    first, second = values
    return first, second
