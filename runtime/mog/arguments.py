"""A task's arguments: bound to its parameters, checked against their annotations, written as JSON and read back.

A value is checked twice by the same annotation: where the task is submitted, as the Python value it is there, and
where it runs, as the JSON it has become. The second time in pydantic's JSON mode, so that what a model says about its
JSON form (strict fields, base64 bytes) holds.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any

from pydantic import TypeAdapter, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import from_json, to_json

from mog.annotations import make_adapter, text_of
from mog.errors import InvalidErrorInfo, InvalidTaskArguments
from mog.jsontext import UnwritableValue, reason_of
from mog.validation import did_you_mean, shorten

Call = tuple[tuple[Any, ...], dict[str, Any]]
Convert = Callable[[Any], Any]

POSITIONAL = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
NAMED = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
NEVER = 1 << 30
"""The position of what has none: behind any argument."""

PLANS = 100
"""Shapes of calls that are remembered for a task; `*args` and `**kwargs` allow any number of them."""

SCALARS = frozenset({"str", "int", "float", "bool"})
"""pydantic's schemas for which values in a message and values in Python are one."""

KWARGS_REPR_CHARACTERS = 64
"""Where the repr of one argument is cut; Mognet's number."""


class Arguments:
    """The parameters of one task behind its context.

    What checks them is made at the first use, so that a task may name types that its module defines further down.
    That first use raises ConfigError where an annotation cannot be used.
    """

    def __init__(self, task_name: str, function: Callable[..., Any], parameters: Sequence[inspect.Parameter]) -> None:
        self.task_name = task_name
        self.function = function
        self.parameters = tuple(parameters)
        self._plans: dict[tuple[object, ...], _Plan] = {}

    def check(self, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Call:
        """Return a caller's arguments as values of the annotated types, coerced where pydantic does.

        Defaults are not filled in: the worker's version of the task has the last word. Raises InvalidTaskArguments.
        """
        return self._convert(self._plan(args, kwargs).checks, args, kwargs)

    def dump(self, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Call:
        """Return checked arguments as JSON values which any process can read back. Raises InvalidTaskArguments."""
        return self._convert(self._plan(args, kwargs).dumps, args, kwargs)

    def load(self, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Call:
        """Return the arguments in a message as values of the annotated types. Raises InvalidTaskArguments."""
        plan = self._plan(args, kwargs)
        loaded, named = self._convert(plan.loads, args, kwargs)
        for field in plan.defaulted:
            named[field.name] = field.default()
        return loaded, named

    @cached_property
    def _fields(self) -> _Fields:
        fields = [
            _Field(parameter, position, make_adapter(self.task_name, self.function, parameter))
            for position, parameter in enumerate(self.parameters)
        ]
        return _Fields(fields)

    def _plan(self, args: Sequence[Any], kwargs: Mapping[str, Any]) -> _Plan:
        """Return what to do with arguments of this shape: worked out once, since callers repeat themselves."""
        shape = (len(args), *kwargs)
        plan = self._plans.get(shape)
        if plan is None:
            errors = list(_binding_errors(self._fields, len(args), kwargs))
            if errors:
                raise InvalidTaskArguments(errors, self.task_name)
            plan = _Plan(self._fields, len(args), tuple(kwargs))
            if len(self._plans) < PLANS:
                self._plans[shape] = plan
        return plan

    def _convert(self, converters: Sequence[Convert], args: Sequence[Any], kwargs: Mapping[str, Any]) -> Call:
        count, values = len(args), (*args, *kwargs.values())
        try:
            converted = [convert(value) for convert, value in zip(converters, values, strict=True)]
        except Exception:  # validators and serialisers of the user's may raise anything
            errors = list(self._value_errors(converters, args, kwargs))
            if not errors:  # what failed did not fail again
                raise
            raise InvalidTaskArguments(errors, self.task_name) from None
        return tuple(converted[:count]), dict(zip(kwargs, converted[count:], strict=True))

    def _value_errors(
        self, converters: Sequence[Convert], args: Sequence[Any], kwargs: Mapping[str, Any]
    ) -> Iterator[InvalidErrorInfo]:
        """Convert one by one, to tell of all that do not fit and not of the first alone."""
        places = [*map(self._fields.place, range(len(args))), *((name,) for name in kwargs)]
        for place, convert, value in zip(places, converters, (*args, *kwargs.values()), strict=True):
            try:
                convert(value)
            except Exception as error:  # noqa: BLE001 - validators of the user's may raise anything
                yield from _explain(error, place)


class _Field:
    """One parameter, with what checks, writes and reads its values."""

    def __init__(self, parameter: inspect.Parameter, position: int, adapter: TypeAdapter[Any]) -> None:
        self.name, self.kind = parameter.name, parameter.kind
        self.position = NEVER if parameter.kind is parameter.KEYWORD_ONLY else position
        many = parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD)
        self.defaulted = not many and adapter.get_default_value() is not None
        in_signature = not (parameter.default is parameter.empty or isinstance(parameter.default, FieldInfo))
        self.required = not (many or in_signature or self.defaulted)
        self._adapter = adapter
        self._read = adapter.validator.validate_json
        self._write = adapter.serializer.to_python
        kind = "" if "serialization" in adapter.core_schema else adapter.core_schema["type"]
        self.check: Convert = adapter.validator.validate_python
        self.dump: Convert = WRITERS.get(kind, self._dump)
        self.load: Convert = _unchanged if kind == "any" else self.check if kind in SCALARS else self._load

    def default(self) -> Any:
        """Return the default that pydantic's Field gives, of which Python's own call knows nothing."""
        default = self._adapter.get_default_value()
        assert default is not None
        return default.value

    def _dump(self, value: Any) -> Any:
        # Reading what was written proves that it can be read elsewhere: not too deep, no integer too long.
        try:
            return from_json(to_json(self._write(value, mode="json")))
        except Exception as error:
            raise UnwritableValue(reason_of(error)) from error

    def _load(self, value: Any) -> Any:
        return self._read(to_json(value))


class _Fields:
    """The fields of a task by position and by name."""

    def __init__(self, fields: Sequence[_Field]) -> None:
        self.positional = [field for field in fields if field.kind in POSITIONAL]
        self.named = {field.name: field for field in fields if field.kind in NAMED}
        self.surplus = next((field for field in fields if field.kind is inspect.Parameter.VAR_POSITIONAL), None)
        self.extra = next((field for field in fields if field.kind is inspect.Parameter.VAR_KEYWORD), None)
        self.required = [field for field in fields if field.required]
        self.defaulted = [field for field in fields if field.defaulted]

    def at(self, position: int) -> _Field:
        """Return the field of a positional argument that is known to have one."""
        if position < len(self.positional):
            return self.positional[position]
        assert self.surplus is not None
        return self.surplus

    def by_name(self, name: str) -> _Field:
        """Return the field of a keyword argument that is known to have one."""
        field = self.named.get(name) or self.extra
        assert field is not None
        return field

    def place(self, position: int) -> tuple[int | str, ...]:
        """Return the place of a positional argument, for an error."""
        surplus = position - len(self.positional)
        return (self.at(position).name,) if surplus < 0 else (self.at(position).name, surplus)


class _Plan:
    """What is done with arguments that come in a certain number by position, and under certain names."""

    __slots__ = ("checks", "defaulted", "dumps", "loads")

    def __init__(self, fields: _Fields, count: int, names: Sequence[str]) -> None:
        taken = [*map(fields.at, range(count)), *map(fields.by_name, names)]
        self.checks = [field.check for field in taken]
        self.dumps = [field.dump for field in taken]
        self.loads = [field.load for field in taken]
        self.defaulted = [field for field in fields.defaulted if field.position >= count and field.name not in names]


def format_arguments(args: Sequence[Any], kwargs: Mapping[str, Any]) -> str:
    """Write arguments for people: ``'a.png', width=800``, each cut at KWARGS_REPR_CHARACTERS. Never raises."""
    texts = [shorten(value, KWARGS_REPR_CHARACTERS) for value in args]
    if kwargs:
        texts += [f"{name}={shorten(value, KWARGS_REPR_CHARACTERS)}" for name, value in kwargs.items()]
    return ", ".join(texts)


def format_signature(name: str, parameters: Sequence[inspect.Parameter]) -> str:
    """Write a signature for people: ``resize(path: str, width: int = 800)``."""
    shown = [
        parameter.replace(
            annotation=parameter.annotation
            if parameter.annotation is parameter.empty
            else _Verbatim(text_of(parameter.annotation)),
            default=_shown_default(parameter.default),
        )
        for parameter in parameters
    ]
    return f"{name}{inspect.Signature(shown)}"


class _Verbatim(str):
    """A text whose repr is itself, for inspect to show."""

    __slots__ = ()
    __repr__ = str.__str__


def _shown_default(default: Any) -> Any:
    if isinstance(default, FieldInfo):
        default = inspect.Parameter.empty if default.is_required() else default.get_default(call_default_factory=False)
    return default if default is inspect.Parameter.empty else _Verbatim(shorten(default))


def _binding_errors(fields: _Fields, count: int, kwargs: Mapping[str, Any]) -> Iterator[InvalidErrorInfo]:
    takes = len(fields.positional)
    if fields.surplus is None:
        for position in range(takes, count):
            what = f"one argument too many: the task takes {takes} by position"
            yield InvalidErrorInfo((position,), what, "unexpected_positional_argument")
    for field in fields.required:
        if field.position >= count and (field.name not in kwargs or field.name not in fields.named):
            yield InvalidErrorInfo((field.name,), "required, but not given", "missing_argument")
    for name in kwargs:
        if name in fields.named:
            if fields.named[name].position < count:
                yield InvalidErrorInfo((name,), "given twice, by position and by name", "multiple_argument_values")
        elif fields.extra is None:
            hint = did_you_mean(name, fields.named)
            what = f"no parameter of this name; {hint}" if hint else "no parameter of this name"
            yield InvalidErrorInfo((name,), what, "unexpected_keyword_argument")


def _explain(error: Exception, loc: tuple[int | str, ...]) -> Iterator[InvalidErrorInfo]:
    if isinstance(error, ValidationError):
        for found in error.errors(include_url=False, include_context=False, include_input=False):
            yield InvalidErrorInfo((*loc, *found["loc"]), found["msg"], found["type"])
    elif isinstance(error, UnwritableValue):
        yield InvalidErrorInfo(loc, str(error), "not_json")
    else:
        yield InvalidErrorInfo(loc, f"its check raises {type(error).__name__}: {shorten(str(error))}", "check_failed")


def _unchanged(value: Any) -> Any:
    return value


def _dump_text(value: str) -> str:
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise UnwritableValue(reason_of(error)) from error
    return value


WRITERS: Mapping[str, Convert] = {"str": _dump_text, "float": _unchanged, "bool": _unchanged}
"""Short cuts by pydantic's schema; not for int, which may have more digits than can be read back."""
