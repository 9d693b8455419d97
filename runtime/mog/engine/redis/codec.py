"""Between the fields of a task's hash and what the contracts speak of.

Every field is a JSON text, as Mognet writes it: strings escaped to ASCII, times as ISO 8601 in UTC.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from json.encoder import encode_basestring_ascii
from types import MappingProxyType
from typing import Any
from uuid import UUID

from mog.engine.records import Record, StoredValue
from mog.engine.redis.answers import WakeUp
from mog.errors import ResultError
from mog.states import ResultState

quote = encode_basestring_ascii
"""Writes a string."""

STATES: Mapping[bytes, ResultState] = MappingProxyType({f'"{state}"'.encode(): state for state in ResultState})
"""Looking a state up costs a tenth of decoding it."""

STATE_TEXTS: Mapping[ResultState, str] = MappingProxyType({state: f'"{state}"' for state in ResultState})

ENCODINGS: Mapping[str | None, str] = MappingProxyType({None: "null", "gzip": '"gzip"'})
"""How a value's encoding is written."""

_NULL = b"null"
_JSON = b'"application/json"'


def write_key(key: str) -> bytes:
    """Write the name of a field that users choose, which may be any string."""
    return key.encode(errors="surrogatepass")


def read_key(key: bytes) -> str:
    """Read what write_key() wrote."""
    return key.decode(errors="surrogatepass")


def write_optional(text: str | None) -> str:
    """Write a string that may be missing."""
    return "null" if text is None else quote(text)


def write_time(seconds: float | None) -> str:
    """Write POSIX seconds as a time, microseconds its finest part; "" for None: the script writes its own."""
    if seconds is None:
        return ""
    text = datetime.fromtimestamp(seconds, UTC).isoformat()
    return f'"{text.removesuffix("+00:00")}Z"'


def read_time(text: bytes | None) -> float | None:
    """Read a time as POSIX seconds; one without a zone, which Mognet writes nowhere, counts as UTC."""
    if text is None or text == _NULL:
        return None
    time = datetime.fromisoformat(text[1:-1].decode())
    return (time if time.tzinfo else time.replace(tzinfo=UTC)).timestamp()


def read_text(text: bytes | None) -> str | None:
    """Read a string that may be missing."""
    return None if text is None or text == _NULL else json.loads(text)


@lru_cache(maxsize=256)
def read_name(text: bytes) -> str:
    """Read a string of which there are few."""
    name: str = json.loads(text)
    return name


def read_number(text: bytes | None) -> float | None:
    """Read a number that may be missing."""
    return None if text is None or text == _NULL else float(text)


def read_id(text: bytes | None) -> UUID | None:
    """Read an id that may be missing."""
    return None if text is None or text == _NULL else UUID(text[1:-1].decode())


def read_count(text: bytes | None) -> int:
    """Read a number of events; what is missing has not happened."""
    return 0 if text is None or text == _NULL else int(text)


def read_record(task_id: UUID, fields: Sequence[Any]) -> Record:
    """Make a record of the fields layout.RECORD_FIELDS; those that are missing are None.

    Mognet makes a hash that holds the id alone when it revokes one that it does not know; for a moment that is a
    task that is PENDING.
    """
    _, name, state, starts, stops, parent, created, started, finished, node, arguments, *ours = fields
    queue, priority, due, expires, retries = ours
    return Record(
        id=task_id,
        name=read_text(name),
        state=STATES.get(state, ResultState.PENDING),
        number_of_starts=read_count(starts),
        number_of_stops=read_count(stops),
        parent_id=read_id(parent),
        created=read_time(created),
        started=read_time(started),
        finished=read_time(finished),
        node_id=read_text(node),
        request_kwargs_repr=read_text(arguments),
        queue=None if queue is None else read_name(queue),
        priority=5 if priority is None else int(priority),
        due=read_number(due),
        expires=read_number(expires),
        number_of_retries=read_count(retries),
    )


def read_value(fields: Sequence[Any]) -> StoredValue | None:
    """Make a value of contents, encoding and content type; None where there is none. Raises ResultError."""
    contents, encoding, content_type = fields
    if contents is None:
        return None
    if content_type != _JSON:
        kind = repr((content_type or b"").decode(errors="replace"))
        raise ResultError(
            f"the stored value cannot be read: it is {kind}, not JSON; a newer program may have written it"
        )
    return StoredValue(contents, read_text(encoding))


def read_wake_up(found: Sequence[bytes]) -> WakeUp:
    """Read what outbox.lua's wake_up() returns."""
    task_id, seq, queue, priority, body = found
    return WakeUp(UUID(task_id.decode()), int(seq), read_name(queue), int(priority), body)
