"""Which of a function's calls are made when its parameters have certain values."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

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


def calls_made(function: Function, values: Values) -> Iterator[Call]:
    """Yield the calls that a function may make with these values, without those of a process's first time."""
    dead = _dead(function, dict(values)) if function.conditions else ()
    spans = [function.conditions[number][:2] for number in dead]
    for number, call in enumerate(function.calls):
        if not any(first <= number < end for first, end in spans):
            yield call


def _dead(function: Function, values: dict[str, str]) -> set[int]:
    """Return the conditions that do not hold.

    A parameter that is bound anew counts only where that happens under a condition that does not hold itself.
    """
    while True:
        found = {number for number, item in enumerate(function.conditions) if _fails(item, values)}
        lost = {name for name, under in function.rebound if name in values and not _lies_in(under, found, function)}
        if not lost:
            return found
        values = {name: value for name, value in values.items() if name not in lost}


def _lies_in(number: int, conditions: set[int], function: Function) -> bool:
    while number >= 0:
        if number in conditions:
            return True
        number = function.conditions[number].parent
    return False


def _fails(condition: Condition, values: Mapping[str, str]) -> bool:
    return all(_is_wrong(item, values.get(item.name, "")) for item in condition.predicates)


def _is_wrong(predicate: Predicate, value: str) -> bool:
    """Say whether a predicate is known not to hold."""
    if predicate.verb is Verb.FIRST_TIME:
        return True
    if not value:
        return False
    text = text_of(value)
    starts = text is not None and text.startswith(text_of(predicate.constant) or "")
    wrong = {
        Verb.IS_TRUE: value in _FALSE,
        Verb.IS_FALSE: value not in _FALSE,
        Verb.IS: value != predicate.constant,
        Verb.IS_NOT: value == predicate.constant,
        Verb.STARTS: not starts,
        Verb.STARTS_NOT: starts,
    }
    return wrong[predicate.verb]
