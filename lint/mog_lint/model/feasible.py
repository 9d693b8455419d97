"""Which of a function's calls are made when its parameters have certain values."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Set

from mog_lint.model.summary import NONE, Call, Condition, Function, Given, Predicate, Verb, text_of

HANDED_ON = "@"
_FALSE = frozenset({NONE, "=False", "='"})
Values = frozenset[Given]  # what is known of a function's parameters: each with a constant's symbol


def values_given(call: Call, function: Function, known: Values, *, is_bound: bool) -> Values:
    """Return what a call says of the parameters of the function that it runs; `known` are the values at its own place.

    `is_bound` says that the first parameter is given by Python itself: the object or class of a method.
    """
    parameters = function.parameters[1:] if is_bound else function.parameters
    if (
        not parameters
        or any(item.name.startswith("*") for item in call.given)
        or _names_object(call, is_bound=is_bound)
    ):
        return frozenset()
    values = dict(known)
    told = {name: _value(value, values) for name, value in _by_name(call, parameters)}
    found = ((item.name, told.get(item.name, item.value)) for item in parameters)
    return frozenset(Given(name, value) for name, value in found if value)


def _by_name(call: Call, parameters: tuple[Given, ...]) -> Iterator[tuple[str, str]]:
    for name, value in call.given:
        if not name.isdecimal():
            yield name, value
        elif int(name) < len(parameters):
            yield parameters[int(name)].name, value


def _names_object(call: Call, *, is_bound: bool) -> bool:
    """Say whether a method is called by its class, as `Base.__init__(self)`: its arguments stand one place later."""
    return is_bound and bool(call.given) and call.given[0].value in ("@self", "@cls")


def _value(value: str, known: Mapping[str, str]) -> str:
    return known.get(value.removeprefix(HANDED_ON), "") if value.startswith(HANDED_ON) else value


def calls_made(function: Function, values: Values) -> Iterator[tuple[Call, bool]]:
    """Yield the calls that a function may make with these values, each with whether it is certain to get there.

    What is done the first time only is left out.
    """
    given = dict(values)
    wrong, right = _settled(function, given) if function.conditions else (frozenset(), frozenset())
    for number, call in enumerate(function.calls):
        under = {at for at, item in enumerate(function.conditions) if item.first <= number < item.end}
        if wrong.isdisjoint(under):
            yield call, under <= right


def _settled(function: Function, values: dict[str, str]) -> tuple[frozenset[int], frozenset[int]]:
    """Return the conditions that do not hold, and those that do, or usually do.

    A parameter that is bound anew counts only where that happens under a condition that does not hold itself.
    """
    while True:
        truths = [_truth_of_any(item, values) for item in function.conditions]
        wrong = frozenset(number for number, truth in enumerate(truths) if truth is False)
        lost = {name for name, under in function.rebound if name in values and not _lies_in(under, wrong, function)}
        if not lost:
            right = (number for number, item in enumerate(function.conditions) if truths[number] or item.is_usual)
            return wrong, frozenset(right)
        values = {name: value for name, value in values.items() if name not in lost}


def _lies_in(number: int, conditions: Set[int], function: Function) -> bool:
    while number >= 0:
        if number in conditions:
            return True
        number = function.conditions[number].parent
    return False


def _truth_of_any(condition: Condition, values: Mapping[str, str]) -> bool | None:
    truths = {_truth(item, values.get(item.name, "")) for item in condition.predicates}
    return True if True in truths else None if None in truths else False


def _truth(predicate: Predicate, value: str) -> bool | None:
    """Say whether a predicate holds for a constant's symbol; None where nothing is known."""
    if predicate.verb is Verb.FIRST_TIME:
        return False
    if not value:
        return None
    text = text_of(value)
    starts = text is not None and text.startswith(text_of(predicate.constant) or "")
    truths = {
        Verb.ANYTHING: None,
        Verb.IS_TRUE: value not in _FALSE,
        Verb.IS_FALSE: value in _FALSE,
        Verb.IS: value == predicate.constant,
        Verb.IS_NOT: value != predicate.constant,
        Verb.STARTS: starts,
        Verb.STARTS_NOT: not starts,
    }
    return truths[predicate.verb]
