"""A task's steps through the store, each an operation of a transaction: create, claim, settle, requeue, purge."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from mog.engine.records import NewTask, Outcome, Requeue
from mog.engine.sqlite.queries import QUERIES
from mog.engine.sqlite.transaction import Transaction
from mog.errors import AlreadySubmitted, MogError
from mog.states import ResultState

_ADD_RESULT, _ADD_MESSAGE, _ADD_METADATA = QUERIES["add_result"], QUERIES["add_message"], QUERIES["add_metadata"]
_RUNNING_ATTEMPT, _FINISH = QUERIES["running_attempt"], QUERIES["finish"]
_DROP_MESSAGE, _DROP_STATE = QUERIES["drop_message"], QUERIES["drop_state"]


def create(transaction: Transaction, tasks: Sequence[NewTask]) -> list[MogError | None]:
    """Store tasks and their messages."""
    connection, now = transaction.connection, transaction.now
    (newest,) = connection.execute(QUERIES["newest_key"]).fetchone()
    results = [_result_row(key, task, now) for key, task in enumerate(tasks, newest + 1)]
    answers: list[MogError | None] = [None] * len(tasks)
    if connection.executemany(_ADD_RESULT, results).rowcount != len(results):
        answers = _sort_out_known(transaction, tasks, results)
    messages, metadata = [], []
    for key, (task, answer) in enumerate(zip(tasks, answers, strict=True), newest + 1):
        if answer is None:
            message = task.message
            due = message.due if message.due is not None and message.due > now else None
            messages.append((key, message.queue, message.priority, transaction.position, due))
            metadata += [(key, name, value) for name, value in task.metadata.items()]
    connection.executemany(_ADD_MESSAGE, messages)
    if metadata:
        connection.executemany(_ADD_METADATA, metadata)
    transaction.ready = True
    return answers


def _result_row(key: int, task: NewTask, now: float) -> tuple[Any, ...]:
    record, message = task.record, task.message
    return (
        key,
        message.id.bytes,
        record.name,
        message.queue,
        message.priority,
        None if record.parent_id is None else record.parent_id.bytes,
        now if record.created is None else record.created,
        record.request_kwargs_repr,
        task.ttl,
        message.body,
    )


def _sort_out_known(
    transaction: Transaction, tasks: Sequence[NewTask], results: list[tuple[Any, ...]]
) -> list[MogError | None]:
    """Answer for a batch of which some ids were known; an expired result gives way to the new task."""
    answers: list[MogError | None] = []
    for task, row in zip(tasks, results, strict=True):
        key, expires = transaction.connection.execute(QUERIES["key_and_expiry"], (row[1],)).fetchone()
        if expires is not None and expires <= transaction.now:
            forget(transaction, key, row[1])
            transaction.connection.execute(_ADD_RESULT, row)
            key = row[0]
        answers.append(None if key == row[0] else AlreadySubmitted(task.message.id))
    return answers


def promote(transaction: Transaction) -> float | None:
    """Make messages ready that have fallen due; return when the next one will, None if there is none."""
    transaction.connection.execute(QUERIES["promote"], (transaction.now,))
    transaction.ready = True
    due: float | None
    (due,) = transaction.connection.execute(QUERIES["next_due"]).fetchone()
    return due


def claim(transaction: Transaction, queues: Sequence[str], slots: int, owner: int, node_id: str) -> list[Any]:
    """Take up to ``slots`` ready messages, the highest priority of all queues first, and count a start of each.

    Returns rows of ``read_ready``.
    """
    connection, now = transaction.connection, transaction.now
    rows: list[Any] = []
    for queue, count in _shares(transaction, queues, slots):
        rows += connection.execute(QUERIES["read_ready"], (queue, count)).fetchall()
        connection.execute(QUERIES["claim"], (owner, now, node_id, queue, count))
    return rows


def _shares(transaction: Transaction, queues: Sequence[str], slots: int) -> list[tuple[str, int]]:
    """Return how many of ``slots`` go to each queue."""
    if len(queues) == 1:
        return [(queues[0], slots)]
    execute = transaction.connection.execute
    best = [
        (-priority, position, key, queue)
        for queue in queues
        for priority, position, key in execute(QUERIES["rank_ready"], (queue, slots))
    ]
    best.sort()
    return list(Counter(queue for *_, queue in best[:slots]).items())


def settle(transaction: Transaction, outcomes: Sequence[Outcome]) -> list[bool]:
    """End attempts that are still their task's."""
    connection, now = transaction.connection, transaction.now
    answers, finished, keys, buried, stateful = [], [], [], [], []
    ids: dict[bytes, None] = {}
    for outcome in outcomes:
        id_ = outcome.id.bytes
        row = connection.execute(_RUNNING_ATTEMPT, (id_, outcome.attempt)).fetchone()
        answers.append(row is not None and id_ not in ids)
        if not answers[-1]:
            continue
        key, starts, stops, retries, started, node_id, own_ttl, _owner, has_state = row
        expires = now + (outcome.ttl if own_ttl is None else own_ttl)
        value_expires = min(expires, now + outcome.value_ttl) if own_ttl is None else expires
        times = (started, now, node_id, expires, value_expires, value_expires)
        finished.append((outcome.state.value, starts, stops + 1, retries, *times, *_value_columns(outcome), key))
        if outcome.dead is not None:
            buried.append((outcome.dead, now, key))
        if has_state:
            stateful.append((id_,))
        keys.append((key,))
        ids[id_] = None
    connection.executemany(_FINISH, finished)
    if buried:
        connection.executemany(QUERIES["bury"], buried)
    connection.executemany(_DROP_MESSAGE, keys)
    if stateful:
        connection.executemany(_DROP_STATE, stateful)
    transaction.finished += ids
    return answers


