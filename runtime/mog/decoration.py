"""What a function must be, and be called, to become a task."""

from __future__ import annotations

import builtins
import functools
import inspect
import sys
import warnings
from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

from mog.annotations import text_of
from mog.errors import ConfigError
from mog.validation import shorten

PRIORITIES = range(11)
"""0 to 10, higher first; RabbitMQ's and Mognet's."""

SCALARS = {"Path", "UUID", "Decimal", "date", "datetime", "timedelta"}

NO_CONTEXT = frozenset(SCALARS | {name for name, value in vars(builtins).items() if isinstance(value, type)}) - {
    "object"
}
"""Types that no context has: a first parameter annotated so is an argument, and the context was forgotten."""


def check_function(function: Any) -> None:
    """Make sure that a worker can call the function as a task. Raises ConfigError."""
    if isinstance(function, str):
        raise ConfigError(f"write @task(name={function!r}): the name of a task is given by keyword")
    if isinstance(function, staticmethod | classmethod):
        raise ConfigError(
            f"put @task below @{type(function).__name__}, or make {function.__qualname__} a plain function"
        )
    if isinstance(function, type):
        raise ConfigError(f"class {function.__qualname__} cannot be a task: decorate a function that makes use of it")
    if not callable(function) or isinstance(function, functools.partial) or not hasattr(function, "__qualname__"):
        raise ConfigError(f"{shorten(function)} cannot be a task: decorate a function, `async def` or `def`")
    if function.__name__ == "<lambda>":
        raise ConfigError("a lambda cannot be a task: write it as a function with a name")
    plain = inspect.unwrap(function)
    if inspect.isgeneratorfunction(plain) or inspect.isasyncgenfunction(plain):
        raise ConfigError(
            f"{function.__qualname__} yields, and a task returns: return a list, or keep what is done so far with "
            "context.checkpointed"
        )
    _check_context(function)


def check_options(name: Any, aliases: Any, queue: Any, priority: Any) -> None:
    """Make sure that what a task is registered with can be used. Raises ConfigError."""
    if isinstance(aliases, str) or not isinstance(aliases, Sequence):
        raise ConfigError(f"the aliases of task {name!r} are a list of names, not {shorten(aliases)}")
    for text, what in [(name, "name"), *((alias, "alias") for alias in aliases), (queue, "queue")]:
        if text is None and what == "queue":
            continue
        if not isinstance(text, str) or not text.strip() or text != text.strip() or not text.isprintable():
            raise ConfigError(f"the {what} of a task is a text without blanks at its ends, not {shorten(text)}")
    if priority is not None and (isinstance(priority, bool) or priority not in PRIORITIES):
        raise ConfigError(f"the priority of task {name!r} is a whole number from 0 to 10, not {shorten(priority)}")


def check_timeout(name: str, timeout: Any) -> float | None:
    """Return the timeout of a task in seconds. Raises ConfigError."""
    if isinstance(timeout, timedelta):
        timeout = timeout.total_seconds()
    if timeout is None or (isinstance(timeout, int | float) and not isinstance(timeout, bool) and timeout > 0):
        return None if timeout is None else float(timeout)
    raise ConfigError(f"the timeout of task {name!r} is a number of seconds above 0, not {shorten(timeout)}")


def parameters_of(function: Callable[..., Any]) -> list[inspect.Parameter]:
    """Return all parameters of a function, the context's first. Raises ConfigError where there is no telling."""
    try:
        if sys.version_info >= (3, 14):
            import annotationlib  # noqa: PLC0415 - new in Python 3.14

            signature = inspect.signature(function, annotation_format=annotationlib.Format.FORWARDREF)
        else:
            signature = inspect.signature(function)
    except (TypeError, ValueError) as error:
        raise ConfigError(f"{shorten(function)} cannot be a task: its signature cannot be read ({error})") from error
    return list(signature.parameters.values())


def arguments_of(function: Callable[..., Any]) -> list[inspect.Parameter]:
    """Return the parameters behind the context: what is submitted."""
    parameters = parameters_of(function)
    return parameters if parameters[0].kind is inspect.Parameter.VAR_POSITIONAL else parameters[1:]


def derived_name(function: Callable[..., Any]) -> str:
    """Return the name of a task that is given none: that of module and function."""
    name = getattr(function, "__qualname__", None) or type(function).__qualname__
    return f"{getattr(function, '__module__', None)}.{name}"


def place_of(function: Callable[..., Any]) -> str:
    """Tell where the function stands: file and line, or module and name."""
    code = getattr(inspect.unwrap(function), "__code__", None)
    return f"{code.co_filename}:{code.co_firstlineno}" if code is not None else derived_name(function)


def same_function(one: Callable[..., Any], other: Callable[..., Any]) -> bool:
    """Tell whether both come from one place of the code: of a module loaded anew, or once more as ``__main__``."""
    if one is other:
        return True
    if getattr(one, "__qualname__", None) != getattr(other, "__qualname__", None):
        return False
    return one.__module__ == other.__module__ or _file_of(one) == _file_of(other) is not None


def warn_of_main(function: Callable[..., Any], *, callers: int) -> None:
    """Warn where a name is derived from ``__main__``: in any other process the task is called otherwise.

    ``callers`` is how many calls lie between here and the line that bears the decorator.
    """
    file = getattr(sys.modules.get("__main__"), "__file__", None)
    if function.__module__ != "__main__" or file is None:
        return
    name = f"{Path(file).stem}.{function.__qualname__}"
    warnings.warn(
        f"task {derived_name(function)!r} has this name only while {Path(file).name} is the program that was started; "
        f"name it: @task(name={name!r})",
        stacklevel=callers + 1,
    )


def _check_context(function: Callable[..., Any]) -> None:
    name = function.__qualname__
    parameters = parameters_of(function)
    if not parameters or parameters[0].kind in (inspect.Parameter.KEYWORD_ONLY, inspect.Parameter.VAR_KEYWORD):
        raise ConfigError(f"task {name} takes no context: make it the first parameter, as in {_example(function)}")
    first = parameters[0]
    if first.name in ("self", "cls"):
        raise ConfigError(f"{name} is a method, and a task is a plain function: move it out of its class")
    written = text_of(first.annotation)
    if written.partition("[")[0] in NO_CONTEXT:
        raise ConfigError(
            f"the first parameter of task {name} must be the context, and is {first.name}: {written}; "
            f"write {_example(function)}"
        )


def _example(function: Callable[..., Any]) -> str:
    keyword = "async def" if inspect.iscoroutinefunction(function) else "def"
    return f"`{keyword} {function.__name__}(context: Context, ...)`"


def _file_of(function: Callable[..., Any]) -> str | None:
    code = getattr(inspect.unwrap(function), "__code__", None)
    return code.co_filename if code is not None else None
