"""Between rows and records."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any
from uuid import UUID

from mog.engine.records import Delivery, Message, Record, StoredValue
from mog.states import ResultState

STATES: Mapping[str, ResultState] = MappingProxyType({str(state): state for state in ResultState})
"""Looking a state up costs a tenth of calling the enumeration."""


def record_from(row: Sequence[Any]) -> Record:
    """Make a record of a row of ``get_record`` or ``find_records``."""
    (id_, name, state, starts, stops, parent, created, started, finished, node, kwargs, queue, priority, due, *rest) = (
        row
    )
    ends, retries = rest
    return Record(
        id=UUID(bytes=id_),
        name=name,
        state=STATES[state],
        number_of_starts=starts,
        number_of_stops=stops,
        parent_id=None if parent is None else UUID(bytes=parent),
        created=created,
        started=started,
        finished=finished,
        node_id=node,
        request_kwargs_repr=kwargs,
        queue=queue,
        priority=priority,
        due=due,
        expires=ends,
        number_of_retries=retries,
    )


def record_with_value_from(row: Sequence[Any]) -> tuple[Record, StoredValue | None]:
    """Make both of a row of ``get_record_with_value``."""
    *record, value, encoding = row
    return record_from(record), None if value is None else StoredValue(value, encoding)


def delivery_from(row: Sequence[Any]) -> Delivery:
    """Make a delivery of a row of ``read_ready``, read before the claim."""
    id_, queue, priority, body, starts, stops, retries, created, parent = row
    message = Message(UUID(bytes=id_), queue, priority, body)
    parent_id = None if parent is None else UUID(bytes=parent)
    return Delivery(message, starts + 1, starts - stops, created, parent_id, retries=retries)
