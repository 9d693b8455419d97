"""Arguments: bound, checked, written as JSON, read back."""

import dataclasses
import enum
import math
import uuid
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer
from pydantic_core import from_json, to_json
from typing_extensions import TypedDict

from mog.arguments import Arguments, Call, format_arguments, format_signature
from mog.decoration import arguments_of
from mog.errors import ConfigError, InvalidTaskArguments

# The annotations of functions in this file are values, not text: those with text stand in their own tests.


class Colour(enum.Enum):
    RED = "red"
    BLUE = "blue"


class Level(enum.IntEnum):
    LOW = 1
    HIGH = 2


class Point(BaseModel):
    x: int
    y: float = 0.0
    seen: set[date] = Field(default_factory=set)


class Strict(BaseModel):
    model_config = ConfigDict(strict=True, ser_json_bytes="base64", val_json_bytes="base64")

    id: uuid.UUID
    at: datetime
    blob: bytes
    colour: Colour


@dataclasses.dataclass
class Size:
    width: int
    height: int | None = None
    tags: tuple[str, ...] = ()


class Options(TypedDict, total=False):
    quality: int
    format: str


def arguments(function: Callable[..., Any]) -> Arguments:
    return Arguments("demo.task", function, arguments_of(function))


def travel(function: Callable[..., Any], *args: Any, **kwargs: Any) -> Call:
    """Send arguments the whole way: checked, dumped, as JSON text, loaded."""
    task = arguments(function)
    dumped = task.dump(*task.check(args, kwargs))
    positional, named = from_json(to_json(dumped))
    return task.load(positional, named)


def errors_of(operation: Callable[..., Any], *args: Any) -> list[tuple[tuple[int | str, ...], str]]:
    with pytest.raises(InvalidTaskArguments) as raised:
        operation(*args)
    assert raised.value.task_name == "demo.task"
    assert "\n" not in str(raised.value)
    return [(error.loc, error.type) for error in raised.value.errors]


def resize(context: object, path: str, width: int = 800, *, tag: bytes = b"") -> None: ...
def anything(context: object, first, second: Any = None) -> None: ...  # type: ignore[no-untyped-def] # the case in point
def spread(context: object, first: int, /, *rest: float, **more: date) -> None: ...


# Binding


@pytest.mark.parametrize(
    ("args", "kwargs", "expected"),
    [
        ((), {}, [(("path",), "missing_argument")]),
        (("a", 1, 2), {}, [((2,), "unexpected_positional_argument")]),
        (("a", 1, 2, 3), {}, [((2,), "unexpected_positional_argument"), ((3,), "unexpected_positional_argument")]),
        (("a",), {"path": "b"}, [(("path",), "multiple_argument_values")]),
        (("a",), {"widht": 1}, [(("widht",), "unexpected_keyword_argument")]),
        (("a",), {"context": 1}, [(("context",), "unexpected_keyword_argument")]),
        ((), {"widht": 1}, [(("path",), "missing_argument"), (("widht",), "unexpected_keyword_argument")]),
    ],
)
def test_arguments_that_do_not_bind(args: Any, kwargs: Any, expected: Any) -> None:
    task = arguments(resize)
    for operation in (task.check, task.load, task.check):
        assert errors_of(operation, args, kwargs) == expected


def test_misspelt_name_is_answered_with_the_nearest() -> None:
    with pytest.raises(InvalidTaskArguments, match=r"widht: no parameter of this name; did you mean 'width'\?"):
        arguments(resize).check(("a",), {"widht": 1})


def test_positional_only_parameter_cannot_be_named() -> None:
    assert errors_of(arguments(spread).check, (), {"first": date(2026, 1, 1)}) == [(("first",), "missing_argument")]


def test_name_of_a_positional_only_parameter_is_free_for_kwargs() -> None:
    assert travel(spread, 1, first=date(2026, 1, 2)) == ((1,), {"first": date(2026, 1, 2)})


def test_arguments_keep_the_shape_of_the_call() -> None:
    assert travel(resize, "a") == (("a",), {})
    assert travel(resize, "a", "3") == (("a", 3), {})
    assert travel(resize, width=3, path="a") == ((), {"width": 3, "path": "a"})
    assert travel(spread, 1, 2, "3.5", day="2026-01-02") == ((1, 2.0, 3.5), {"day": date(2026, 1, 2)})


def test_defaults_of_the_function_are_left_to_the_worker() -> None:
    assert arguments(resize).check(("a",), {}) == (("a",), {})


def test_shapes_that_are_remembered_are_bounded() -> None:
    task = arguments(spread)
    for count in range(1, 300):
        assert len(task.check(tuple(range(count)), {})[0]) == count


# Checking


