"""The engine methods that a :class:`~mog.engine.port.Port` can call, by name and with their types.

An operation is a string, ``"results.get"``: the part of the engine and the method. The constants here are the same
strings with types: ``await port.call(RESULTS_GET, id)`` is a ``Record | None`` to the type checker. Where a contract
answers ``MogError | None``, a call raises the error, so that only None is left.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Generic, TypeVar
from uuid import UUID

from mog.engine.records import (
    DeadLetter,
    DeadQuery,
    Message,
    NewTask,
    Outcome,
    Query,
    QueueDepth,
    Record,
    Requeue,
    Revocation,
    StoredValue,
    Waiting,
)

Item = TypeVar("Item")
Answer = TypeVar("Answer")


class Operation(str, Generic[Item, Answer]):
    """The name of an engine method, typed by one item that it takes and the answer to it."""

    __slots__ = ()


RESULTS_CREATE: Operation[NewTask, None] = Operation("results.create")
RESULTS_SETTLE: Operation[Outcome, bool] = Operation("results.settle")
RESULTS_REQUEUE: Operation[Requeue, bool] = Operation("results.requeue")
RESULTS_SET_WAITING: Operation[Waiting, bool] = Operation("results.set_waiting")
RESULTS_REVOKE: Operation[Revocation, Record] = Operation("results.revoke")
RESULTS_CHILDREN: Operation[tuple[UUID, int | None], list[UUID]] = Operation("results.children")
RESULTS_GET: Operation[UUID, Record | None] = Operation("results.get")
RESULTS_GET_VALUES: Operation[UUID, StoredValue | None] = Operation("results.get_values")
RESULTS_GET_MESSAGES: Operation[UUID, Message | None] = Operation("results.get_messages")
RESULTS_GET_METADATA: Operation[UUID, dict[str, bytes]] = Operation("results.get_metadata")
RESULTS_SET_METADATA: Operation[tuple[UUID, Mapping[str, bytes]], None] = Operation("results.set_metadata")
RESULTS_SET_TTL: Operation[tuple[UUID, float], bool] = Operation("results.set_ttl")
RESULTS_DELETE: Operation[UUID, bool] = Operation("results.delete")
STATE_GET: Operation[tuple[UUID, str], bytes | None] = Operation("state.get")
STATE_SET: Operation[tuple[UUID, str, bytes], None] = Operation("state.set")
STATE_POP: Operation[tuple[UUID, str], bytes | None] = Operation("state.pop")
STATE_CLEAR: Operation[UUID, None] = Operation("state.clear")

BROKER_DECLARE: Operation[Sequence[str], None] = Operation("broker.declare")
BROKER_DEPTH: Operation[Sequence[str], list[QueueDepth]] = Operation("broker.depth")
BROKER_PURGE: Operation[Sequence[str], dict[str, int]] = Operation("broker.purge")
BROKER_DEAD: Operation[DeadQuery, list[DeadLetter]] = Operation("broker.dead")
BROKER_DROP_DEAD: Operation[UUID, bool] = Operation("broker.drop_dead")
RESULTS_FIND: Operation[Query, list[Record]] = Operation("results.find")

BATCHED: tuple[str, ...] = (
    RESULTS_CREATE,
    RESULTS_SETTLE,
    RESULTS_REQUEUE,
    RESULTS_SET_WAITING,
    RESULTS_REVOKE,
    RESULTS_CHILDREN,
    BROKER_DROP_DEAD,
    RESULTS_GET,
    RESULTS_GET_VALUES,
    RESULTS_GET_MESSAGES,
    RESULTS_GET_METADATA,
    RESULTS_SET_METADATA,
    RESULTS_SET_TTL,
    RESULTS_DELETE,
    STATE_GET,
    STATE_SET,
    STATE_POP,
    STATE_CLEAR,
)
"""Their methods take many items at once; the items of several calls travel together."""

SINGLE: tuple[str, ...] = (BROKER_DECLARE, BROKER_DEPTH, BROKER_PURGE, BROKER_DEAD, RESULTS_FIND)
"""Their methods take what one call was given."""

REPEATED: tuple[str, ...] = (RESULTS_SETTLE, RESULTS_REQUEUE)
"""Sent one-way, these must not be lost: while the store is out of reach they are repeated (see ``host.py``)."""
