"""Requests and their JSON."""

import json
import math
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from mog.errors import InvalidRequest, InvalidTaskArguments
from mog.request import Request, request_from_json, request_to_json
from mog.task import Registry, Task

ID = UUID("e3840ad6-8ca6-489b-bc33-cbdfc448726b")
PARENT = UUID("6405987a-332c-4c51-af0c-7622f7e34276")


def make(**fields: Any) -> Request[Any]:
    return Request(**({"name": "demo.task"} | fields))


@pytest.fixture
def task() -> Task:
    registry = Registry()

    @registry.task(name="demo.task")
    def function(context: object, path: str, day: datetime | None = None) -> None: ...

    return registry.for_function(function)


def test_request_is_written_as_mognet_writes_it() -> None:
    request = Request[int](id=ID, name="x.fact", args=(3,), stack=[PARENT], deadline=timedelta(seconds=20), delay=5)
    assert request_to_json(request) == (
        b'{"id":"e3840ad6-8ca6-489b-bc33-cbdfc448726b","name":"x.fact","args":[3],"kwargs":{},'
        b'"stack":["6405987a-332c-4c51-af0c-7622f7e34276"],"metadata":{},"deadline":"PT20S","queue_name":null,'
        b'"kwargs_repr":"3","priority":5}'
    )


@pytest.mark.parametrize(
    ("text", "deadline"),
    [
        ("null", None),
        ('"PT1.5S"', timedelta(seconds=1.5)),
        ('"2026-11-24T01:57:12.986757Z"', datetime(2026, 11, 24, 1, 57, 12, 986757, UTC)),
        ('"2026-11-24T01:56:53.394792"', datetime(2026, 11, 24, 1, 56, 53, 394792)),
    ],
)
def test_deadline_is_read_as_mognet_writes_it(text: str, deadline: object) -> None:
    assert request_from_json(f'{{"name":"x","deadline":{text}}}'.encode()).deadline == deadline


def test_only_the_name_is_required_and_ids_are_made_up() -> None:
    one, other = request_from_json(b'{"name":"x"}'), request_from_json(b'{"name":"x"}')
    assert one.id != other.id
    assert (one.args, one.kwargs, one.stack, one.metadata, one.priority) == ((), {}, [], {}, 5)


def test_unknown_keys_are_left_out_when_reading() -> None:
    request = request_from_json(b'{"name":"x","baggage":"a=1","args":[1]}')
    assert (request.name, request.args) == ("x", (1,))


@given(
    args=st.lists(st.integers() | st.text() | st.none()).map(tuple),
    kwargs=st.dictionaries(st.text(), st.floats(allow_nan=False) | st.lists(st.booleans())),
    metadata=st.dictionaries(st.text(), st.text()),
    stack=st.lists(st.uuids(), max_size=3),
    deadline=st.none() | st.timedeltas() | st.datetimes(timezones=st.sampled_from([None, UTC])),
    priority=st.integers(0, 10),
    queue_name=st.none() | st.text(),
)
def test_requests_come_back_as_what_they_were(**fields: Any) -> None:
    request = make(**fields)
    read = request_from_json(request_to_json(request))
    expected = request.model_copy(update={"kwargs_repr": request.arguments_repr()})
    assert read == expected


def test_task_checks_and_writes_the_arguments(task: Task) -> None:
    request = make(args=("a", "2026-01-02"))
    assert json.loads(request_to_json(request, task))["args"] == ["a", "2026-01-02T00:00:00"]
    with pytest.raises(InvalidTaskArguments, match="path: required, but not given"):
        request_to_json(make(), task)
    with pytest.raises(InvalidTaskArguments, match="path: text with half a surrogate pair"):
        request_to_json(make(args=("\ud800",)), task)


def test_priority_of_the_task_stands_in_the_message() -> None:
    assert request_from_json(request_to_json(make(), None, 9)).priority == 9


def test_arguments_are_shown_in_short_unless_said_otherwise() -> None:
    assert make(args=(1,), kwargs={"key": "v"}).arguments_repr() == "1, key='v'"
    assert make(args=("secret",), kwargs_repr="***").arguments_repr() == "***"
    assert make(args=("secret",), kwargs_repr="").arguments_repr() == ""
    assert repr(make(id=ID)) == f"demo.task[id={ID!r}]"
    assert repr(make(id=ID, kwargs_repr="3")) == f"demo.task[id={ID!r}](3)"