def test_values_are_coerced_as_pydantic_does() -> None:
    def function(context: object, a: float, b: int, c: bool, d: Path) -> None: ...

    assert arguments(function).check(("5", "7", "yes", "x/y"), {}) == ((5.0, 7, True, Path("x/y")), {})


def test_each_value_that_does_not_fit_is_told_by_its_name() -> None:
    task = arguments(resize)
    expected = [(("path",), "string_type"), (("width",), "int_parsing"), (("tag",), "bytes_type")]
    assert errors_of(task.check, (1, "x"), {"tag": 3}) == expected
    assert errors_of(task.load, (1, "x"), {"tag": 3}) == expected


def test_place_of_an_error_goes_on_inside_the_value() -> None:
    def function(context: object, points: list[Point], *more: Point, **named: Point) -> None: ...

    found = errors_of(arguments(function).check, ([{"x": 1}, {"x": "a"}], {"x": 1}, {}), {"p": {"x": []}})
    assert [loc for loc, _ in found] == [("points", 1, "x"), ("more", 1, "x"), ("p", "x")]


def test_error_text_is_one_line_that_names_task_and_parameter() -> None:
    with pytest.raises(InvalidTaskArguments) as raised:
        arguments(resize).check(("a", "x"), {})
    assert str(raised.value).startswith("the arguments do not fit task 'demo.task': width: Input should be a valid int")


def test_constraints_hold_and_default_of_a_field_is_filled_in() -> None:
    def function(
        context: object,
        size: Annotated[int, Field(ge=1)],
        tries: int = Field(3, le=5),
        names: list[str] = Field(default_factory=list),  # noqa: B008 - so pydantic wants it
    ) -> None: ...

    task = arguments(function)
    assert [loc for loc, _ in errors_of(task.check, (0, 6), {})] == [("size",), ("tries",)]
    assert task.check((1,), {}) == ((1,), {})
    assert task.load((1,), {}) == ((1,), {"tries": 3, "names": []})
    assert task.load((1, 2), {"names": ["a"]}) == ((1, 2), {"names": ["a"]})
    assert task.load((1,), {})[1]["names"] is not task.load((1,), {})[1]["names"]


def test_field_without_a_default_is_required() -> None:
    def function(context: object, size: int = Field(ge=1)) -> None: ...

    assert errors_of(arguments(function).check, (), {}) == [(("size",), "missing_argument")]


def test_validator_that_raises_something_else_is_told_as_such() -> None:
    def broken(value: Any) -> Any:
        raise KeyError("oops")

    def function(context: object, a: Annotated[int, BeforeValidator(broken)]) -> None: ...

    with pytest.raises(InvalidTaskArguments, match=r"a: its check raises KeyError: .*oops"):
        arguments(function).check((1,), {})


def test_validator_that_fails_only_once_is_not_lost() -> None:
    calls = iter([RuntimeError("once"), 1])

    def moody(value: Any) -> Any:
        outcome = next(calls)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    def function(context: object, a: Annotated[int, AfterValidator(moody)]) -> None: ...

    with pytest.raises(RuntimeError, match="once"):
        arguments(function).check((1,), {})


# Annotations


def test_text_annotations_are_resolved_when_first_used() -> None:
    namespace: dict[str, Any] = {}
    exec(
        "from __future__ import annotations\n"
        "def function(context: NotEvenThere, later: Later, many: 'list[Later]' = ()) -> Nowhere: ...\n",
        namespace,
    )
    task = arguments(namespace["function"])
    namespace["Later"] = Point
    assert task.check(({"x": 1}, [{"x": 2}]), {}) == ((Point(x=1), [Point(x=2)]), {})


def test_annotation_may_name_what_the_function_encloses() -> None:
    class Local(BaseModel):
        x: int

    def function(context: object, local: "Local") -> object:
        return Local

    assert arguments(function).check(({"x": 1},), {}) == ((Local(x=1),), {})


@pytest.mark.parametrize(
    ("annotation", "message"),
    [
        ("Missing", "the annotation of parameter 'a', Missing, cannot be resolved .*'Missing' is not defined"),
        ("list[", r"the annotation of parameter 'a', list\[, cannot be resolved"),
        ("Point.Inner", "the annotation of parameter 'a', Point.Inner, cannot be resolved"),
    ],
)
def test_annotation_that_cannot_be_resolved_is_a_config_error_at_first_use(annotation: str, message: str) -> None:
    def function(context: object, a: Any) -> None: ...

    function.__annotations__["a"] = annotation
    task = arguments(function)
    for _ in range(2):
        with pytest.raises(ConfigError, match=f"task 'demo.task': {message}.*at module level") as raised:
            task.check((1,), {})
        assert "\n" not in str(raised.value)


class Shy:
    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: Any) -> Any:
        raise RuntimeError("not today\nnor tomorrow")


