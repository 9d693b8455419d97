"""Which classes come back out of a store."""

import dataclasses
import enum
import importlib
import sys
import types
from pathlib import Path, PosixPath
from typing import Any, Generic, TypeVar

import pytest
from pydantic import BaseModel

from mog.errors import ConfigError, MogError, TaskFailed, TooManyRetries
from mog.interrupts import Pause
from mog.known_types import KnownTypes, name_of
from mog.task import Registry

T = TypeVar("T")


class Boom(Exception):
    """Known, since the task below stands in the same module."""

    class Louder(Exception): ...


class Halt(BaseException): ...


class Colour(enum.Enum):
    RED = 1


@dataclasses.dataclass
class Size:
    width: int


class Box(BaseModel, Generic[T]):
    inner: T


def function(context: object) -> None: ...


@pytest.fixture
def registry() -> Registry:
    registry = Registry()
    registry.task(function)
    return registry


@pytest.mark.parametrize(
    "cls", [ValueError, OSError, FileNotFoundError, ExceptionGroup, UnicodeDecodeError, TimeoutError]
)
def test_builtin_errors_are_known_everywhere(cls: type[Exception]) -> None:
    assert KnownTypes(Registry()).error_class(name_of(cls)) is cls


def test_mogs_errors_are_known_save_those_that_need_a_result() -> None:
    known = KnownTypes(Registry())
    assert known.error_class("mog.errors:TooManyRetries") is TooManyRetries
    assert known.error_class("mog.errors:MogError") is MogError
    assert known.error_class(name_of(TaskFailed)) is None


@pytest.mark.parametrize(
    "cls", [SystemExit, KeyboardInterrupt, GeneratorExit, BaseException, StopIteration, StopAsyncIteration, Halt, Pause]
)
def test_what_would_do_harm_where_it_is_raised_is_not_known(cls: type[BaseException], registry: Registry) -> None:
    assert KnownTypes(registry).error_class(name_of(cls)) is None


def test_exceptions_of_the_tasks_modules_are_known(registry: Registry) -> None:
    assert KnownTypes(registry).error_class(f"{__name__}:Boom") is Boom
    assert KnownTypes(registry).error_class(f"{__name__}:Boom.Louder") is Boom.Louder
    assert KnownTypes(Registry()).error_class(f"{__name__}:Boom") is None


def test_values_are_no_errors_and_errors_no_values(registry: Registry) -> None:
    known = KnownTypes(registry)
    assert known.error_class(f"{__name__}:Size") is None
    assert known.error_class("builtins:int") is None
    assert known.read(f"{__name__}:Boom", ["x"]) == ["x"]
    assert known.read("builtins:ValueError", ["x"]) == ["x"]


def test_classes_in_return_annotations_are_known_wherever_they_are_defined() -> None:
    class Local(BaseModel):
        x: int

    class LocalColour(enum.Enum):
        RED = 1

    registry = Registry()

    @registry.task
    def made(context: object) -> "dict[str, Local | LocalColour] | None":
        return {str(Local): Local(x=1), str(LocalColour): LocalColour.RED}

    made.__module__ = "nowhere"
    known = KnownTypes(registry)
    assert known.read(name_of(Local), {"x": 1}) == Local(x=1)
    assert known.read(name_of(LocalColour), 1) is LocalColour.RED


def test_generic_models_are_known_by_the_annotation() -> None:
    registry = Registry()

    @registry.task
    def boxed(context: object) -> Box[int]:
        return Box(inner=1)

    assert KnownTypes(registry).read(name_of(Box[int]), {"inner": "3"}) == Box[int](inner=3)


def test_return_annotation_that_cannot_be_resolved_does_no_harm(registry: Registry) -> None:
    def lost(context: object) -> Any: ...

    lost.__annotations__["return"] = "Missing"
    registry.task(lost)
    assert KnownTypes(registry).read(f"{__name__}:Size", {"width": 1}) == Size(1)


def test_tasks_that_are_registered_later_bring_their_classes(registry: Registry) -> None:
    class Later(BaseModel):
        x: int

    known = KnownTypes(registry)
    assert known.read(name_of(Later), {"x": 1}) == {"x": 1}

    @registry.task(name="later")
    def later(context: object) -> Later:
        return Later(x=1)

    assert known.read(name_of(Later), {"x": 1}) == Later(x=1)


@pytest.fixture
def foreign(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> types.ModuleType:
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "foreign_errors.py").write_text("class Odd(Exception): ...\nnot_a_class = 3\n")
    monkeypatch.delitem(sys.modules, "foreign_errors", raising=False)
    module = importlib.import_module("foreign_errors")
    monkeypatch.delitem(sys.modules, "foreign_errors")
    return module


def test_settings_name_further_exceptions(foreign: types.ModuleType) -> None:
    assert KnownTypes(Registry(), [foreign.Odd]).error_class("foreign_errors:Odd") is foreign.Odd
    by_name = KnownTypes(Registry(), ["foreign_errors:Odd"])
    assert "foreign_errors" not in sys.modules, "imported before it is needed: modules may import each other"
    found = by_name.error_class("foreign_errors:Odd")
    assert found is sys.modules["foreign_errors"].Odd


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("no_such_module:Odd", "names 'no_such_module:Odd', which cannot be imported: No module named"),
        ("foreign_errors:Missing", "names 'foreign_errors:Missing', which cannot be imported: module"),
        ("foreign_errors", "names 'foreign_errors', which cannot be imported"),
        (":Odd", "names ':Odd', which cannot be imported"),
        ("foreign_errors:not_a_class", "names 'foreign_errors:not_a_class', which is no class of exceptions"),
        ("builtins:int", "names 'builtins:int', which is no class of exceptions"),
    ],
)
@pytest.mark.usefixtures("foreign")
def test_settings_that_name_no_exception_are_told(name: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        KnownTypes(Registry(), [name]).error_class("any:Thing")


def test_names_of_classes() -> None:
    assert name_of(int) == "builtins:int"
    assert name_of(Boom.Louder) == f"{__name__}:Boom.Louder"
    assert name_of(PosixPath) == "pathlib:PosixPath"
