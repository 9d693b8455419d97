"""The ids that this engine's caller waits for."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from uuid import UUID

from mog.engine.contracts import Finished
from mog.engine.sqlite.store import Store
from mog.errors import EngineError


class Watches:
    """Tells each watched id once: when a neighbour says that it is done, or when a look at the store finds it so."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._listener: Finished | None = None
        self._watched: set[bytes] = set()

    def tell(self, listener: Finished) -> None:
        """Set who is told."""
        self._listener = listener

    def add(self, ids: Sequence[UUID]) -> None:
        """Watch these."""
        self._watched.update(id_.bytes for id_ in ids)

    def drop(self, ids: Sequence[UUID]) -> None:
        """Watch these no longer."""
        self._watched.difference_update(id_.bytes for id_ in ids)

    def clear(self) -> None:
        """Watch nothing."""
        self._watched.clear()

    def heard(self, ids: Sequence[bytes]) -> None:
        """Take ids that are done; an empty sequence says: look."""
        if not self._watched:
            return
        finished = self._watched.intersection(ids) if ids else self._look()
        if not finished:
            return
        self._watched -= finished
        if self._listener is not None:
            try:
                self._listener([UUID(bytes=id_) for id_ in finished])
            except Exception as error:  # noqa: BLE001 - the engine goes on
                context = {"message": "a listener could not take finished tasks", "exception": error}
                asyncio.get_running_loop().call_exception_handler(context)

    def _look(self) -> set[bytes]:
        """Return what is watched and not among the tasks that go on; one that is gone was done before."""
        try:
            return {id_ for id_ in self._watched if not self._store.read("not_done", (id_,))}
        except EngineError:  # the next tick looks again
            return set()
