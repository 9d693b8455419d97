"""What goes out before a message's body: its properties, written by hand, once a message.

pamqp would write a float as one of four bytes, which does not tell times apart that are less than two minutes apart.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

TRANSIENT, PERSISTENT = 1, 2
"""Delivery modes."""

Value = str | int | float | bool
"""What a header may be."""

NO_HEADERS: Mapping[str, Value] = MappingProxyType({})


class Properties(NamedTuple):
    """What a message says of itself, besides type and encoding of its body, which are always Mognet's.

    ``expiration`` is in milliseconds, as text.
    """

    message_id: str
    priority: int
    delivery_mode: int
    headers: Mapping[str, Value] = NO_HEADERS
    reply_to: str | None = None
    expiration: str | None = None

    def encode(self) -> bytes:
        """Return flags and values, in the protocol's order. Raises ValueError for what is too long or too large."""
        flags, optional = 0xF880, b""
        if self.reply_to is not None:
            flags, optional = flags | 0x0200, _short(self.reply_to)
        if self.expiration is not None:
            flags, optional = flags | 0x0100, optional + _short(self.expiration)
        headers = _table(self.headers) if self.headers else b"\0\0\0\0"
        modes = bytes((self.delivery_mode, self.priority))
        return b"".join((_FLAGS.pack(flags), _BODY_IS, headers, modes, optional, _short(self.message_id)))


_FLAGS, _LENGTH = struct.Struct(">H"), struct.Struct(">I")
_WHOLE, _FLOAT = struct.Struct(">cq"), struct.Struct(">cd")


def _short(text: str) -> bytes:
    data = text.encode()
    if len(data) > 255:
        raise ValueError(f"{text[:20]!r}... takes more than 255 bytes")
    return bytes((len(data),)) + data


def _table(values: Mapping[str, Value]) -> bytes:
    content = b"".join(_short(name) + _value(value) for name, value in values.items())
    return _LENGTH.pack(len(content)) + content


def _value(value: Value) -> bytes:
    if isinstance(value, str):
        data = value.encode()
        return b"S" + _LENGTH.pack(len(data)) + data
    if isinstance(value, bool):
        return b"t\1" if value else b"t\0"
    try:
        return _FLOAT.pack(b"d", value) if isinstance(value, float) else _WHOLE.pack(b"l", value)
    except struct.error as error:
        raise ValueError(f"a header cannot be {value!r}: {error}") from None


_BODY_IS = _short("application/json") + _short("utf-8")
