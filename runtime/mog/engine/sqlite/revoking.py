"""Calling tasks off, and telling the processes that run them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mog.engine.records import Record, Revocation, Waiting
from mog.engine.sqlite.lifecycle import forget
from mog.engine.sqlite.queries import QUERIES
from mog.engine.sqlite.rows import record_from
from mog.engine.sqlite.transaction import Transaction
from mog.states import ResultState


def set_waiting(transaction: Transaction, changes: Sequence[Waiting]) -> list[bool]:
    """Mark owned attempts as waiting for other tasks, or as running."""
    execute, answers = transaction.connection.execute, []
    for change in changes:
        row = execute(QUERIES["running_attempt"], (change.id.bytes, change.attempt)).fetchone()
        answers.append(row is not None)
        if row is not None:
            state = ResultState.SUSPENDED if change.waits else ResultState.RUNNING
            execute(QUERIES["set_waiting"], (state.value, row[0]))
    return answers


def revoke(transaction: Transaction, revocations: Sequence[Revocation]) -> list[Record]:
    """Revoke tasks; see :meth:`ResultBackend.revoke`."""
    return [_revoke(transaction, revocation) for revocation in revocations]


def _revoke(transaction: Transaction, revocation: Revocation) -> Record:
    execute, now, id_ = transaction.connection.execute, transaction.now, revocation.id.bytes
    row = execute(QUERIES["to_revoke"], (id_,)).fetchone()
    if row is not None and row[-1] is not None and row[-1] <= now:
        forget(transaction, row[0], id_)
        row = None
    if row is None:
        _remember(transaction, revocation)
    elif row[1] is None:
        _end(transaction, revocation, row)
    elif revocation.force and row[1] != ResultState.REVOKED:
        execute(QUERIES["overrule"], (row[0],))
    return record_from(execute(QUERIES["get_record"], (id_, now)).fetchone())


def _remember(transaction: Transaction, revocation: Revocation) -> None:
    value = revocation.value
    transaction.connection.execute(
        QUERIES["add_ended"],
        {
            "id": revocation.id.bytes,
            "state": revocation.state.value,
            "now": transaction.now,
            "ttl": revocation.ttl,
            "value_ttl": min(revocation.ttl, revocation.value_ttl),
            "value": value.content,
            "encoding": value.encoding,
        },
    )
    transaction.finished.append(revocation.id.bytes)


def _end(transaction: Transaction, revocation: Revocation, row: Sequence[Any]) -> None:
    key, _state, starts, stops, retries, started, node_id, own_ttl, owner, _expires = row
    now, id_, execute = transaction.now, revocation.id.bytes, transaction.connection.execute
    expires = now + (revocation.ttl if own_ttl is None else own_ttl)
    value_expires = min(expires, now + revocation.value_ttl) if own_ttl is None else expires
    times = (started, now, node_id, expires, value_expires, value_expires)
    value = (revocation.value.content, revocation.value.encoding, revocation.state is not ResultState.SUCCESS)
    execute(QUERIES["finish"], (revocation.state.value, starts, stops + 1, retries, *times, *value, key))
    execute(QUERIES["drop_message"], (key,))
    execute(QUERIES["drop_state"], (id_,))
    transaction.finished.append(id_)
    if owner is not None:
        execute(QUERIES["add_notice"], (owner, id_))
        transaction.revoked.append((owner, id_))


def drop_notices(transaction: Transaction, notices: Sequence[tuple[int, bytes]]) -> list[None]:
    """Strike off what its process has taken note of."""
    transaction.connection.executemany(QUERIES["drop_notice"], notices)
    return [None] * len(notices)
