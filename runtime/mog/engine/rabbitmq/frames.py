"""From bytes to AMQP 0-9-1 frames and back.

A frame: one byte type, two bytes channel, four bytes size, the payload, one byte end
(https://www.rabbitmq.com/resources/specs/amqp0-9-1.pdf, 2.3.5). pamqp knows what is inside. What comes or goes once a
message (Basic.Deliver, the header before a body, Basic.Ack) is read and written here and in properties.py: it takes a
tenth of the time.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import NamedTuple

from pamqp import frame as codec
from pamqp.base import Frame
from pamqp.commands import Basic
from pamqp.exceptions import PAMQPException
from pamqp.header import ContentHeader, ProtocolHeader
from pamqp.heartbeat import Heartbeat

HEARTBEAT = Heartbeat().marshal()

PROTOCOL_HEADER = ProtocolHeader().marshal()

ENVELOPE = 8
"""Bytes of a frame around its payload."""

_METHOD, _HEADER, _BODY, _HEARTBEAT = 1, 2, 3, 8
_END = 0xCE
_HEAD, _TAG, _ACK = struct.Struct(">BHI"), struct.Struct(">QB"), struct.Struct(">BHIHHQBB")
_CLASS_AND_SIZE = struct.Struct(">HHQ")
_SIZE_AND_FLAGS, _LENGTH = struct.Struct(">QH"), struct.Struct(">I")
_DELIVER = b"\0\x3c\0\x3c"
"""Class and method of Basic.Deliver."""


class NotAmqp(Exception):
    """The other end sends what is no AMQP 0-9-1."""


class Deliver(NamedTuple):
    """What we want to know of a Basic.Deliver."""

    consumer_tag: str
    delivery_tag: int
    redelivered: bool


class Header(NamedTuple):
    """The frame between a method and its body: size of the body, and the message's properties, still encoded.

    ``flags`` tell which properties there are, from the highest bit down in the order of their names in the protocol.
    """

    payload: bytes
    body_size: int
    flags: int

    def properties(self) -> Basic.Properties:
        """Decode the properties. Raises NotAmqp."""
        header = ContentHeader()
        try:
            header.unmarshal(self.payload)
        except (struct.error, ValueError) as error:
            raise NotAmqp from error
        return header.properties

    def priority(self) -> int:
        """Return the priority alone, 0 where there is none. Raises NotAmqp."""
        if not self.flags & 0x0800:
            return 0
        payload, at = self.payload, 14
        try:
            for text in (0x8000, 0x4000):  # type of the content, encoding
                at += self.flags & text and 1 + payload[at]
            at += self.flags & 0x2000 and 4 + _LENGTH.unpack_from(payload, at)[0]  # headers
            at += self.flags & 0x1000 and 1  # delivery mode
            return payload[at]
        except (struct.error, IndexError) as error:
            raise NotAmqp from error


Received = Frame | Deliver | Header | bytes | None
"""A frame that came: None is a heartbeat, bytes are a piece of a body."""


class FrameReader:
    """Cuts what arrives into frames, and keeps what is not whole yet."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> list[tuple[int, Received]]:
        """Return the frames that are now whole, each with its channel. Raises NotAmqp."""
        data = self._rest + data if self._rest else data
        frames: list[tuple[int, Received]] = []
        start, length = 0, len(data)
        while length - start >= ENVELOPE:
            kind, channel, size = _HEAD.unpack_from(data, start)
            if kind not in _READERS:
                raise NotAmqp
            stop = start + ENVELOPE + size
            if stop > length:
                break
            if data[stop - 1] != _END:
                raise NotAmqp
            frames.append((channel, _READERS[kind](data[start:stop])))
            start = stop
        self._rest = data[start:]
        return frames


def _read_body(frame: bytes) -> bytes:
    return frame[7:-1]


def _read_heartbeat(_: bytes) -> None:
    return None


def _read_method(frame: bytes) -> Frame | Deliver:
    try:
        if frame.startswith(_DELIVER, 7):
            end = 12 + frame[11]
            return Deliver(frame[12:end].decode(), *_TAG.unpack_from(frame, end))
        return codec.unmarshal(frame)[2]  # type: ignore[return-value]  # it is a method
    except (PAMQPException, struct.error, ValueError, IndexError) as error:
        raise NotAmqp from error


def _read_header(frame: bytes) -> Header:
    payload = frame[7:-1]
    try:
        return Header(payload, *_SIZE_AND_FLAGS.unpack_from(payload, 4))
    except struct.error as error:
        raise NotAmqp from error


_READERS: dict[int, Callable[[bytes], Received]] = {
    _METHOD: _read_method,
    _HEADER: _read_header,
    _BODY: _read_body,
    _HEARTBEAT: _read_heartbeat,
}


def method(request: Frame, channel: int) -> bytes:
    """Return a method's frame."""
    return codec.marshal(request, channel)


def content(properties: bytes, body: bytes, channel: int, frame_max: int) -> bytes:
    """Return the frames of a message after that of its method: header and body, cut to ``frame_max`` bytes."""
    head = _HEAD.pack(_HEADER, channel, 12 + len(properties))
    parts = [head, _CLASS_AND_SIZE.pack(60, 0, len(body)), properties, b"\xce"]
    step = frame_max - ENVELOPE
    for start in range(0, len(body), step):
        piece = body[start : start + step]
        parts += [_HEAD.pack(_BODY, channel, len(piece)), piece, b"\xce"]
    return b"".join(parts)


def acknowledgement(tag: int, channel: int, *, multiple: bool) -> bytes:
    """Return a Basic.Ack's frame."""
    return _ACK.pack(_METHOD, channel, 13, 60, 80, tag, multiple, _END)


def refusal(tag: int, channel: int, *, multiple: bool) -> bytes:
    """Return a Basic.Nack's frame that asks for the message to go back to its queue."""
    return _ACK.pack(_METHOD, channel, 13, 60, 120, tag, 2 | multiple, _END)
