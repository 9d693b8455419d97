from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pamqp import frame as codec
from pamqp.commands import Basic
from pamqp.header import ContentHeader

from mog.engine.rabbitmq.frames import Header
from mog.engine.rabbitmq.properties import PERSISTENT, Properties

texts = st.text(max_size=60)
values = st.one_of(texts, st.booleans(), st.integers(-(2**63), 2**63 - 1), st.floats(allow_nan=False))


def read(properties: Properties) -> Basic.Properties:
    """Read as pamqp does."""
    payload = b"\0\x3c" + bytes(10) + properties.encode()
    return Header(payload, 0, int.from_bytes(payload[12:14], "big")).properties()


@given(
    message_id=texts,
    priority=st.integers(0, 10),
    headers=st.dictionaries(texts, values, max_size=5),
    reply_to=st.none() | texts,
    expiration=st.none() | st.integers(0).map(str),
)
def test_what_is_written_is_read(
    message_id: str,
    priority: int,
    headers: dict[str, str | int | float | bool],
    reply_to: str | None,
    expiration: str | None,
) -> None:
    found = read(Properties(message_id, priority, PERSISTENT, headers, reply_to, expiration))
    assert found == Basic.Properties(
        content_type="application/json",
        content_encoding="utf-8",
        headers=dict(headers),
        delivery_mode=2,
        priority=priority,
        reply_to=reply_to,
        expiration=expiration,
        message_id=message_id,
    )


def test_they_are_what_mognet_sends() -> None:
    """Type, encoding, an empty table of headers, delivery mode, priority, id: flags 0xF880, byte by byte."""
    sheet = Basic.Properties(
        content_type="application/json",
        content_encoding="utf-8",
        headers={},
        delivery_mode=2,
        priority=5,
        message_id="an-id",
    )
    assert Properties("an-id", 5, PERSISTENT).encode() == codec.marshal(ContentHeader(properties=sheet), 0)[19:-1]


def test_a_time_keeps_its_fraction() -> None:
    headers = read(Properties("", 0, PERSISTENT, {"time": 1764000000.125})).headers
    assert headers == {"time": 1764000000.125}


@pytest.mark.parametrize("properties", [("x" * 256, {}), ("x", {"y" * 256: 1}), ("x", {"y": 2**63})])
def test_what_does_not_fit(properties: tuple[str, dict[str, int]]) -> None:
    message_id, headers = properties
    with pytest.raises(ValueError, match=r"255 bytes|cannot be 9223372036854775808"):
        Properties(message_id, 0, PERSISTENT, headers).encode()
