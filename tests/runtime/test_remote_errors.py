"""Exceptions on their way from a worker to whoever awaits the task."""

import json
import traceback
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mog.errors import (
    AlreadySubmitted,
    ConfigError,
    InvalidErrorInfo,
    InvalidTaskArguments,
    PayloadTooLarge,
    ResultNotReady,
    TaskFailed,
    TooManyRetries,
    UnknownTask,
)
from mog.known_types import KnownTypes
from mog.remote_errors import RemoteError, RemoteTraceback, error_to_json
from mog.task import Registry

LIMIT = 1 << 20
ID = UUID("e3840ad6-8ca6-489b-bc33-cbdfc448726b")
RESULT: Any = SimpleNamespace(id=ID, name="demo.task", state="FAILURE")


class Boom(Exception):
    """An exception whose constructor wants something else than it hands on."""

    def __init__(self, code: int, *, reason: str) -> None:
        super().__init__(f"E{code}")
        self.code, self.reason, self.where = code, reason, Path("a")
        self.connection = object()

    def __str__(self) -> str:
        return f"boom {self.code}: {self.reason}"


class Plain(Exception): ...


class Missing(OSError): ...


class NeedsAttribute(Exception):
    def __init__(self) -> None:
        super().__init__("x")
        self.handle = object()

    def __str__(self) -> str:
        return f"handle {self.handle.__class__.__name__} {self.missing_later}"

    @property
    def missing_later(self) -> str:
        return str(vars(self)["handle"] and "")


class Unspeakable(Exception):
    def __str__(self) -> str:
        raise RuntimeError("no")


class Choosy(Exception):
    def __new__(cls, *, key: str) -> "Choosy":
        return super().__new__(cls, key)

    def __init__(self, *, key: str) -> None: ...


class Several(ExceptionGroup[Exception]): ...


class OwnArgs(Exception):
    args = property(lambda self: 1 / 0)


def function(context: object) -> None: ...


@pytest.fixture
def known() -> KnownTypes:
    registry = Registry()
    registry.task(function)
    return KnownTypes(registry)


def nothing_known() -> KnownTypes:
    return KnownTypes(Registry())


def raised(error: BaseException) -> BaseException:
    """Return the error with a traceback, as a worker has it."""
    try:
        raise error
    except BaseException as caught:  # noqa: BLE001 - of any kind
        return caught


def travel(error: BaseException, known: KnownTypes, limit: int = LIMIT) -> RemoteError:
    content = error_to_json(error, limit)
    assert len(content) <= limit
    return RemoteError.from_raw(json.loads(content)["raw_value"], known)


def rebuilt(error: BaseException, known: KnownTypes) -> Exception:
    return travel(raised(error), known).rebuild(RESULT, known)


BUILTINS = [
    ValueError("x"),
    ValueError(),
    ValueError("a", 3, None, 1.5, [1, {"b": 2}], ("c", 1), b"\xff", {"k"}),
    KeyError("key"),
    OSError(2, "No such file or directory", "a.txt"),
    FileNotFoundError(2, "No such file or directory", "a.txt"),
    ConnectionResetError(104, "reset"),
    UnicodeDecodeError("utf-8", b"\xff\xfe", 0, 1, "invalid start byte"),
    UnicodeEncodeError("ascii", "é", 0, 1, "ordinal not in range"),
    SyntaxError("invalid syntax", ("a.py", 1, 2, "x ==", 1, 3)),
    ZeroDivisionError("division by zero"),
    RecursionError("deep"),
    TimeoutError(),
    AssertionError("no"),
    ImportError("no module"),
]


@pytest.mark.parametrize("error", BUILTINS, ids=lambda error: f"{type(error).__name__}{len(error.args)}")
def test_builtin_errors_come_back_whole(error: Exception) -> None:
    back = rebuilt(error, nothing_known())
    assert type(back) is type(error)
    assert str(back) == str(error)
    assert back.args == error.args
    for attribute in ("errno", "strerror", "filename", "start", "end", "object", "reason", "lineno", "text"):
        assert getattr(back, attribute, None) == getattr(error, attribute, None)


@settings(max_examples=50)
@given(st.lists(st.text() | st.integers() | st.none() | st.binary() | st.uuids() | st.tuples(st.text()) | st.dates()))
def test_arguments_come_back_whole(args: list[Any]) -> None:
    assert rebuilt(ValueError(*args), nothing_known()).args == tuple(args)


