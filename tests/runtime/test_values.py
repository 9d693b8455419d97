"""What tasks return and raise, as a store keeps it."""

import base64
import collections
import dataclasses
import enum
import gzip
import json
import math
import pickle
import sys
import types
import uuid
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict

from mog.engine.records import StoredValue
from mog.errors import InvalidReturnValue, PayloadTooLarge, ResultError
from mog.known_types import KnownTypes
from mog.remote_errors import RemoteError
from mog.task import Registry
from mog.values import GZIP_FROM, decode, encode_error, encode_value

LIMIT = 1 << 20


class Colour(enum.Enum):
    RED = "red"


class Level(enum.IntEnum):
    HIGH = 2


class Point(BaseModel):
    x: float
    y: float = 0.0

    class Inner(BaseModel):
        z: int


class Strict(BaseModel):
    model_config = ConfigDict(strict=True)

    id: uuid.UUID


@dataclasses.dataclass
class Size:
    width: int


class Pair(NamedTuple):
    left: int
    right: str


def function(context: object) -> None: ...


@pytest.fixture
def known() -> KnownTypes:
    """What is known to an app whose one task stands in this file."""
    return make_known()


def make_known() -> KnownTypes:
    registry = Registry()
    registry.task(function)
    return KnownTypes(registry)


@pytest.fixture
def nothing_known() -> KnownTypes:
    return KnownTypes(Registry())


def stored(value_type: str, raw_value: Any) -> StoredValue:
    return StoredValue(json.dumps({"value_type": value_type, "raw_value": raw_value}).encode())


VALUES = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.complex_numbers(allow_nan=False, allow_infinity=False)
    | st.text()
    | st.binary()
    | st.binary().map(bytearray)
    | st.uuids()
    | st.dates()
    | st.datetimes(timezones=st.sampled_from([None, UTC]))
    | st.times()
    | st.timedeltas()
    | st.decimals(allow_nan=False)
    | st.lists(st.integers() | st.text())
    | st.lists(st.floats(allow_nan=False)).map(tuple)
    | st.sets(st.text())
    | st.frozensets(st.integers())
    | st.dictionaries(st.text(), st.none() | st.text())
    | st.sampled_from([Path("a/b"), PurePosixPath("/c"), Colour.RED, Level.HIGH, Pair(1, "a"), Size(3)])
    | st.builds(Point, x=st.floats(allow_nan=False))
    | st.builds(Strict)
    | st.builds(Point.Inner, z=st.integers())
)


@given(VALUES)
def test_values_come_back_as_what_they_were(value: Any) -> None:
    back = decode(encode_value(value, LIMIT), make_known())
    assert back == value
    assert type(back) is type(value)


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
def test_nan_and_infinities_come_back(number: float, known: KnownTypes) -> None:
    assert repr(decode(encode_value(number, LIMIT), known)) == repr(number)
    assert repr(decode(encode_value([number], LIMIT), known)) == repr([number])
    assert repr(decode(encode_value(Point(x=number), LIMIT), known)) == repr(Point(x=number))
    assert repr(decode(encode_value(Decimal(number), LIMIT), known)) == repr(Decimal(number))


def test_form_is_mognets() -> None:
    assert encode_value(2.0, LIMIT) == StoredValue(b'{"value_type":"builtins:float","raw_value":2.0}')
    assert encode_value(None, LIMIT) == StoredValue(b'{"value_type":"builtins:NoneType","raw_value":null}')
    assert encode_value({1}, LIMIT) == StoredValue(b'{"value_type":"builtins:set","raw_value":[1]}')
    assert encode_value(Path("a"), LIMIT) == StoredValue(b'{"value_type":"pathlib:PosixPath","raw_value":"a"}')
    assert encode_value(Point(x=1), LIMIT) == StoredValue(
        f'{{"value_type":"{__name__}:Point","raw_value":{{"x":1.0,"y":0.0}}}}'.encode()
    )


def test_only_the_outermost_type_is_kept(known: KnownTypes) -> None:
    assert decode(encode_value([Point(x=1)], LIMIT), known) == [{"x": 1.0, "y": 0.0}]
    assert decode(encode_value({(1, 2)}, LIMIT), known) == [[1, 2]]


