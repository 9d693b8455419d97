"""What is read and written here by hand, against pamqp."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pamqp import body, commands, header, heartbeat
from pamqp import frame as codec
from pamqp.base import Frame
from pamqp.commands import Basic

from mog.engine.rabbitmq import frames
from mog.engine.rabbitmq.frames import Deliver, FrameReader, Header, NotAmqp

tags = st.integers(0, 2**63 - 1)
channels = st.integers(0, 2**16 - 1)
short = st.text(max_size=60)
names = st.text("abcXYZ019-_.:@#,/+ ", max_size=100)


@st.composite
def sheets(draw: st.DrawFn) -> Basic.Properties:
    """Properties, each of them there or not."""
    values = {
        "content_type": short.filter(bool),
        "content_encoding": short.filter(bool),
        "headers": st.dictionaries(names.filter(bool), st.one_of(short, st.integers(-(2**31), 2**31 - 1))),
        "delivery_mode": st.sampled_from([1, 2]),
        "priority": st.integers(0, 255),
        "reply_to": short.filter(bool),
        "message_id": short.filter(bool),
    }
    return Basic.Properties(**{name: draw(value) for name, value in values.items() if draw(st.booleans())})


def read_one(data: bytes) -> tuple[int, frames.Received]:
    [one] = FrameReader().feed(data)
    return one


@given(consumer=names, tag=tags, redelivered=st.booleans(), channel=channels)
def test_a_delivery_is_read_as_pamqp_writes_it(consumer: str, tag: int, redelivered: bool, channel: int) -> None:
    wire = codec.marshal(Basic.Deliver(consumer, tag, redelivered, "exchange", "key"), channel)
    assert read_one(wire) == (channel, Deliver(consumer, tag, redelivered))


@given(sheet=sheets(), size=st.integers(0, 2**63), channel=channels)
def test_a_header_is_read_as_pamqp_writes_it(sheet: Basic.Properties, size: int, channel: int) -> None:
    wire = codec.marshal(header.ContentHeader(body_size=size, properties=sheet), channel)
    number, found = read_one(wire)
    assert isinstance(found, Header)
    assert (number, found.body_size) == (channel, size)
    assert found.properties() == sheet
    assert found.priority() == (sheet.priority or 0)


@given(tag=tags, channel=channels, multiple=st.booleans())
def test_acknowledgements_are_written_as_pamqp_writes_them(tag: int, channel: int, multiple: bool) -> None:
    assert frames.acknowledgement(tag, channel, multiple=multiple) == codec.marshal(Basic.Ack(tag, multiple), channel)
    refusal = codec.marshal(Basic.Nack(tag, multiple, requeue=True), channel)
    assert frames.refusal(tag, channel, multiple=multiple) == refusal


@given(content=st.binary(max_size=100), frame_max=st.integers(9, 50), sheet=sheets())
def test_a_message_is_cut_to_the_size_of_frames(content: bytes, frame_max: int, sheet: Basic.Properties) -> None:
    encoded = codec.marshal(header.ContentHeader(properties=sheet), 3)[19:-1]
    (_, head), *pieces = FrameReader().feed(frames.content(encoded, content, 3, frame_max))
    assert isinstance(head, Header)
    assert head.body_size == len(content)
    assert head.properties() == sheet
    assert b"".join(piece for _, piece in pieces if isinstance(piece, bytes)) == content
    assert all(isinstance(piece, bytes) and 0 < len(piece) <= frame_max - 8 for _, piece in pieces)


WIRE = b"".join(
    (
        codec.marshal(commands.Channel.OpenOk(), 1),
        codec.marshal(Basic.Deliver("me", 7, True, "", "q"), 1),
        codec.marshal(header.ContentHeader(body_size=5, properties=Basic.Properties(priority=3)), 1),
        codec.marshal(body.ContentBody(b"hello"), 1),
        heartbeat.Heartbeat().marshal(),
    )
)


@given(st.lists(st.integers(0, len(WIRE)), max_size=8).map(sorted))
def test_it_does_not_matter_how_bytes_arrive(cuts: list[int]) -> None:
    reader, found = FrameReader(), []
    for start, end in zip([0, *cuts], [*cuts, len(WIRE)], strict=True):
        found += reader.feed(WIRE[start:end])
    assert [channel for channel, _ in found] == [1, 1, 1, 1, 0]
    opened, deliver, head, piece, beat = (frame for _, frame in found)
    assert isinstance(opened, Frame)
    assert isinstance(head, Header)
    assert (opened.name, deliver, head.priority()) == ("Channel.OpenOk", ("me", 7, True), 3)
    assert (piece, beat) == (b"hello", None)


@pytest.mark.parametrize(
    "data",
    [
        b"AMQP\0\0\x09\x01",
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
        codec.marshal(commands.Channel.OpenOk(), 1)[:-1] + b"\0",
        b"\x01\0\1\0\0\0\4\xff\xff\xff\xff\xce",
        b"\x01\0\1\0\0\0\4\0\x3c\0\x3c\xce",
        b"\x01\0\1\0\0\0\6\0\x3c\0\x3c\xff\xff\xce",
        b"\x02\0\1\0\0\0\2\0\x3c\xce",
    ],
)
def test_what_is_no_amqp(data: bytes) -> None:
    with pytest.raises(NotAmqp):
        FrameReader().feed(data)


@pytest.mark.parametrize("flags", [0x0800, 0x8800, 0x2800, 0xF800])
def test_a_header_that_lacks_what_it_promises(flags: int) -> None:
    payload = b"\0\x3c\0\0" + bytes(8) + flags.to_bytes(2, "big")
    head = Header(payload, 0, flags)
    with pytest.raises(NotAmqp):
        head.priority()
    with pytest.raises(NotAmqp):
        head.properties()


@given(st.binary(max_size=200))
def test_nonsense_is_refused_or_waited_for(data: bytes) -> None:
    try:
        found = FrameReader().feed(data)
    except NotAmqp:
        return
    for _, frame in found:
        if isinstance(frame, Header):
            for read in (frame.priority, frame.properties):
                with suppress(NotAmqp):
                    read()