def test_error_of_the_app_comes_back_without_its_constructor(known: KnownTypes) -> None:
    back = rebuilt(Boom(42, reason="late"), known)
    assert isinstance(back, Boom)
    assert (back.code, back.reason, back.where) == (42, "late", Path("a"))
    assert (str(back), back.args) == ("boom 42: late", ("E42",))
    assert not hasattr(back, "connection")
    missing = rebuilt(Missing(2, "gone", "a.txt"), known)
    assert isinstance(missing, Missing)
    assert missing.errno == 2


def test_error_of_an_unknown_class_is_told_as_task_failed() -> None:
    back = rebuilt(Boom(42, reason="late"), nothing_known())
    assert isinstance(back, TaskFailed)
    assert (back.type_name, back.message, back.result) == (f"{__name__}:Boom", "boom 42: late", RESULT)
    assert str(back) == f"task 'demo.task' ({ID}) failed with {__name__}:Boom: boom 42: late"
    assert "raise error" in back.remote_traceback


@pytest.mark.parametrize("error", [SystemExit(3), KeyboardInterrupt(), GeneratorExit(), StopIteration(1)], ids=repr)
def test_what_would_end_the_reader_is_told_as_task_failed(error: BaseException, known: KnownTypes) -> None:
    back = rebuilt(error, known)
    assert isinstance(back, TaskFailed)
    assert back.type_name == f"builtins:{type(error).__name__}"
    assert travel(error, known).args == error.args


def test_mogs_own_errors_come_back(known: KnownTypes) -> None:
    errors: list[Exception] = [
        UnknownTask("demo.x", "did you mean 'demo.y'?"),
        TooManyRetries(ID, 4, 3),
        PayloadTooLarge("the value", 10, 5),
        AlreadySubmitted(ID),
        ConfigError("wrong"),
        ResultNotReady(),
    ]
    for error in errors:
        back = rebuilt(error, known)
        assert (type(back), str(back), vars(back)) == (type(error), str(error), vars(error))


def test_invalid_arguments_come_back_with_their_places(known: KnownTypes) -> None:
    error = InvalidTaskArguments([InvalidErrorInfo(("points", 1, "x"), "bad", "int_type")], "demo.task")
    back = rebuilt(error, known)
    assert isinstance(back, InvalidTaskArguments)
    assert (back.errors, back.task_name, str(back)) == (error.errors, error.task_name, str(error))


def test_worker_s_traceback_is_shown_where_it_is_raised_anew(known: KnownTypes) -> None:
    back = rebuilt(Plain("x"), known)
    assert isinstance(back.__cause__, RemoteTraceback)
    shown = "".join(traceback.format_exception(back))
    assert "in raised\n    raise error\n" in shown
    assert "The above exception was the direct cause" in shown


def test_causes_and_contexts_are_in_the_traceback(known: KnownTypes) -> None:
    def chain() -> None:
        try:
            dict[str, int]()["key"]
        except KeyError as error:
            raise Plain("second") from error

    with pytest.raises(Plain) as caught:
        chain()
    told = travel(caught.value, known).traceback
    assert "KeyError: 'key'" in told
    assert "Plain: second" in told


def test_frames_of_mog_itself_are_left_out(known: KnownTypes) -> None:
    with pytest.raises(KeyError) as caught:
        Registry().get("x")
    assert "raise UnknownTask" in travel(caught.value, known).traceback, "mog's own frame is the place here"
    with pytest.raises(ZeroDivisionError) as inside:
        exec("def mine(): 1 / 0\nmine()", {"__name__": "mog.somewhere"})
    assert "mine" in travel(inside.value, known).traceback


def test_notes_come_back(known: KnownTypes) -> None:
    error = Plain("x")
    error.add_note("while reading a.png")
    error.add_note("half \ud800")
    assert rebuilt(error, known).__notes__ == ["while reading a.png", "half \\ud800"]


def test_group_comes_back_with_its_members(known: KnownTypes) -> None:
    error = ExceptionGroup("several", [ValueError("a"), ExceptionGroup("inner", [Plain("b"), Boom(1, reason="c")])])
    back = rebuilt(error, known)
    assert isinstance(back, ExceptionGroup)
    assert (back.message, str(back.exceptions[0])) == ("several", "a")
    inner = back.exceptions[1]
    assert isinstance(inner, ExceptionGroup)
    assert [type(member) for member in inner.exceptions] == [Plain, Boom]
    assert isinstance(rebuilt(Several("mine", [ValueError()]), known), Several)


