"""Exceptions between mog and Mognet. That Mognet loads what is written here is shown with Mognet itself, in
``tests/runtime/engine/distributed/test_mognet_fleet.py``.
"""

import base64
import json
import pickletools
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import pytest

from mog.errors import (
    AlreadySubmitted,
    CouldNotSubmit,
    InvalidErrorInfo,
    InvalidTaskArguments,
    MogError,
    ResultLost,
    ResultNotReady,
    ResultValueLost,
    TaskFailed,
    TooManyRetries,
    UnknownTask,
)
from mog.known_types import KnownTypes
from mog.mognet_errors import to_mognet
from mog.remote_errors import MOGNET_ERROR_TYPE, RemoteError, error_to_json
from mog.revoking import CalledOff
from mog.task import Registry

LIMIT = 1 << 20
ID = UUID("e3840ad6-8ca6-489b-bc33-cbdfc448726b")
RESULT: Any = SimpleNamespace(id=ID, name="demo.task", state="FAILURE")


class Declined(Exception):
    """An application's own error."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code

    def __str__(self) -> str:
        return f"declined with {self.code}"


class Handle(Exception):
    def __init__(self) -> None:
        super().__init__("handle")
        self.callback = lambda: None


KNOWN = KnownTypes(Registry(), [Declined])


def mognets(name: str, message: str) -> Exception:
    """Return what is raised here for an exception as Mognet keeps it."""
    raw = {
        "name": name,
        "message": message,
        "traceback": "Traceback\n\n…",
        "raw_data": "gASV",
        "raw_data_encoding": "x",
    }
    return RemoteError.from_raw(raw, KNOWN).rebuild(RESULT, KNOWN)


READ: list[tuple[str, str, Exception]] = [
    ("builtins:ValueError", "x", ValueError("x")),
    ("builtins:KeyError", "'key'", KeyError("key")),
    ("builtins:KeyError", "<Key 1>", KeyError("<Key 1>")),
    ("asyncio.exceptions:TimeoutError", "", TimeoutError("")),
    (
        "mognet.tasks.task_registry:UnknownTask",
        "Unknown task: 'a\\'b'; did you forget to register it?",
        UnknownTask("a'b"),
    ),
    (
        "mognet.exceptions.too_many_retries:TooManyRetries",
        f"Task id=UUID('{ID}') has been retried 4 times, which is more than the limit of 3",
        TooManyRetries(ID, 4, 3),
    ),
    (
        "mognet.exceptions.task_exceptions:InvalidTaskArguments",
        "[InvalidErrorInfo(loc=(1,), msg=\"it's no int\", type='int_parsing')]",
        InvalidTaskArguments([InvalidErrorInfo((1,), "it's no int", "int_parsing")]),
    ),
    ("mognet.exceptions.result_exceptions:ResultNotReady", "", ResultNotReady()),
    ("mognet.exceptions.result_exceptions:ResultLost", f"Result id=UUID('{ID}') lost", ResultLost(ID)),
    (
        "mognet.exceptions.result_exceptions:ResultValueLost",
        f"Value for result id=UUID('{ID}') lost",
        ResultValueLost(ID),
    ),
    ("mognet.exceptions.base_exceptions:CouldNotSubmit", "Could not submit x", CouldNotSubmit("Could not submit x")),
]


@pytest.mark.parametrize(("name", "message", "expected"), READ, ids=lambda value: str(value)[-30:])
def test_an_exception_of_mognets_is_raised_as_its_own_class(name: str, message: str, expected: Exception) -> None:
    back = mognets(name, message)
    assert type(back) is type(expected)
    assert (str(back), back.args, vars(back).keys() - {"__notes__"}) == (
        str(expected),
        expected.args,
        vars(expected).keys(),
    )
    assert "Traceback" in str(back.__cause__)


def test_an_applications_own_class_comes_back_with_its_text() -> None:
    back = mognets(f"{__name__}:Declined", "declined with 5")
    assert (type(back), back.args) == (Declined, ("declined with 5",))


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("elsewhere:Strange", "x"),
        ("mognet.exceptions.result_exceptions:Revoked", "Result … was revoked"),
        ("mognet.exceptions.too_many_retries:TooManyRetries", "an own text"),
        ("mognet.exceptions.task_exceptions:InvalidTaskArguments", "[" * 10_000),
        ("mognet.exceptions.task_exceptions:InvalidTaskArguments", "[__import__('os').abort()]"),
        ("builtins:SystemExit", "1"),
    ],
)
def test_what_is_not_known_or_not_mognets_is_told_of(name: str, message: str) -> None:
    back = mognets(name, message)
    assert isinstance(back, TaskFailed)
    assert back.message == message


def written(error: BaseException) -> dict[str, Any]:
    content = json.loads(error_to_json(error, LIMIT, mognet=True))
    assert content["value_type"] == MOGNET_ERROR_TYPE
    raw: dict[str, Any] = content["raw_value"]
    return raw


def names_in(raw_data: str) -> list[str]:
    """Return all texts in a pickle, the modules and names that it calls among them."""
    operations = pickletools.genops(base64.b64decode(raw_data))
    return [argument for _, argument, _ in operations if isinstance(argument, str)]


OWN = [
    UnknownTask("x"),
    InvalidTaskArguments([InvalidErrorInfo(("a", 0), "no", "int")], "x"),
    TooManyRetries(ID, 4, 3),
    ResultNotReady(),
    AlreadySubmitted(ID),
    MogError("any other"),
]


@pytest.mark.parametrize("error", OWN, ids=lambda error: type(error).__name__)
def test_mogs_own_errors_are_written_under_mognets_names(error: MogError) -> None:
    raw = written(error)
    module, _, name = raw["name"].partition(":")
    assert module.startswith("mognet.")
    names = names_in(raw["raw_data"])
    assert {module, name} <= set(names)
    assert not [one for one in names if one.partition(".")[0] == "mog"]


@pytest.mark.parametrize("error", [*OWN, Declined(5), ValueError("a", 2)], ids=lambda error: type(error).__name__)
def test_what_is_written_for_mognet_loses_nothing_here(error: Exception) -> None:
    back = RemoteError.from_raw(written(error), KNOWN).rebuild(RESULT, KNOWN)
    assert (type(back), str(back), back.args) == (type(error), str(error), error.args)


@pytest.mark.parametrize(
    "error",
    [
        Handle(),
        CalledOff("x"),
        ExceptionGroup("g", [UnknownTask("x")]),
        ValueError("x" * 100_000),
        Declined(ResultNotReady),
    ],  # type: ignore[arg-type]  # on purpose
    ids=["not picklable", "mog's alone", "mog's within", "large", "a class of mog's"],
)
def test_what_mognet_could_not_load_is_told_without_a_pickle(error: Exception) -> None:
    told = to_mognet(error, 10_000)
    assert (told["raw_data"], told["raw_data_encoding"]) == (None, None)


def test_an_own_error_that_holds_anything_is_told_without_a_pickle() -> None:
    error = InvalidTaskArguments(["no"])  # type: ignore[list-item]  # on purpose
    told = to_mognet(error, 10_000)
    assert told["name"].endswith(":InvalidTaskArguments")
    assert told["raw_data"] is None


def test_a_large_error_fits_in_either_form() -> None:
    content = error_to_json(Declined("é" * 100_000), 1000, mognet=True)  # type: ignore[arg-type]  # on purpose
    assert len(content) <= 1000
    assert json.loads(content)["raw_value"]["message"].startswith("declined with é")
