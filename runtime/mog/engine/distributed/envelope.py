"""The messages in task queues, in Mognet's form.

A message is a *wake-up*: "task (id) may start". The store knows in which round of its life the task is, its ``seq``,
which grows each time the task is put into a queue again; a wake-up of an earlier round is void. Mognet's messages have
no ``seq``: they wake a task whatever its round.

What mog writes is Mognet's envelope with two keys more, and with the payload last, so that mog need not parse what it
wrote itself: ``size`` is the length of the payload in bytes, which must be all that is left up to the closing brace.
"""

from __future__ import annotations

import json
import re
from typing import Any
from uuid import UUID

from mog.engine.redis.answers import Arrival, WakeUp

OURS = re.compile(
    rb'\{"id":"([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})","kind":"Request",'
    rb'"priority":(\d{1,2}),"seq":(\d{1,15}),"size":(\d{1,12}),"payload":'
)

WHITESPACE = re.compile(r"[ \t\r\n]*")

PRIORITY = 5
"""Of a message that names none."""

_decoder = json.JSONDecoder()


class MalformedMessage(Exception):
    """A message that is no request; the text says what is wrong."""


def write_envelope(wake_up: WakeUp) -> bytes:
    """Return the message that wakes a task."""
    id_, seq, _, priority, body = wake_up
    head = b'{"id":"%s","kind":"Request","priority":%d,"seq":%d,"size":%d,"payload":'
    return head % (str(id_).encode(), priority, seq, len(body)) + body + b"}"


def write_plain_envelope(wake_up: WakeUp) -> bytes:
    """Return the message that wakes a task whatever its round, as Mognet writes it."""
    id_, _, _, priority, body = wake_up
    return b'{"id":"%s","kind":"Request","payload":%s,"priority":%d}' % (str(id_).encode(), body, priority)


def read_envelope(content: bytes, queue: str) -> Arrival:
    """Read a message of a task queue, mog's or Mognet's. Raises MalformedMessage."""
    head = OURS.match(content)
    if head is not None:
        id_, priority, seq, size = head.groups()
        if head.end() + int(size) + 1 == len(content) and content.endswith(b"}"):
            return Arrival(UUID(id_.decode()), int(seq), queue, int(priority), content[head.end() : -1])
    return _read_foreign(content, queue)


def _read_foreign(content: bytes, queue: str) -> Arrival:
    text = _text(content)
    members = _members(text)
    kind = _value(text, members, "kind")
    if kind != "Request":
        raise MalformedMessage(f"its kind is {_short(kind)} where Request is expected")
    payload = _value(text, members, "payload")
    if not isinstance(payload, dict) or not isinstance(payload.get("name"), str):
        raise MalformedMessage("its payload names no task")
    start, end = members["payload"]
    return Arrival(
        id=_id(payload.get("id", _value(text, members, "id"))),
        seq=_seq(_value(text, members, "seq")),
        queue=queue,
        priority=_priority(payload.get("priority", _value(text, members, "priority"))),
        body=text[start:end].encode(),
    )


def _text(content: bytes) -> str:
    try:
        return content.decode()
    except UnicodeDecodeError:
        raise MalformedMessage("it is no UTF-8 text") from None


def _members(text: str) -> dict[str, tuple[int, int]]:
    """Return where the values of an object's keys stand; of a key that is there twice, the last."""
    members: dict[str, tuple[int, int]] = {}
    try:
        at = _skip(text, 0, "{")
        if text[at : at + 1] != "}":
            while True:
                key, at = _decoder.raw_decode(text, at)
                start = _skip(text, _blank(text, at), ":")
                _, end = _decoder.raw_decode(text, start)
                if not isinstance(key, str):
                    raise MalformedMessage("it is no JSON object")
                members[key] = (start, end)
                at = _blank(text, end)
                if text[at : at + 1] == "}":
                    break
                at = _skip(text, at, ",")
        if _blank(text, at + 1) != len(text):
            raise MalformedMessage("something follows its JSON object")
    except (ValueError, RecursionError):
        raise MalformedMessage("it is no JSON object") from None
    return members


def _skip(text: str, at: int, mark: str) -> int:
    """Step over a punctuation mark and the blanks around it."""
    at = _blank(text, at)
    if text[at : at + 1] != mark:
        raise MalformedMessage("it is no JSON object")
    return _blank(text, at + 1)


def _blank(text: str, at: int) -> int:
    found = WHITESPACE.match(text, at)
    return at if found is None else found.end()


def _value(text: str, members: dict[str, tuple[int, int]], key: str) -> Any:
    return json.loads(text[slice(*members[key])]) if key in members else None


def _id(value: Any) -> UUID:
    try:
        return UUID(value)
    except (TypeError, ValueError, AttributeError):
        raise MalformedMessage(f"its id is {_short(value)}, which is no UUID") from None


def _seq(value: Any) -> int | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise MalformedMessage(f"its seq is {_short(value)}, which is no whole number")
    return value


def _priority(value: Any) -> int:
    if value is None:
        return PRIORITY
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= 10:
        raise MalformedMessage(f"its priority is {_short(value)}, which is not 0 to 10")
    return value


def _short(value: Any) -> str:
    text = json.dumps(value)
    return text if len(text) <= 40 else text[:40] + "..."
