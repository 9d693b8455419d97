"""Builds engines of this package."""

from __future__ import annotations

from pathlib import Path

from mog.engine.contracts import Engine
from mog.engine.sqlite.broker import SqliteBroker
from mog.engine.sqlite.database import FileDatabase, MemoryDatabase
from mog.engine.sqlite.memory import MemoryNeighbours, Room
from mog.engine.sqlite.neighbours import FileNeighbours
from mog.engine.sqlite.results import SqliteResults
from mog.engine.sqlite.state import SqliteState
from mog.engine.sqlite.store import Store
from mog.engine.sqlite.timers import Clock
from mog.ids import default_node_id


def file_engine(
    path: Path, *, clock: Clock, durability: str = "normal", node_id: str | None = None, lock_timeout: float = 30.0
) -> Engine:
    """Return an engine, not yet open, on the database file at ``path``.

    ``durability`` "full" makes each commit outlive a loss of power, "normal" only the end of the process.
    ``lock_timeout`` is how many seconds an operation waits for other processes before it fails.
    """
    database = FileDatabase(path, durability=durability, lock_timeout=lock_timeout)
    neighbours = FileNeighbours(database.owners)
    return _engine(
        Store(database, neighbours, clock=clock, node_id=node_id or default_node_id(), lock_timeout=lock_timeout)
    )


def memory_room(label: str) -> Room:
    """Return an empty database in memory."""
    return Room(MemoryDatabase(label))


def memory_engine(room: Room, *, clock: Clock, node_id: str | None = None) -> Engine:
    """Return an engine, not yet open, on the database of ``room``."""
    neighbours = MemoryNeighbours(room)
    return _engine(
        Store(room.database, neighbours, clock=clock, node_id=node_id or default_node_id(), lock_timeout=30.0)
    )


def _engine(store: Store) -> Engine:
    return Engine(SqliteBroker(store), SqliteResults(store), SqliteState(store))
