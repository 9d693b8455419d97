"""The result backend: records, values and metadata, and the steps of a task's life."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Mapping, Sequence
from functools import partial
from uuid import UUID

from pydantic_core import to_json

from mog.engine.contracts import Finished, ResultBackend
from mog.engine.records import (
    Message,
    NewTask,
    Outcome,
    Query,
    Record,
    Requeue,
    Revocation,
    StoredValue,
    Waiting,
)
from mog.engine.sqlite.lifecycle import create, forget, requeue, settle
from mog.engine.sqlite.part import Part
from mog.engine.sqlite.queries import QUERIES
from mog.engine.sqlite.revoking import revoke, set_waiting
from mog.engine.sqlite.rows import record_from, record_with_value_from
from mog.engine.sqlite.store import Store
from mog.engine.sqlite.transaction import Transaction
from mog.engine.sqlite.watches import Watches
from mog.errors import MogError, ResultLost
from mog.states import TERMINAL_STATES

_KEYS_AT_ONCE = 20_000
"""find() looks at so many records before it lets the loop turn: some 20 ms."""


class SqliteResults(Part, ResultBackend):
    """See :class:`ResultBackend`. settle() and requeue() are kept and tried again while the store is full or away."""

    def __init__(self, store: Store) -> None:
        super().__init__(store)
        self._watches = Watches(store)

    async def open(self) -> None:
        """See :meth:`ResultBackend.open`."""
        was_open = self._is_open
        await super().open()
        if not was_open:
            self.store.finished_listeners.append(self._watches.heard)

    async def close(self) -> None:
        """See :meth:`ResultBackend.close`."""
        self._unlisten()
        await super().close()

    def abandon(self) -> None:
        """See :meth:`ResultBackend.abandon`."""
        self._unlisten()
        super().abandon()

    def _unlisten(self) -> None:
        if self._is_open:
            self._watches.clear()
            self.store.finished_listeners.remove(self._watches.heard)

    def create(self, tasks: Sequence[NewTask]) -> Awaitable[list[MogError | None]]:
        """See :meth:`ResultBackend.create`."""
        return self.store.write(create, tasks)

    def settle(self, outcomes: Sequence[Outcome]) -> Awaitable[list[bool]]:
        """See :meth:`ResultBackend.settle`."""
        return self.store.write(settle, outcomes, patient=True)

    def requeue(self, requeues: Sequence[Requeue]) -> Awaitable[list[bool]]:
        """See :meth:`ResultBackend.requeue`."""
        return self.store.write(self._requeue, requeues, patient=True)

    def _requeue(self, transaction: Transaction, requeues: Sequence[Requeue]) -> list[bool]:
        return requeue(transaction, requeues, self.store.neighbours.owner)

    def set_waiting(self, changes: Sequence[Waiting]) -> Awaitable[list[bool]]:
        """See :meth:`ResultBackend.set_waiting`."""
        return self.store.write(set_waiting, changes)

    async def revoke(self, revocations: Sequence[Revocation]) -> list[Record]:
        """See :meth:`ResultBackend.revoke`."""
        return await self.store.write(revoke, revocations)

    async def children(self, parents: Sequence[tuple[UUID, int | None]]) -> list[list[UUID]]:
        """See :meth:`ResultBackend.children`."""
        await self.store.settled()
        now = self.store.clock()
        queries = [(id_.bytes, now, -1 if limit is None else limit) for id_, limit in parents]
        found = [self.store.read("children", query) for query in queries]
        return [[UUID(bytes=child) for (child,) in rows] for rows in found]

    async def get(self, ids: Sequence[UUID]) -> list[Record | None]:
        """See :meth:`ResultBackend.get`."""
        await self.store.settled()
        return self._get(ids)

    def _get(self, ids: Sequence[UUID]) -> list[Record | None]:
        now = self.store.clock()
        found = [self.store.read("get_record", (id_.bytes, now)) for id_ in ids]
        return [record_from(rows[0]) if rows else None for rows in found]

    async def get_values(self, ids: Sequence[UUID]) -> list[StoredValue | None]:
        """See :meth:`ResultBackend.get_values`."""
        await self.store.settled()
        now = self.store.clock()
        found = [self.store.read("get_value", (id_.bytes, now)) for id_ in ids]
        return [StoredValue(*rows[0]) if rows else None for rows in found]

    def get_with_values(self, ids: Sequence[UUID]) -> Awaitable[list[tuple[Record, StoredValue | None] | None]]:
        """See :meth:`ResultBackend.get_with_values`; answers at once where nothing waits to be stored."""
        return self.store.read_settled(partial(self._get_with_values, ids))

    def _get_with_values(self, ids: Sequence[UUID]) -> list[tuple[Record, StoredValue | None] | None]:
        now = self.store.clock()
        found = [self.store.read("get_record_with_value", (now, id_.bytes, now)) for id_ in ids]
        return [record_with_value_from(rows[0]) if rows else None for rows in found]

    async def get_messages(self, ids: Sequence[UUID]) -> list[Message | None]:
        """See :meth:`ResultBackend.get_messages`."""
        await self.store.settled()
        found = [self.store.read("get_message", (id_.bytes,)) for id_ in ids]
        return [Message(id_, *rows[0]) if rows else None for id_, rows in zip(ids, found, strict=True)]

    async def find(self, query: Query) -> list[Record]:
        """List records, newest first; raises ResultLost if ``before`` is unknown.

        Looks at a stretch of records at a time, so that a filter which few pass does not block the loop.
        """
        await self.store.settled()
        below = self._key_before(query)
        records: list[Record] = []
        while below > 1 and len(records) < query.limit:
            start = max(1, below - _KEYS_AT_ONCE)
            rows = self.store.read("find_records", self._stretch(query, start, below, query.limit - len(records)))
            records += [record_from(row) for row in rows]
            below = start
            await asyncio.sleep(0)
        return records

    def _key_before(self, query: Query) -> int:
        if query.before is None:
            [(newest,)] = self.store.read("newest_key", ())
            return int(newest) + 1
        rows = self.store.read("key_and_expiry", (query.before.bytes,))
        if not rows:
            raise ResultLost(query.before)
        return int(rows[0][0])

    def _stretch(self, query: Query, start: int, below: int, limit: int) -> dict[str, object]:
        return {
            "from": start,
            "below": below,
            "now": self.store.clock(),
            "states": to_json(sorted(query.states)).decode() if query.states else None,
            "name": query.name,
            "queue": query.queue,
            "limit": limit,
        }

    async def get_metadata(self, ids: Sequence[UUID]) -> list[dict[str, bytes]]:
        """See :meth:`ResultBackend.get_metadata`."""
        await self.store.settled()
        now = self.store.clock()
        return [dict(self.store.read("get_metadata", (id_.bytes, now))) for id_ in ids]

    async def set_metadata(self, changes: Sequence[tuple[UUID, Mapping[str, bytes]]]) -> list[None]:
        """See :meth:`ResultBackend.set_metadata`."""
        return await self.store.write(_set_metadata, changes)

    async def set_ttl(self, changes: Sequence[tuple[UUID, float]]) -> list[bool]:
        """See :meth:`ResultBackend.set_ttl`."""
        return await self.store.write(_set_ttl, changes)

    async def delete(self, ids: Sequence[UUID]) -> list[bool]:
        """See :meth:`ResultBackend.delete`."""
        return await self.store.write(_delete, ids)

    def hurry(self) -> None:
        """See :meth:`ResultBackend.hurry`."""
        self.store.hurry()

    def on_finished(self, finished: Finished) -> None:
        """See :meth:`ResultBackend.on_finished`."""
        self._watches.tell(finished)

    async def watch(self, ids: Sequence[UUID]) -> list[tuple[Record, StoredValue | None] | None]:
        """See :meth:`ResultBackend.watch`."""
        await self.store.join(waits=True)
        self._watches.add(ids)
        try:
            found = await self.get_with_values(ids)
        except BaseException:
            self._watches.drop(ids)
            raise
        done = [id_ for id_, one in zip(ids, found, strict=True) if one is None or one[0].state in TERMINAL_STATES]
        self._watches.drop(done)
        return found

    def unwatch(self, ids: Sequence[UUID]) -> None:
        """See :meth:`ResultBackend.unwatch`."""
        self._watches.drop(ids)


def _set_metadata(transaction: Transaction, changes: Sequence[tuple[UUID, Mapping[str, bytes]]]) -> list[None]:
    rows = [(name, value, id_.bytes, transaction.now) for id_, metadata in changes for name, value in metadata.items()]
    transaction.connection.executemany(QUERIES["set_metadata"], rows)
    return [None] * len(changes)


def _set_ttl(transaction: Transaction, changes: Sequence[tuple[UUID, float]]) -> list[bool]:
    execute, now = transaction.connection.execute, transaction.now
    answers = []
    for id_, ttl in changes:
        times = {"id": id_.bytes, "ttl": ttl, "now": now, "expires": now + ttl}
        done = execute(QUERIES["set_ttl_of_done"], times).rowcount
        answers.append(bool(done or execute(QUERIES["set_ttl_of_waiting"], times).rowcount))
    return answers


def _delete(transaction: Transaction, ids: Sequence[UUID]) -> list[bool]:
    answers = []
    for id_ in ids:
        row = transaction.connection.execute(QUERIES["key_of_done"], (id_.bytes, transaction.now)).fetchone()
        answers.append(row is not None)
        if row is not None:
            forget(transaction, row[0], id_.bytes)
    return answers
