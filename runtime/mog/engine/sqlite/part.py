"""What the three contracts of this engine have in common: each opens and closes the one store."""

from __future__ import annotations

from mog.engine.sqlite.store import Store


class Part:
    """One contract's hold on the store."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self._is_open = False

    async def open(self) -> None:
        """Open the store, unless this part has."""
        if not self._is_open:
            await self.store.open()
            self._is_open = True

    async def close(self) -> None:
        """Let go of the store, unless this part has."""
        if self._is_open:
            self._is_open = False
            await self.store.close()

    def abandon(self) -> None:
        """Let go of the store's handles."""
        if self._is_open:
            self._is_open = False
            self.store.abandon()