def test_unknown_types_come_as_plain_data(nothing_known: KnownTypes) -> None:
    assert decode(encode_value(Point(x=1), LIMIT), nothing_known) == {"x": 1.0, "y": 0.0}
    assert decode(encode_value(Colour.RED, LIMIT), nothing_known) == "red"
    assert decode(encode_value(Size(3), LIMIT), nothing_known) == {"width": 3}
    assert decode(encode_value(collections.OrderedDict(a=1), LIMIT), nothing_known) == {"a": 1}
    assert decode(stored("no_such_module:Thing", {"a": 1}), nothing_known) == {"a": 1}


def test_null_is_none_whatever_the_type(known: KnownTypes) -> None:
    assert decode(stored("builtins:int", None), known) is None
    assert decode(stored(f"{__name__}:Point", None), known) is None


@pytest.mark.parametrize(
    ("value_type", "raw", "value"),
    [
        ("builtins:float", 2, 2.0),
        ("builtins:int", "3", 3),
        ("datetime:date", "2026-01-02", date(2026, 1, 2)),
        ("datetime:datetime", "2026-01-02T03:04:05Z", datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)),
        ("datetime:time", "03:04", time(3, 4)),
        ("datetime:timedelta", "PT1S", timedelta(seconds=1)),
        ("pathlib:WindowsPath", "a", Path("a")),
    ],
)
def test_mognets_values_are_read(value_type: str, raw: Any, value: Any, known: KnownTypes) -> None:
    assert decode(stored(value_type, raw), known) == value


# What a store must not be able to do


@pytest.fixture
def unimported() -> Iterator[str]:
    assert "this" not in sys.modules
    yield "this"
    assert "this" not in sys.modules, "the name of a class in a store led to an import"


def test_pickles_of_errors_are_not_looked_at(tmp_path: Path, known: KnownTypes) -> None:
    """S1: `await result` on Mognet unpickles what the store says."""

    class Attack:
        def __reduce__(self) -> Any:
            return (Path.mkdir, (tmp_path / "made by the store",))

    raw = {
        "name": "builtins:ValueError",
        "message": "boom",
        "traceback": "Traceback ...",
        "raw_data": base64.b64encode(pickle.dumps(Attack())).decode(),
        "raw_data_encoding": "application/python-pickle",
    }
    read = decode(stored("mognet.model.result:_ExceptionInfo", raw), known)
    assert isinstance(read, RemoteError)
    assert (read.type_name, read.message, read.traceback) == ("builtins:ValueError", "boom", "Traceback ...")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("value_type", ["os:makedirs", "builtins:print", "builtins:eval", "pathlib:Path.mkdir"])
def test_functions_are_not_called(value_type: str, tmp_path: Path, known: KnownTypes) -> None:
    """S2: pydantic calls a function with the data, where it is taken for a type."""
    raw = {"name": str(tmp_path / "made by the store")}
    assert decode(stored(value_type, raw), known) == raw
    assert not list(tmp_path.iterdir())


def test_functions_of_the_apps_own_modules_are_not_called(known: KnownTypes) -> None:
    assert decode(stored(f"{__name__}:function", {"context": 1}), known) == {"context": 1}
    assert decode(stored(f"{__name__}:sys", {"context": 1}), known) == {"context": 1}


def test_modules_are_not_imported(unimported: str, known: KnownTypes) -> None:
    """S3: Mognet imports any module that the store names."""
    assert decode(stored(f"{unimported}:Thing", 3), known) == 3
    error = {"type": f"{unimported}:Error", "message": "m", "args": [], "attributes": {}, "notes": []}
    read = decode(stored("mog:error", error | {"traceback": "", "errors": []}), known)
    assert isinstance(read, RemoteError)


def test_classes_that_hold_no_data_are_not_made(known: KnownTypes) -> None:
    for name in ("builtins:object", "builtins:type", "builtins:memoryview", f"{__name__}:KnownTypes", "builtins:range"):
        assert decode(stored(name, "x"), known) == "x"


