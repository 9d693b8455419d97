"""Which classes the values and errors out of a store may become.

A store holds names of classes beside the data. Nothing is imported, called or unpickled because a store says so: a
name is looked up among the classes that are known here, and data of any other stay plain JSON.
"""

from __future__ import annotations

import builtins
import importlib
import inspect
import sys
from collections.abc import Iterable, Iterator
from dataclasses import is_dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from pathlib import Path, PosixPath, PurePath, PurePosixPath, PureWindowsPath, WindowsPath
from typing import Annotated, Any, get_args
from uuid import UUID

from pydantic import AllowInfNan, BaseModel, TypeAdapter
from pydantic_core import to_json

from mog import errors
from mog.annotations import bytes_to_text, resolve_return, text_to_bytes
from mog.errors import ConfigError, MogError, ResultFailed
from mog.task import Registry

PATHS = (Path, PosixPath, WindowsPath, PurePath, PurePosixPath, PureWindowsPath)

DATA = (
    *(bool, int, float, complex, str, bytes, bytearray, list, tuple, dict, set, frozenset),
    *(date, datetime, time, timedelta, UUID, Decimal),
)

NEVER_RAISED = (StopIteration, StopAsyncIteration)
"""Builtin errors that a coroutine cannot raise."""


def name_of(cls: type) -> str:
    """Return the name under which a class is stored: ``module:qualname``."""
    if cls in PATHS:
        return f"pathlib:{cls.__qualname__}"  # from Python 3.13 on its module is a private one
    return f"{cls.__module__}:{cls.__qualname__}"


def hold(value: Any) -> dict[str, Any]:
    """Return a value beside the name of its type, to be written as JSON, and read by :meth:`KnownTypes.read`."""
    raw = value
    if isinstance(value, bytes | bytearray):
        raw = bytes_to_text(bytes(value))
    elif isinstance(value, PurePath):
        raw = str(value)
    return {"value_type": name_of(type(value)), "raw_value": raw}


VALUE_CLASSES: dict[str, type] = {name_of(cls): cls for cls in DATA} | {
    name_of(cls): Path if issubclass(cls, Path) else PurePath for cls in PATHS
}
BUILTIN_ERRORS = {
    name_of(cls): cls
    for cls in vars(builtins).values()
    if isinstance(cls, type) and issubclass(cls, Exception) and cls not in NEVER_RAISED
}
MOG_ERRORS = {
    name_of(cls): cls
    for cls in vars(errors).values()
    if isinstance(cls, type) and issubclass(cls, MogError) and not issubclass(cls, ResultFailed)
}


class KnownTypes:
    """The classes that are known to one app.

    Besides the builtins, common data types and mog's own errors these are the enums, models, dataclasses, named tuples
    and exceptions which the modules of its tasks contain and the tasks' return annotations name, and ``exceptions``:
    classes, or ``module:qualname`` of such, which are imported at the first use. That use may raise ConfigError.
    """

    def __init__(self, registry: Registry, exceptions: Iterable[str | type[BaseException]] = ()) -> None:
        self._registry = registry
        self._exceptions = tuple(exceptions)
        self._found: dict[str, type] = {}
        self._revision = -1
        self._adapters: dict[type, TypeAdapter[Any]] = {}

    def read(self, name: str, raw: Any) -> Any:
        """Return JSON data as a value of the named type, or as it is where the type is not known.

        Raises pydantic's ValidationError, or another ValueError, where data and type do not fit.
        """
        if raw is None:
            return None
        cls = VALUE_CLASSES.get(name)
        if cls is None:
            cls = self._classes().get(name)
            if cls is None or not _holds_data(cls):
                return raw
        return raw if type(raw) is cls else self._convert(raw, cls)

    def error_class(self, name: str) -> type[Exception] | None:
        """Return the class of the error of this type name, None where it is not known or must not be raised."""
        known = BUILTIN_ERRORS.get(name) or MOG_ERRORS.get(name) or self._classes().get(name)
        return known if known is not None and issubclass(known, Exception) else None

    def _convert(self, raw: Any, cls: type) -> Any:
        if cls in (bytes, bytearray):
            return cls(text_to_bytes(str(raw)))
        if cls is complex:
            return complex(raw)
        if cls in (set, frozenset) and not all(map(_is_hashable, raw)):
            return raw  # of tuples, say, which came as lists
        if cls not in self._adapters:
            self._adapters[cls] = TypeAdapter(Annotated[Decimal, AllowInfNan()] if cls is Decimal else cls)
        return self._adapters[cls].validate_json(to_json(raw))

    def _classes(self) -> dict[str, type]:
        revision = self._registry.revision
        if revision != self._revision:
            declared = [_declared(exception) for exception in self._exceptions]
            found = [*_classes_of(self._registry), *declared]
            self._found = {name_of(cls): cls for cls in found if not cls.__module__.startswith("mog.")}
            self._revision = revision
            self._adapters.clear()
        return self._found


def _classes_of(registry: Registry) -> Iterator[type]:
    functions = [inspect.unwrap(task.function) for task in registry]
    for function in functions:
        yield from _named_in(resolve_return(function))
    for module in {function.__module__ for function in functions}:
        if module in sys.modules:
            for value in list(vars(sys.modules[module]).values()):
                yield from _with_inner(value)


def _named_in(annotation: Any) -> Iterator[type]:
    yield from _with_inner(annotation)
    for argument in get_args(annotation):
        yield from _named_in(argument)


def _with_inner(value: Any) -> Iterator[type]:
    """Return a class, and those that its body defines, which bear its name before their own."""
    if isinstance(value, type) and not get_args(value):
        yield value
        for inner in list(vars(value).values()):
            if isinstance(inner, type) and inner.__qualname__ == f"{value.__qualname__}.{inner.__name__}":
                yield from _with_inner(inner)


def _holds_data(cls: type) -> bool:
    is_named_tuple = issubclass(cls, tuple) and hasattr(cls, "_fields")
    return is_named_tuple or is_dataclass(cls) or issubclass(cls, Enum | BaseModel)


def _declared(exception: str | type[BaseException]) -> type[BaseException]:
    """Import what the settings name; unlike what a store names, they are the user's own."""
    if isinstance(exception, type):
        return exception
    module, _, name = exception.partition(":")
    try:
        found: Any = importlib.import_module(module)
        for part in name.split("."):
            found = getattr(found, part)
    except (ImportError, AttributeError, ValueError) as error:
        raise ConfigError(f"the setting `exceptions` names {exception!r}, which cannot be imported: {error}") from error
    if not (isinstance(found, type) and issubclass(found, BaseException)):
        raise ConfigError(f"the setting `exceptions` names {exception!r}, which is no class of exceptions")
    return found


def _is_hashable(raw: Any) -> bool:
    return not isinstance(raw, list | dict)