def test_annotation_that_pydantic_does_not_take_is_a_config_error() -> None:
    def function(context: object, a: list[Shy]) -> None: ...

    with pytest.raises(ConfigError) as raised:
        arguments(function).check((1,), {})
    assert str(raised.value) == (
        f"task 'demo.task': parameter 'a' cannot be checked as list[{__name__}.Shy] (not today); "
        "use a type that pydantic knows"
    )


class Connection:
    """A class that pydantic does not know."""


def test_class_that_cannot_travel_is_refused_when_it_is_sent() -> None:
    def function(context: object, url: str, connection: Connection | None = None) -> None: ...

    assert travel(function, "a") == (("a",), {})
    task = arguments(function)
    assert errors_of(task.dump, *task.check(("a", Connection()), {})) == [(("connection",), "not_json")]
    assert errors_of(task.check, ("a", 3), {}) == [(("connection",), "is_instance_of")]


# Round trips

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)
zones = st.sampled_from([None, UTC, timezone(timedelta(hours=5, minutes=30)), timezone(-timedelta(hours=8))])
TYPED = {
    int: st.integers(),
    float: st.floats(allow_nan=False),
    str: st.text(),
    bool: st.booleans(),
    bytes: st.binary(),
    uuid.UUID: st.uuids(),
    Decimal: st.decimals(allow_nan=False, allow_infinity=False),
    date: st.dates(),
    datetime: st.datetimes(timezones=zones),
    time: st.times(),
    timedelta: st.timedeltas(),
    Path: st.lists(st.text("abc.é", min_size=1), min_size=1).map(lambda parts: Path(*parts)),
    Colour: st.sampled_from(Colour),
    Level: st.sampled_from(Level),
    Literal["a", "b"]: st.sampled_from(["a", "b"]),
    list[bytes]: st.lists(st.binary()),
    set[bytes]: st.sets(st.binary()),
    dict[str, list[bytes | None]]: st.dictionaries(st.text(), st.lists(st.none() | st.binary())),
    tuple[int, bytes]: st.tuples(st.integers(), st.binary()),
    tuple[date, ...]: st.lists(st.dates()).map(tuple),
    frozenset[int]: st.frozensets(st.integers()),
    dict[int, Decimal]: st.dictionaries(st.integers(), st.decimals(allow_nan=False, allow_infinity=False)),
    Annotated[bytes, Field(max_length=9)]: st.binary(max_size=9),
    bytes | int: st.binary().filter(lambda value: not value.isdigit()) | st.integers(),
    Point: st.builds(Point, x=st.integers(), y=st.floats(allow_nan=False), seen=st.sets(st.dates())),
    list[Point]: st.lists(st.builds(Point, x=st.integers())),
    Strict: st.builds(Strict, at=st.datetimes()),
    Size: st.builds(Size, width=st.integers(), height=st.none() | st.integers(), tags=st.tuples(st.text())),
    Options: st.fixed_dictionaries({}, optional={"quality": st.integers(), "format": st.text()}),
    Any: json_values,
}


@settings(max_examples=30)
@given(data=st.data())
@pytest.mark.parametrize("annotation", TYPED, ids=str)
def test_values_come_back_as_what_they_were(annotation: Any, data: st.DataObject) -> None:
    value = data.draw(TYPED[annotation])

    def function(context: object, a: Any, *, b: Any) -> None: ...

    function.__annotations__.update(a=annotation, b=annotation)
    assert travel(function, value, b=value) == ((value,), {"b": value})


