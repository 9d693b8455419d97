"""Control messages, as Mognet writes and reads them."""

import json
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mog.engine.distributed.control import (
    Revoked,
    Status,
    StatusQuery,
    read_control,
    read_status,
    write_revoked,
    write_status,
    write_status_query,
)

ID = UUID("65377de5-2560-420f-b81d-f0d69735c835")


def test_a_revocation_is_mognets() -> None:
    content = json.loads(write_revoked(ID))
    UUID(content.pop("id"))
    assert content == {"kind": "Revoke", "payload": {"id": str(ID)}, "priority": 5}


def test_mognets_revocation_is_read() -> None:
    seen = (
        b'{"id":"f072f4c7-9a9b-4ca1-a92b-ed4fdc3573e4","kind":"Revoke",'
        b'"payload":{"id":"65377de5-2560-420f-b81d-f0d69735c835"},"priority":5}'
    )
    assert read_control(seen) == Revoked(ID)


def test_the_question_is_mognets() -> None:
    content = json.loads(write_status_query())
    assert content.pop("id") == content["payload"].pop("id")
    assert content == {"kind": "Query", "payload": {"name": "Status"}, "priority": 5}
    assert isinstance(read_control(write_status_query()), StatusQuery)


def test_the_answer_is_mognets() -> None:
    content = json.loads(write_status(Status("w1", (ID,))))
    assert content.pop("id") == content["payload"].pop("id")
    assert content == {
        "kind": "StatusResponse",
        "payload": {"kind": "StatusResponse", "node_id": "w1", "payload": {"running_request_ids": [str(ID)]}},
        "priority": 5,
    }


@given(st.text(), st.lists(st.uuids(), max_size=3))
def test_an_answer_is_read(node_id: str, running: list[UUID]) -> None:
    status = Status(node_id, tuple(running))
    assert read_status(write_status(status)) == status


@pytest.mark.parametrize(
    "content",
    [
        {"kind": "Revoke", "payload": {"id": "x"}},
        {"kind": "Revoke", "payload": {}},
        {"kind": "Revoke", "payload": [1]},
        {"kind": "Query", "payload": {"id": str(ID), "name": "Weather"}},
        {"kind": "StatusResponse", "payload": {"node_id": "w1", "payload": None}},
        {"kind": "StatusResponse", "payload": {"node_id": 1, "payload": {"running_request_ids": []}}},
        {"kind": "Restart", "payload": {}},
        {},
        [],
        None,
    ],
)
def test_what_is_not_known_is_passed_over(content: Any) -> None:
    assert read_control(json.dumps(content).encode()) is None
    assert read_status(json.dumps(content).encode()) is None


@given(st.binary())
def test_noise_is_passed_over(content: bytes) -> None:
    assert read_control(content) is None
    assert read_status(content) is None
