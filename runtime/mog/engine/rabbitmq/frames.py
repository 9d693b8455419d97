"""From bytes to AMQP 0-9-1 frames and back; pamqp knows what is inside of them.

A frame: one byte type, two bytes channel, four bytes size, the payload, one byte end
(https://www.rabbitmq.com/resources/specs/amqp0-9-1.pdf, 2.3.5).
"""

from __future__ import annotations

import struct

from pamqp import frame as codec
from pamqp.base import Frame
from pamqp.commands import Basic
from pamqp.exceptions import PAMQPException
from pamqp.header import ContentHeader, ProtocolHeader
from pamqp.heartbeat import Heartbeat

Received = Frame | ContentHeader | ProtocolHeader | Heartbeat | bytes
"""A frame that came; a piece of a body as its plain bytes."""

HEARTBEAT = Heartbeat().marshal()

PROTOCOL_HEADER = ProtocolHeader().marshal()

ENVELOPE = 8
"""Bytes of a frame around its payload."""

_BODY, _END, _HEAD = 3, 0xCE, struct.Struct(">BHI")
_KINDS = frozenset({1, 2, _BODY, 8})


class NotAmqp(Exception):
    """The other end sends what is no AMQP 0-9-1."""


class FrameReader:
    """Cuts what arrives into frames, and keeps what is not whole yet."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> list[tuple[int, Received]]:
        """Return the frames that are now whole, each with its channel. Raises NotAmqp."""
        data = self._rest + data if self._rest else data
        if data.startswith(b"AMQP"):
            raise NotAmqp
        frames: list[tuple[int, Received]] = []
        start, length = 0, len(data)
        while length - start >= ENVELOPE:
            kind, channel, size = _HEAD.unpack_from(data, start)
            if kind not in _KINDS:
                raise NotAmqp
            stop = start + ENVELOPE + size
            if stop > length:
                break
            if data[stop - 1] != _END:
                raise NotAmqp
            frames.append((channel, _read(kind, data, start, stop)))
            start = stop
        self._rest = data[start:]
        return frames


def _read(kind: int, data: bytes, start: int, stop: int) -> Received:
    if kind == _BODY:
        return data[start + 7 : stop - 1]
    try:
        return codec.unmarshal(data[start:stop])[2]  # type: ignore[return-value]  # body frames do not come here
    except (PAMQPException, ValueError, UnicodeError) as error:
        raise NotAmqp from error


def method(request: Frame, channel: int) -> bytes:
    """Return a method's frame."""
    return codec.marshal(request, channel)


def content(properties: Basic.Properties, body: bytes, channel: int, frame_max: int) -> bytes:
    """Return the frames of a message after those of its method: header and body, cut to ``frame_max`` bytes."""
    parts = [codec.marshal(ContentHeader(body_size=len(body), properties=properties), channel)]
    step = frame_max - ENVELOPE
    for start in range(0, len(body), step):
        piece = body[start : start + step]
        parts += [_HEAD.pack(_BODY, channel, len(piece)), piece, b"\xce"]
    return b"".join(parts)


def acknowledgement(tag: int, channel: int, *, multiple: bool) -> bytes:
    """Return a Basic.Ack's frame; one of the few that go out once a message."""
    return _ACK.pack(1, channel, 13, 60, 80, tag, multiple, _END)


def refusal(tag: int, channel: int, *, multiple: bool) -> bytes:
    """Return a Basic.Nack's frame that asks for the message to go back to its queue."""
    return _ACK.pack(1, channel, 13, 60, 120, tag, 2 | multiple, _END)


_ACK = struct.Struct(">BHIHHQBB")