def test_number_is_not_taken_for_a_size_in_bytes(known: KnownTypes) -> None:
    assert decode(stored("builtins:bytes", 10**12), known) == b"1000000000000"


def test_compressed_bomb_does_not_unfold(known: KnownTypes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mog.values.EXPANDED_LIMIT", 1 << 20)
    bomb = gzip.compress(b'{"value_type":"builtins:str","raw_value":"' + b"a" * (1 << 21) + b'"}')
    with pytest.raises(ResultError, match="cut off, or larger than any value may be"):
        decode(StoredValue(bomb, "gzip"), known)


@pytest.mark.parametrize(
    "value",
    [
        StoredValue(b""),
        StoredValue(b"{"),
        StoredValue(b"[]"),
        StoredValue(b"3"),
        StoredValue(b"{}"),
        StoredValue(b'{"value_type":3,"raw_value":3}'[:-1]),
        StoredValue(b'{"value_type":[],"raw_value":3}'),
        StoredValue(b'{"value_type":"mog:error","raw_value":3}'),
        StoredValue(b'{"value_type":"mog:error","raw_value":{"type":3}}'),
        StoredValue(b'{"value_type":"mognet.model.result:_ExceptionInfo","raw_value":{}}'),
        StoredValue(b'{"value_type":"builtins:int","raw_value":"x"}'),
        StoredValue(b'{"value_type":"builtins:complex","raw_value":"x"}'),
        StoredValue(b"not gzip", "gzip"),
        StoredValue(gzip.compress(b"{}")[:-3], "gzip"),
        StoredValue(b"{}", "zstd"),
    ],
    ids=repr,
)
def test_what_cannot_be_read_is_one_clear_line(value: StoredValue, known: KnownTypes) -> None:
    with pytest.raises(ResultError, match="the stored value") as raised:
        decode(value, known)
    assert "\n" not in str(raised.value)


def test_value_that_does_not_fit_its_class_any_more_is_told(known: KnownTypes) -> None:
    with pytest.raises(ResultError, match=r"does not fit .*:Point as it is here: x: Field required"):
        decode(stored(f"{__name__}:Point", {"y": 1}), known)


# What a task must not return


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (object(), "builtins:object, cannot be stored as JSON: Unable to serialize unknown type"),
        ([object()], "builtins:list, cannot be stored as JSON"),
        (lambda: 0, "builtins:function, cannot be stored as JSON"),
        ("\ud800", "builtins:str, cannot be stored as JSON: text with half a surrogate pair"),
        ([b"\xff"], "builtins:list, cannot be stored as JSON: bytes that are no UTF-8 text"),
        (types.SimpleNamespace(), "types:SimpleNamespace, cannot be stored as JSON"),
    ],
)
def test_what_cannot_be_stored_says_what_to_do(value: Any, message: str) -> None:
    with pytest.raises(InvalidReturnValue, match=message) as raised:
        encode_value(value, LIMIT)
    assert str(raised.value).endswith("; return plain data, a pydantic model or a dataclass")
    assert "\n" not in str(raised.value)


def test_what_cannot_be_read_back_is_not_stored() -> None:
    deep: Any = 1
    for _ in range(210):
        deep = [deep]
    for value in (deep, 10**4400):
        with pytest.raises(InvalidReturnValue):
            encode_value(value, LIMIT)


def test_value_over_the_limit_is_refused() -> None:
    with pytest.raises(PayloadTooLarge, match=r"the value that the task returned takes 2,0\d\d bytes, more than"):
        encode_value("x" * 2000, 1024)


def test_large_values_are_compressed_where_it_pays(known: KnownTypes) -> None:
    large = ["some text"] * 2000
    packed = encode_value(large, LIMIT)
    assert packed.encoding == "gzip"
    assert len(packed.content) < 1000
    assert decode(packed, known) == large
    assert encode_value("x" * (GZIP_FROM - 100), LIMIT).encoding is None


def test_long_errors_are_compressed_too(known: KnownTypes) -> None:
    packed = encode_error(ValueError("x" * 9000), LIMIT)
    assert packed.encoding == "gzip"
    assert decode(packed, known).message == "x" * 9000