def test_due_time() -> None:
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    assert make().due(100.0) is None
    assert make(delay=5).due(100.0) == 105.0
    assert make(delay=timedelta(minutes=1)).due(100.0) == 160.0
    assert make(eta=moment).due(100.0) == moment.timestamp()
    assert make(eta=datetime(2026, 1, 1)).due(0) == datetime(2026, 1, 1).astimezone().timestamp()


def test_fields_that_are_set_later_are_checked_too() -> None:
    request = make(eta=datetime(2026, 1, 1, tzinfo=UTC))
    with pytest.raises(InvalidRequest, match="priority: Input should be less than or equal to 10; it is 99"):
        request.priority = 99
    request.delay = 5  # type: ignore[assignment] # seconds are taken as well
    assert (request.priority, request.delay) == (5, timedelta(seconds=5))
    with pytest.raises(InvalidRequest, match="both a delay and an eta"):
        request.due(0.0)
    request.eta = None
    assert request.due(1.0) == 6.0


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"priority": 11}, "priority: Input should be less than or equal to 10; it is 11"),
        ({"priority": "high"}, "priority: Input should be a valid integer, .*; it is 'high'"),
        ({"name": ""}, "name: String should have at least 1 character; it is ''"),
        ({"name": 3}, "name: Input should be a valid string; it is 3"),
        ({"id": "x"}, "id: Input should be a valid UUID, .*; it is 'x'"),
        ({"delay": -1}, "delay: Input should be greater than or equal to 0 seconds; it is"),
        ({"delay": 1, "eta": datetime.now(UTC)}, "the request has both a delay and an eta; give one of them"),
        ({"prioritty": 3}, r"prioritty is unknown; did you mean 'priority'\?"),
        ({"kwargs": {1: 2}}, "kwargs.1.*: Input should be a valid string; it is 1"),
    ],
)
def test_wrong_fields_are_told_in_one_line(fields: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidRequest, match=message) as raised:
        make(**fields)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    "body",
    [
        *(b"", b"{", b"[]", b"null", b'"x"', b"{}", b"\xff", b"[" * 1000),
        *(b'{"name":3}', b'{"name":"x","priority":11}', b'{"name":"x","new":1,"priority":11}'),
        b'{"name":"x","args":' + b"[" * 300 + b"]" * 300 + b"}",
    ],
)
def test_what_is_no_request_is_refused_in_one_line(body: bytes) -> None:
    with pytest.raises(InvalidRequest, match="the request is not valid: ") as raised:
        request_from_json(body)
    assert "\n" not in str(raised.value)


class Reading(BaseModel):
    value: float


def test_arguments_of_a_task_unknown_here_are_written_by_their_own_types() -> None:
    request = make(args=(Reading(value=1), datetime(2026, 1, 2)), kwargs={"ids": {1}, "text": b"x"})
    body = json.loads(request_to_json(request))
    assert body["args"] == [{"value": 1.0}, "2026-01-02T00:00:00"]
    assert body["kwargs"] == {"ids": [1], "text": "x"}


def test_nan_of_a_task_unknown_here_is_kept() -> None:
    read = request_from_json(request_to_json(make(args=(math.nan, Reading(value=math.inf)))))
    assert repr(read.args) == "(nan, {'value': inf})"


@pytest.mark.parametrize(
    ("fields", "error", "message"),
    [
        ({"args": (1, object())}, InvalidTaskArguments, "task 'demo.task': 1: Unable to serialize unknown type"),
        ({"kwargs": {"a": "\ud800"}}, InvalidTaskArguments, "task 'demo.task': a: text with half a surrogate pair"),
        ({"args": (10**4400,)}, InvalidTaskArguments, "0: an integer of more than 4,300 digits"),
        ({"args": (b"\xff",)}, InvalidTaskArguments, "0: bytes that are no UTF-8 text"),
        ({"metadata": {"a": object()}}, InvalidRequest, "its metadata holds what is no JSON, Unable to serialize"),
        ({"kwargs_repr": "\ud800"}, InvalidRequest, "its kwargs_repr holds what is no JSON, text with half"),
        ({"queue_name": "\ud800"}, InvalidRequest, "its queue_name holds what is no JSON, text with half"),
    ],
    ids=["object", "surrogate", "digits", "bytes", "metadata", "kwargs_repr", "queue_name"],
)
def test_what_cannot_travel_is_told_by_its_place(fields: dict[str, Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message) as raised:
        request_to_json(make(**fields))
    assert "\n" not in str(raised.value)


def test_arguments_that_are_too_deep_only_within_the_request() -> None:
    value: Any = 1
    for _ in range(199):
        value = [value]
    with pytest.raises(InvalidRequest, match="it is nested too deeply to be read back"):
        request_to_json(make(args=(value,)))
