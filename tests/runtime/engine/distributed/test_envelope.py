"""Messages of task queues: mog's own, Mognet's, and what is neither."""

import contextlib
import json
from typing import Any
from uuid import UUID

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mog.engine.distributed.envelope import MalformedMessage, read_envelope, write_envelope
from mog.engine.redis.answers import Arrival, WakeUp

ID = UUID("e3840ad6-8ca6-489b-bc33-cbdfc448726b")

MOGNET = (
    b'{"id":"e3840ad6-8ca6-489b-bc33-cbdfc448726b","kind":"Request","payload":'
    b'{"id":"e3840ad6-8ca6-489b-bc33-cbdfc448726b","name":"x.fact","args":[3],"kwargs":{},'
    b'"stack":["6405987a-332c-4c51-af0c-7622f7e34276"],"metadata":{},"deadline":null,"queue_name":null,'
    b'"kwargs_repr":"3","priority":5},"priority":5}'
)
"""As Mognet 2.0.0 was seen to write it."""

BODY = MOGNET[MOGNET.index(b'"payload":') + 10 : -len(b',"priority":5}')]

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)
payloads = st.dictionaries(st.text(), values, max_size=4)


def foreign(content: Any) -> bytes:
    return json.dumps(content).encode()


@given(st.uuids(), payloads, st.integers(0, 10), st.integers(0, 10**9))
def test_what_is_written_is_read(id_: UUID, payload: dict[str, Any], priority: int, seq: int) -> None:
    body = json.dumps(payload).encode()
    wake_up = WakeUp(id_, seq, "q", priority, body)
    assert read_envelope(write_envelope(wake_up), "q") == Arrival(*wake_up)


@given(st.uuids(), payloads, st.integers(0, 10), st.integers(0, 10**9))
def test_what_is_written_is_the_json_of_mognets_envelope(
    id_: UUID, payload: dict[str, Any], priority: int, seq: int
) -> None:
    body = json.dumps(payload, ensure_ascii=False).encode()
    envelope = json.loads(write_envelope(WakeUp(id_, seq, "q", priority, body)))
    assert envelope.pop("size") == len(body)
    assert envelope == {"id": str(id_), "kind": "Request", "payload": payload, "priority": priority, "seq": seq}


@given(st.binary())
def test_a_body_of_any_bytes_comes_back(body: bytes) -> None:
    assert read_envelope(write_envelope(WakeUp(ID, 3, "q", 5, body)), "q").body == body


def test_mognets_message_has_no_seq() -> None:
    assert read_envelope(MOGNET, "q") == Arrival(ID, None, "q", 5, BODY)


@given(
    payloads, st.sampled_from([None, 0, 3]), st.integers(0, 4), st.permutations(["id", "kind", "payload", "seq", "x"])
)
def test_spaces_and_order_of_keys_do_not_matter(
    payload: dict[str, Any], seq: int | None, indent: int, order: list[str]
) -> None:
    payload |= {"id": str(ID), "name": "t", "priority": 7}
    members = {"id": str(ID), "kind": "Request", "payload": payload, "seq": seq, "x": [1, {"payload": {}}]}
    content = json.dumps({key: members[key] for key in order}, indent=indent).encode()
    found = read_envelope(content, "q")
    assert found[:4] == (ID, seq, "q", 7)
    assert json.loads(found.body) == payload


def test_a_payload_keeps_its_spelling() -> None:
    body = b'{"name":"t", "args":[1e400,1.10,NaN,"\\u00fc"],"kwargs":{}}'
    content = b'{"id":"%s","kind":"Request","payload":%s}' % (str(ID).encode(), body)
    assert read_envelope(content, "q").body == body


def test_without_an_id_in_the_payload_it_is_the_envelopes() -> None:
    content = {"id": str(ID), "kind": "Request", "payload": {"name": "t"}, "priority": 9}
    assert read_envelope(foreign(content), "q")[:4] == (ID, None, "q", 9)


def test_what_follows_a_payload_of_ours_is_seen() -> None:
    """A proxy that adds a key behind the payload does not make it part of the body."""
    ours = write_envelope(WakeUp(ID, 4, "q", 5, b'{"name":"t"}'))
    assert read_envelope(ours[:-1] + b',"trace":1}', "q") == Arrival(ID, 4, "q", 5, b'{"name":"t"}')


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "no JSON object"),
        (b"hello", "no JSON object"),
        (b"[1]", "no JSON object"),
        (b"{1:2}", "no JSON object"),
        (b'{"id"', "no JSON object"),
        (b'{"id":1,}', "no JSON object"),
        (b"[" * 100_000, "no JSON object"),
        (b'{"id":' + b"[" * 100_000, "no JSON object"),
        (b"\xff\xfe", "no UTF-8"),
        (MOGNET + b"{}", "something follows"),
        (foreign({}), "its kind is null where Request is expected"),
        (foreign({"kind": "Revoke", "payload": {"id": str(ID)}}), 'its kind is "Revoke" where'),
        (foreign({"kind": "Request"}), "names no task"),
        (foreign({"kind": "Request", "payload": {"id": str(ID), "name": 3}}), "names no task"),
        (foreign({"kind": "Request", "payload": {"name": "t"}}), "its id is null, which is no UUID"),
        (foreign({"kind": "Request", "payload": {"name": "t", "id": "x" * 99}}), "x..., which is no UUID"),
        (foreign({"kind": "Request", "payload": {"name": "t", "id": str(ID), "priority": 11}}), "priority is 11"),
        (foreign({"kind": "Request", "payload": {"name": "t", "id": str(ID)}, "seq": -1}), "its seq is -1"),
        (foreign({"kind": "Request", "payload": {"name": "t", "id": str(ID)}, "seq": True}), "its seq is true"),
    ],
)
def test_what_is_no_request_is_refused_with_the_reason(content: bytes, says: str) -> None:
    with pytest.raises(MalformedMessage) as caught:
        read_envelope(content, "q")
    assert says in str(caught.value)


@given(st.binary() | st.text().map(str.encode) | values.map(foreign))
@example(b'{"":0}')
def test_whatever_comes_it_is_read_or_malformed(content: bytes) -> None:
    with contextlib.suppress(MalformedMessage):
        read_envelope(content, "q")


@given(st.data())
def test_a_damaged_message_of_ours_is_read_as_json_reads_it(data: st.DataObject) -> None:
    """However a message is cut or changed, the short way finds nothing that the long way would not find."""
    ours = bytearray(write_envelope(WakeUp(ID, 4, "q", 5, b'{"name":"t","args":["size"]}')))
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(ours) - 1))
        ours[at : at + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=3))
    try:
        found = read_envelope(bytes(ours), "q")
        whole = json.loads(ours)
    except (MalformedMessage, ValueError, RecursionError):
        return
    assert found.seq == whole.get("seq")
    assert json.loads(found.body) == whole["payload"]