@given(args=st.lists(json_values).map(tuple), kwargs=st.dictionaries(st.text(), json_values))
def test_unannotated_values_pass_as_the_json_they_are(args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
    def function(context, *args, **kwargs):  # type: ignore[no-untyped-def] # the case in point
        ...

    assert travel(function, *args, **kwargs) == (args, kwargs)


@given(st.binary())
def test_bytes_that_look_like_their_own_escape(value: bytes) -> None:
    def function(context: object, a: bytes) -> None: ...

    value = b"data:;base64," + value
    assert travel(function, value) == ((value,), {})


def test_bytes_travel_as_text_where_they_are_text() -> None:
    task = arguments(resize)
    assert task.dump(("a",), {"tag": b"hello"}) == (("a",), {"tag": "hello"})
    assert task.dump(("a",), {"tag": b"\xff"}) == (("a",), {"tag": "data:;base64,/w=="})
    assert errors_of(task.load, ("a",), {"tag": "data:;base64,!"}) == [(("tag",), "value_error")]


class Reading(BaseModel):
    value: float


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
def test_nan_and_infinities_come_back(number: float) -> None:
    def function(context: object, a: float, b: list[float], c: Reading, d: Any) -> None: ...

    (a, b, c, d), _ = travel(function, number, [number], Reading(value=number), number)
    assert repr([a, *b, c.value, d]) == repr([number] * 4)


def test_values_are_written_as_their_annotation_says() -> None:
    loud = Annotated[str, PlainSerializer(lambda value: value.upper())]
    hexadecimal = Annotated[int, PlainSerializer(lambda value: f"{value:x}")]

    def function(context: object, a: Any, b: Any) -> None: ...

    function.__annotations__.update(a=loud, b=hexadecimal)
    assert arguments(function).dump(("a", 255), {}) == (("A", "ff"), {})


# What cannot travel


def nested(depth: int) -> Any:
    value: Any = 1
    for _ in range(depth):
        value = [value]
    return value


def endless() -> Any:
    value: list[Any] = []
    value.append(value)
    return value


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (object(), "Unable to serialize unknown type: <class 'object'>"),
        ("\ud800", "text with half a surrogate pair, which is no character"),
        ({"\ud800": 1}, "text with half a surrogate pair"),
        (b"\xff", "bytes that are no UTF-8 text; write them as base64"),
        (nested(230), "nested deeper than 200 levels"),
        (nested(5000), "nested deeper than 200 levels"),
        (10**4400, "an integer of more than 4,300 digits"),
        (endless(), "Circular reference detected"),
        (ValueError("x"), "Unable to serialize unknown type: <class 'ValueError'>"),
    ],
    ids=["object", "surrogate", "surrogate key", "bytes", "deep", "very deep", "digits", "circular", "exception"],
)
def test_value_that_is_no_json_is_told_by_its_name(value: Any, reason: str) -> None:
    task = arguments(anything)
    with pytest.raises(InvalidTaskArguments, match=f"second: {reason}") as raised:
        task.dump(*task.check((1,), {"second": value}))
    assert "\n" not in str(raised.value)


def test_value_that_can_just_be_read_back_passes() -> None:
    assert travel(anything, nested(190), 10**4200) == ((nested(190), 10**4200), {})


def test_annotated_text_with_half_a_character_is_refused() -> None:
    task = arguments(resize)
    assert errors_of(task.dump, ("\ud800",), {"tag": b""}) == [(("path",), "not_json")]


@pytest.mark.parametrize("value", [10**4400, -(10**4400)], ids=["positive", "negative"])
def test_annotated_integer_with_too_many_digits_is_refused(value: int) -> None:
    def function(context: object, a: int) -> None: ...

    task = arguments(function)
    with pytest.raises(InvalidTaskArguments, match="a: an integer of more than 4,300 digits"):
        task.dump(*task.check((value,), {}))


class Tree(BaseModel):
    inner: "Tree | None" = None


def test_model_nested_too_deeply_is_a_clear_error() -> None:
    def function(context: object, tree: Tree) -> None: ...

    tree = Tree()
    for _ in range(300):
        tree = Tree.model_construct(inner=tree)
    task = arguments(function)
    with pytest.raises(InvalidTaskArguments, match="tree: "):
        task.dump(*task.check((tree,), {}))


# For people


class Broken:
    def __repr__(self) -> str:
        raise RuntimeError("no")


def test_arguments_are_shown_as_mognet_shows_them() -> None:
    assert format_arguments((), {}) == ""
    assert format_arguments((3, "a"), {"width": 800, "tag": None}) == "3, 'a', width=800, tag=None"
    assert format_arguments(("x" * 100,), {"b": "y" * 100}) == f"'{'x' * 63}..., b='{'y' * 63}..."
    assert format_arguments(("x" * 62,), {}) == repr("x" * 62)
    assert format_arguments((Broken(),), {}) == "<Broken, whose repr raises RuntimeError>"
    assert format_arguments(("\ud800\n",), {}) == "'\\ud800\\n'"


def with_everything(
    context: object, a: int, /, b: "list[Point]", c: Literal["x"] = "x", *d: Path, e: Point | None = None, **f: Any
) -> None: ...
def with_fields(context: object, a: int = Field(gt=3), b: Annotated[int, Field(gt=1)] = Field(3)) -> None: ...
def with_nothing(context: object) -> None: ...


@pytest.mark.parametrize(
    ("function", "text"),
    [
        (resize, "(path: str, width: int = 800, *, tag: bytes = b'')"),
        (anything, "(first, second: Any = None)"),
        (with_nothing, "()"),
        (
            with_fields,
            "(a: int, b: int = 3)",
        ),
        (
            with_everything,
            "(a: int, /, b: list[Point], c: Literal['x'] = 'x', *d: Path, e: PLACE.Point | None = None, **f: Any)",
        ),
    ],
)
def test_signature_is_written_as_in_the_source(function: Callable[..., Any], text: str) -> None:
    assert format_signature("f", arguments_of(function)) == "f" + text.replace("PLACE", __name__)
