"""What is known of tasks: records, values, messages, metadata."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any
from uuid import UUID

from mog.engine.records import Message, Query, Record, Revocation, StoredValue
from mog.engine.redis.answers import Revoked
from mog.engine.redis.codec import (
    ENCODINGS,
    STATE_TEXTS,
    quote,
    read_key,
    read_name,
    read_number,
    read_record,
    read_time,
    read_value,
    write_key,
)
from mog.engine.redis.connection import Arg
from mog.engine.redis.schedule import STRETCH
from mog.engine.redis.scripts import Scripts, items_of, read_each
from mog.errors import ResultLost


class Records:
    """See ResultBackend for what is not said here."""

    def __init__(self, scripts: Scripts) -> None:
        self._scripts = scripts

    async def revoke(self, revocations: Sequence[Revocation]) -> list[Revoked]:
        """See :meth:`ResultBackend.revoke`; whoever waits is told, whoever runs it is not."""
        answers = await self._scripts.run("revoke", (), [_revocation(one) for one in revocations])
        return read_each(_revoked, answers, revocations)

    async def get(self, ids: Sequence[UUID]) -> list[Record | None]:
        """See :meth:`ResultBackend.get`."""
        return records_from(ids, await self._scripts.run("get", (), items_of(ids)))

    async def get_values(self, ids: Sequence[UUID]) -> list[StoredValue | None]:
        """See :meth:`ResultBackend.get_values`."""
        return read_each(read_value, await self._scripts.run("get_values", (), items_of(ids)))

    async def get_with_values(self, ids: Sequence[UUID]) -> list[tuple[Record, StoredValue | None] | None]:
        """See :meth:`ResultBackend.get_with_values`."""
        return with_values_from(ids, await self._scripts.run("get_with_values", (), items_of(ids)))

    async def get_messages(self, ids: Sequence[UUID]) -> list[Message | None]:
        """See :meth:`ResultBackend.get_messages`."""
        return read_each(_message, await self._scripts.run("get_messages", (), items_of(ids)), ids)

    async def children(self, parents: Sequence[tuple[UUID, int | None]]) -> list[list[UUID]]:
        """See :meth:`ResultBackend.children`; Mognet keeps them in no order, so each is asked for its own."""
        found = await self._scripts.run("children", (), [(str(parent),) for parent, _ in parents])
        families = read_each(_family, found)
        ids = [child for family in families if isinstance(family, list) for child in family]
        places = dict(zip(ids, await self._scripts.run("order", (), items_of(ids)), strict=True))
        return read_each(partial(_first_born, places), families, parents)

    async def find(self, query: Query) -> list[Record]:
        """See :meth:`ResultBackend.find`. Raises ResultLost if ``before`` is unknown."""
        records: list[Record] = []
        start: Arg | None = "+inf" if query.before is None else str(query.before)
        states = "".join(STATE_TEXTS[state] for state in query.states)
        filters = (
            states,
            "" if query.name is None else quote(query.name),
            "" if query.queue is None else quote(query.queue),
        )
        while start is not None and len(records) < query.limit:
            answer = await self._scripts.run_once("find", (start, STRETCH, query.limit - len(records), *filters))
            if answer is None:
                assert query.before is not None
                raise ResultLost(query.before)
            start, found = answer
            records += [read_record(UUID(fields[0][1:-1].decode()), fields) for fields in found]
        return records

    async def get_metadata(self, ids: Sequence[UUID]) -> list[dict[str, bytes]]:
        """See :meth:`ResultBackend.get_metadata`."""
        return read_each(_pairs, await self._scripts.run("get_metadata", (), items_of(ids)))

    async def set_metadata(self, changes: Sequence[tuple[UUID, Mapping[str, bytes]]]) -> list[None]:
        """See :meth:`ResultBackend.set_metadata`."""
        items: list[list[Arg]] = []
        for task_id, texts in changes:
            items.append([2 * len(texts), str(task_id)])
            for name, text in texts.items():
                items[-1] += (write_key(name), text)
        return read_each(nothing, await self._scripts.run("set_metadata", (), items))

    async def set_ttl(self, changes: Sequence[tuple[UUID, float]]) -> list[bool]:
        """See :meth:`ResultBackend.set_ttl`."""
        return await self._scripts.ask("set_ttl", (), [(str(task_id), repr(ttl)) for task_id, ttl in changes])

    async def delete(self, ids: Sequence[UUID]) -> list[bool]:
        """See :meth:`ResultBackend.delete`."""
        return await self._scripts.ask("delete", (), items_of(ids))


def records_from(ids: Sequence[UUID], answers: Sequence[Any]) -> list[Record | None]:
    """Read what reading.lua's record() returns for each id."""
    return read_each(_known, answers, ids)


def nothing(_answer: object) -> None:
    """Read an answer that says nothing."""


def _known(answer: Sequence[Any] | None, task_id: UUID) -> Record | None:
    return None if answer is None else read_record(task_id, answer)


def with_values_from(ids: Sequence[UUID], answers: Sequence[Any]) -> list[tuple[Record, StoredValue | None] | None]:
    """Read what reading.lua's record_with_value() returns for each id."""
    return read_each(_with_value, answers, ids)


def _with_value(answer: Sequence[Any] | None, task_id: UUID) -> tuple[Record, StoredValue | None] | None:
    return None if answer is None else (read_record(task_id, answer[0]), read_value(answer[1]))


def _revoked(answer: Sequence[Any], one: Revocation) -> Revoked:
    return Revoked(read_record(one.id, answer[1]), bool(answer[0]))


def _revocation(one: Revocation) -> tuple[Arg, ...]:
    value = (one.value.content, ENCODINGS[one.value.encoding])
    return str(one.id), *value, repr(one.ttl), repr(one.value_ttl), int(one.force), STATE_TEXTS[one.state]


def _message(fields: Sequence[Any], task_id: UUID) -> Message | None:
    queue, priority, due, body = fields
    if queue is None or priority is None or body is None:
        return None
    return Message(task_id, read_name(queue), int(priority), body, read_number(due))


def _family(children: Sequence[bytes]) -> list[UUID]:
    return [UUID(bytes=child) for child in children]


def _first_born(places: Mapping[UUID, Any], family: list[UUID], asked: tuple[UUID, int | None]) -> list[UUID]:
    """Leave out who is gone; those that Mognet has submitted are in no index, and come in by the time they tell."""
    there = [child for child in family if isinstance(places[child], list)]
    return sorted(there, key=lambda child: (_place(*places[child]), child))[: asked[1]]


def _place(order: bytes | None, created: bytes | None) -> float:
    if order is not None:
        return float(order)
    time = read_time(created)
    return math.inf if time is None else 1e6 * time


def _pairs(texts: Sequence[bytes]) -> dict[str, bytes]:
    """Read keys and texts in turn."""
    return {read_key(texts[at]): texts[at + 1] for at in range(0, len(texts), 2)}
