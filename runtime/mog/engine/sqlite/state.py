"""The state backend: values under (task, name)."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from mog.engine.contracts import StateBackend
from mog.engine.sqlite.part import Part
from mog.engine.sqlite.queries import QUERIES
from mog.engine.sqlite.transaction import Transaction


class SqliteState(Part, StateBackend):
    """See :class:`StateBackend`. The end of a task clears its state, and nothing is written thereafter."""

    async def get(self, keys: Sequence[tuple[UUID, str]]) -> list[bytes | None]:
        """See :meth:`StateBackend.get`."""
        await self.store.settled()
        found = [self.store.read("get_state", (task.bytes, name)) for task, name in keys]
        return [rows[0][0] if rows else None for rows in found]

    async def set(self, values: Sequence[tuple[UUID, str, bytes]]) -> list[None]:
        """See :meth:`StateBackend.set`."""
        return await self.store.write(_set, values)

    async def pop(self, keys: Sequence[tuple[UUID, str]]) -> list[bytes | None]:
        """See :meth:`StateBackend.pop`."""
        return await self.store.write(_pop, keys)

    async def clear(self, ids: Sequence[UUID]) -> list[None]:
        """See :meth:`StateBackend.clear`."""
        return await self.store.write(_clear, ids)


def _set(transaction: Transaction, values: Sequence[tuple[UUID, str, bytes]]) -> list[None]:
    rows = [(name, value, task.bytes) for task, name, value in values]
    transaction.connection.executemany(QUERIES["set_state"], rows)
    return [None] * len(values)


def _pop(transaction: Transaction, keys: Sequence[tuple[UUID, str]]) -> list[bytes | None]:
    answers: list[bytes | None] = []
    for task, name in keys:
        key = (task.bytes, name)
        row = transaction.connection.execute(QUERIES["get_state"], key).fetchone()
        answers.append(None if row is None else row[0])
        transaction.connection.execute(QUERIES["drop_state_value"], key)
    return answers


def _clear(transaction: Transaction, ids: Sequence[UUID]) -> list[None]:
    transaction.connection.executemany(QUERIES["drop_state"], [(id_.bytes,) for id_ in ids])
    return [None] * len(ids)
