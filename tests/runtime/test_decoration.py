"""What may become a task."""

import functools
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from mog.decoration import check_function, check_options
from mog.errors import ConfigError
from mog.task import Registry


class Thing:
    def method(self, path: str) -> None: ...

    @classmethod
    def of(cls, path: str) -> None: ...

    @staticmethod
    def static(context: object) -> None: ...

    def __call__(self, context: object) -> None: ...


async def good(context: object) -> None: ...
def no_parameters() -> None: ...
def only_keywords(*, context: object) -> None: ...
def only_kwargs(**kwargs: object) -> None: ...
def argument_first(path: str) -> None: ...
def generic_argument_first(paths: list[str]) -> None: ...
def path_first(path: Path) -> None: ...
def generator(context: object) -> Iterator[int]:
    yield 1


async def async_generator(context: object) -> AsyncIterator[int]:
    yield 1


WRONG: dict[str, tuple[Any, str]] = {
    "name by position": ("demo.resize", r"write @task\(name='demo.resize'\)"),
    "class": (Thing, "class Thing cannot be a task: decorate a function"),
    "object": (Thing(), "cannot be a task: decorate a function"),
    "number": (3, "3 cannot be a task: decorate a function"),
    "partial": (functools.partial(good), "cannot be a task: decorate a function"),
    "lambda": (lambda context: None, "a lambda cannot be a task: write it as a function with a name"),
    "generator": (generator, "generator yields, and a task returns"),
    "async generator": (async_generator, "async_generator yields, and a task returns"),
    "method": (Thing.method, "Thing.method is a method, and a task is a plain function: move it out of its class"),
    "classmethod": (vars(Thing)["of"], "put @task below @classmethod"),
    "staticmethod": (vars(Thing)["static"], "put @task below @staticmethod"),
    "no parameters": (no_parameters, r"takes no context: .*`def no_parameters\(context: Context, ...\)`"),
    "only keywords": (only_keywords, "takes no context"),
    "only kwargs": (only_kwargs, "takes no context"),
    "argument first": (argument_first, r"must be the context, and is path: str; write `def argument_first\("),
    "generic argument first": (generic_argument_first, r"must be the context, and is paths: list\[str\]"),
    "path first": (path_first, "must be the context, and is path: Path"),
}


@pytest.mark.parametrize(("function", "message"), WRONG.values(), ids=WRONG)
def test_what_cannot_be_a_task_says_what_to_do(function: Any, message: str) -> None:
    with pytest.raises(ConfigError, match=message) as raised:
        check_function(function)
    assert "\n" not in str(raised.value)


def test_annotations_as_text_are_read_too() -> None:
    def function(path: "str") -> None: ...

    with pytest.raises(ConfigError, match="and is path: str"):
        check_function(function)


def with_any(context: Any) -> None: ...
def with_object(context: object) -> None: ...
def without(context) -> None: ...  # type: ignore[no-untyped-def] # an unannotated context is the case
def with_unresolvable(context: "Contxt") -> None: ...  # type: ignore[name-defined] # noqa: F821 - as is this one
def with_star(*args: Any, **kwargs: Any) -> None: ...
def positional_only(context: object, /, path: str) -> None: ...


@functools.wraps(good)
def wrapped(*args: Any, **kwargs: Any) -> Any: ...


@pytest.mark.parametrize(
    "function",
    [good, with_any, with_object, without, with_unresolvable, with_star, positional_only, wrapped, Thing.static],
)
def test_what_can_be_a_task(function: Callable[..., Any]) -> None:
    check_function(function)


def test_wrapped_coroutine_function_counts_as_the_function_it_wraps() -> None:
    registry = Registry()
    registry.task(wrapped)
    assert registry.for_function(wrapped).is_async


def test_star_takes_the_context_and_leaves_the_rest() -> None:
    registry = Registry()
    registry.task(with_star)
    assert registry.for_function(with_star).check((1, 2), {"a": 3}) == ((1, 2), {"a": 3})


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"name": ""}, "the name of a task is a text without blanks at its ends, not ''"),
        ({"name": " a"}, "the name of a task is a text"),
        ({"name": "a\nb"}, "the name of a task is a text"),
        ({"name": 3}, "the name of a task is a text without blanks at its ends, not 3"),
        ({"aliases": "old"}, "the aliases of task 'a' are a list of names, not 'old'"),
        ({"aliases": 3}, "the aliases of task 'a' are a list of names, not 3"),
        ({"aliases": [""]}, "the alias of a task is a text"),
        ({"queue": ""}, "the queue of a task is a text"),
        ({"priority": 11}, "the priority of task 'a' is a whole number from 0 to 10, not 11"),
        ({"priority": -1}, "from 0 to 10, not -1"),
        ({"priority": True}, "from 0 to 10, not True"),
        ({"priority": "high"}, "from 0 to 10, not 'high'"),
        ({"priority": 1.5}, "from 0 to 10, not 1.5"),
    ],
)
def test_options_that_do_not_fit(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        check_options(**({"name": "a", "aliases": (), "queue": None, "priority": None} | options))


def test_options_that_fit() -> None:
    check_options("demo.größe/v2", ["a b"], "images", 0)