def test_unknown_members_of_a_group_are_told_as_task_failed(known: KnownTypes) -> None:
    back = rebuilt(BaseExceptionGroup("several", [SystemExit(1), ValueError("a")]), known)
    assert isinstance(back, TaskFailed), "a BaseExceptionGroup would pass by `except Exception`"
    back = rebuilt(ExceptionGroup("several", [Plain("a")]), nothing_known())
    assert isinstance(back, ExceptionGroup)
    assert isinstance(back.exceptions[0], TaskFailed)


def test_large_group_is_cut_and_says_so(known: KnownTypes) -> None:
    back = travel(ExceptionGroup("many", [ValueError(str(number)) for number in range(1000)]), known)
    assert len(back.errors) == 50
    assert back.notes == ("(950 of its 1000 exceptions are left out here)",)


def test_deep_group_does_not_break(known: KnownTypes) -> None:
    error: Exception = ValueError("x")
    for _ in range(150):
        error = ExceptionGroup("g", [error])
    assert isinstance(rebuilt(error, known), ExceptionGroup | TaskFailed)


def test_huge_message_is_cut_and_says_so(known: KnownTypes) -> None:
    back = rebuilt(ValueError("x" * 1_000_000), known)
    assert isinstance(back, ValueError)
    assert "[... 990,000 characters are left out here ...]" in str(back)
    assert len(str(back)) < 10_100


def test_huge_argument_is_left_out(known: KnownTypes) -> None:
    remote = travel(Plain("short", "y" * 100_000), known)
    assert remote.args is None
    assert isinstance(remote.rebuild(RESULT, known), Plain)


@pytest.mark.parametrize("limit", [1024, 4096, 100_000])
def test_error_fits_whatever_the_limit(limit: int, known: KnownTypes) -> None:
    error = ExceptionGroup("é" * 20_000, [Boom(n, reason="ü" * 9_000) for n in range(200)])
    error.add_note("ä" * 50_000)
    remote = travel(raised(error), known, limit)
    assert remote.type_name == "builtins:ExceptionGroup"
    assert remote.message.startswith("é")


def test_argument_that_is_no_json_gives_way_to_the_message(known: KnownTypes) -> None:
    back = rebuilt(ValueError("code", object()), known)
    assert isinstance(back, ValueError)
    assert back.args[0].startswith("('code', <object object")


def test_text_that_cannot_be_told_is_replaced(known: KnownTypes) -> None:
    back = rebuilt(Unspeakable("x"), known)
    assert isinstance(back, Unspeakable)
    assert back.__notes__ == ["(its text, from the worker: (its text cannot be told: str() raises RuntimeError))"]
    assert "Unspeakable" in travel(raised(Unspeakable()), known).traceback


def test_text_that_needs_what_did_not_travel_is_told_in_a_note(known: KnownTypes) -> None:
    back = rebuilt(NeedsAttribute(), known)
    assert isinstance(back, NeedsAttribute)
    with pytest.raises(AttributeError):
        str(back)
    assert back.__notes__ == ["(its text, from the worker: handle object )"]


def test_class_that_cannot_be_made_is_told_as_task_failed(known: KnownTypes) -> None:
    back = rebuilt(Choosy(key="a"), known)
    assert isinstance(back, TaskFailed)
    assert back.message == "a"


def test_properties_of_the_users_do_not_break_it(known: KnownTypes) -> None:
    assert travel(OwnArgs("x"), known).args == ("x",)


def test_half_characters_are_written_out(known: KnownTypes) -> None:
    assert travel(Plain("file \udcff"), known).message == "file \\udcff"


@pytest.mark.parametrize("name", ["__class__", "__dict__", "__str__", "a b", "é", "__notes__"])
def test_attributes_with_other_names_are_not_taken_from_a_store(name: str, known: KnownTypes) -> None:
    held = {"value_type": "builtins:str", "raw_value": "x"}
    raw = {"type": f"{__name__}:Plain", "message": "m", "args": [], "attributes": {name: held}, "notes": []}
    back = RemoteError.from_raw(raw | {"traceback": "", "errors": []}, known)
    assert back.attributes == {}
    assert type(back.rebuild(RESULT, known)) is Plain
