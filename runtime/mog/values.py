"""What a task returned or raised, as a store keeps it: ``{"value_type": "module:qualname", "raw_value": …}``.

The form is Mognet's. Only the outermost type is kept: a list of models comes back as a list of dicts. Which classes
come back at all, see :mod:`mog.known_types`.
"""

from __future__ import annotations

import zlib
from typing import Any

from pydantic import ValidationError
from pydantic_core import from_json

from mog.engine.records import StoredValue
from mog.errors import InvalidReturnValue, PayloadTooLarge, ResultError
from mog.jsontext import UnwritableValue, write_json
from mog.known_types import KnownTypes, hold, name_of
from mog.remote_errors import ERROR_TYPE, MOGNET_ERROR_TYPE, RemoteError, error_to_json
from mog.validation import describe

GZIP_FROM = 4096
"""Bytes from which a value is compressed, where that makes it smaller; below, it saves less than it costs."""

GZIP = 31
"""What zlib calls gzip's format: the largest window, 15, and 16 for the header."""

EXPANDED_LIMIT = 1 << 28
"""Bytes that a compressed value may expand to: a store must not fill this process's memory with a few of its own."""


def encode_value(value: Any, limit: int) -> StoredValue:
    """Write what a task returned. Raises InvalidReturnValue, and PayloadTooLarge for more than ``limit`` bytes."""
    try:
        content = write_json(hold(value))
    except UnwritableValue as error:
        raise InvalidReturnValue(name_of(type(value)), str(error)) from error.__cause__
    if len(content) > limit:
        raise PayloadTooLarge("the value that the task returned", len(content), limit)
    return _pack(content)


def encode_error(error: BaseException, limit: int, *, mognet: bool = False) -> StoredValue:
    """Write what a task raised, with ``mognet`` so that Mognet too can raise it.

    Long texts are cut, and say so; never raises.
    """
    return _pack(error_to_json(error, limit, mognet=mognet))


def decode(stored: StoredValue, known: KnownTypes) -> Any:
    """Read what ``encode_value`` or ``encode_error`` wrote; an error comes as RemoteError.

    Data of a class that is not known come as plain JSON. Raises ResultError for what cannot be read.
    """
    name: Any = None
    try:
        holder = from_json(_unpack(stored))
        name, raw = holder["value_type"], holder["raw_value"]
        if name in (ERROR_TYPE, MOGNET_ERROR_TYPE):
            return RemoteError.from_raw(raw, known)
        return known.read(name, raw)
    except ValidationError as error:
        raise ResultError(f"the stored value does not fit {name} as it is here: {describe(error)}") from error
    except (ValueError, TypeError, LookupError, AttributeError, zlib.error) as error:
        raise ResultError(f"the stored value cannot be read ({type(error).__name__}: {error})") from error


def _pack(content: bytes) -> StoredValue:
    if len(content) >= GZIP_FROM:
        packed = zlib.compress(content, level=1, wbits=GZIP)
        if len(packed) < len(content):
            return StoredValue(packed, "gzip")
    return StoredValue(content)


def _unpack(stored: StoredValue) -> bytes:
    if stored.encoding is None:
        return stored.content
    if stored.encoding != "gzip":
        raise ValueError(f"its encoding is {stored.encoding!r}")
    expander = zlib.decompressobj(wbits=GZIP)
    content = expander.decompress(stored.content, EXPANDED_LIMIT)
    if not expander.eof:
        raise ValueError("it is cut off, or larger than any value may be")
    return content
