"""The state backend: a hash of each task that keeps something."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from mog.engine.contracts import StateBackend
from mog.engine.redis.codec import write_key
from mog.engine.redis.records import nothing
from mog.engine.redis.scripts import Item, items_of, read_each
from mog.engine.redis.store import RedisStore


class RedisState(StateBackend):
    """See :class:`StateBackend`. The end of a task clears its state, and nothing is written thereafter."""

    def __init__(self, store: RedisStore) -> None:
        self._store = store
        self._is_open = False

    async def open(self) -> None:
        """See :meth:`StateBackend.open`."""
        if not self._is_open:
            await self._store.open()
            self._is_open = True

    async def close(self) -> None:
        """See :meth:`StateBackend.close`."""
        if self._is_open:
            self._is_open = False
            await self._store.close()

    def abandon(self) -> None:
        """See :meth:`StateBackend.abandon`."""
        if self._is_open:
            self._is_open = False
            self._store.abandon()

    async def get(self, keys: Sequence[tuple[UUID, str]]) -> list[bytes | None]:
        """See :meth:`StateBackend.get`."""
        return await self._store.scripts.run("state_get", (), _items(keys))

    async def set(self, values: Sequence[tuple[UUID, str, bytes]]) -> list[None]:
        """See :meth:`StateBackend.set`."""
        items = [(str(task_id), write_key(name), text) for task_id, name, text in values]
        return read_each(nothing, await self._store.scripts.run("state_set", (), items))

    async def pop(self, keys: Sequence[tuple[UUID, str]]) -> list[bytes | None]:
        """See :meth:`StateBackend.pop`."""
        return await self._store.scripts.run("state_pop", (), _items(keys))

    async def clear(self, ids: Sequence[UUID]) -> list[None]:
        """See :meth:`StateBackend.clear`."""
        return read_each(nothing, await self._store.scripts.run("state_clear", (), items_of(ids)))


def _items(keys: Sequence[tuple[UUID, str]]) -> list[Item]:
    return [(str(task_id), write_key(name)) for task_id, name in keys]