def _value_columns(outcome: Outcome) -> tuple[bytes, str | None, bool]:
    """Return value, encoding, and whether the message is kept: a task that has failed may be submitted again."""
    return outcome.value.content, outcome.value.encoding, outcome.state is not ResultState.SUCCESS


def requeue(transaction: Transaction, requeues: Sequence[Requeue], owner: int | None) -> list[bool]:
    """Put running tasks back; a refund only for what ``owner`` still owns, since it lets an attempt's number recur."""
    answers = []
    for item in requeues:
        row = transaction.connection.execute(_RUNNING_ATTEMPT, (item.id.bytes, item.attempt)).fetchone()
        answers.append(row is not None and (not item.refund or row[-2] == owner))
        if answers[-1]:
            _put_back(transaction, item, row)
    transaction.ready = True
    return answers


def _put_back(transaction: Transaction, item: Requeue, row: Sequence[Any]) -> None:
    key, starts, stops, retries, started, node_id, *_ = row
    if item.refund:
        starts -= 1
        if starts == 0:
            started = node_id = None
    else:
        stops += 1
        retries += item.retry
    state = (ResultState.SUSPENDED if starts else ResultState.PENDING).value
    due = item.due if item.due is not None and item.due > transaction.now else None
    transaction.connection.execute(
        QUERIES["put_back"], (due, transaction.position, state, starts, stops, retries, started, node_id, key)
    )


def purge(transaction: Transaction, queue: str, limit: int) -> int:
    """Revoke up to ``limit`` tasks that wait in ``queue``; returns how many there were."""
    connection, now = transaction.connection, transaction.now
    rows = connection.execute(QUERIES["waiting_in_queue"], {"queue": queue, "limit": limit}).fetchall()
    connection.executemany(
        _FINISH,
        [
            (
                ResultState.REVOKED.value,
                starts,
                stops,
                retries,
                started,
                now,
                node_id,
                now + ttl,
                None,
                now + ttl,
                None,
                None,
                True,
                key,
            )
            for key, _id, starts, stops, retries, started, node_id, ttl in rows
        ],
    )
    connection.executemany(_DROP_MESSAGE, [(row[0],) for row in rows])
    connection.executemany(_DROP_STATE, [(row[1],) for row in rows])
    transaction.finished += [row[1] for row in rows]
    return len(rows)


def forget(transaction: Transaction, key: int, id_: bytes) -> None:
    """Remove a result that is done, and all that belongs to it."""
    for statement, what in (("drop_result", key), ("drop_metadata", key), ("drop_state", id_)):
        transaction.connection.execute(QUERIES[statement], (what,))


def sweep(transaction: Transaction, limit: int) -> int:
    """Clear away up to ``limit`` expired values and results; returns how many there were."""
    rows = transaction.connection.execute(QUERIES["to_sweep"], (transaction.now, limit)).fetchall()
    for key, id_, expires in rows:
        if expires <= transaction.now:
            forget(transaction, key, id_)
        else:
            transaction.connection.execute(QUERIES["drop_value"], (key,))
    return len(rows)
