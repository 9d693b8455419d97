"""What happens in a SQLite store, written down by the store itself: triggers that log each claim, release and end.

They fire in the transaction of whichever process writes, so nothing can be recorded twice, stolen or lost unseen.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from uuid import UUID

from tests.chaos.ledger import Event, Ledger, Owner

NOW = "(julianday('now') - 2440587.5) * 86400.0"
"""POSIX seconds, exact to the millisecond."""

SCRIPT = f"""
CREATE TABLE chaos_event (
    seq INTEGER PRIMARY KEY, at REAL, kind TEXT, key INTEGER, task BLOB, owner INTEGER, starts INTEGER, stops INTEGER,
    detail TEXT, parent BLOB
);
CREATE INDEX chaos_ended ON chaos_event (key) WHERE kind = 'ended' AND parent IS NULL;
CREATE TRIGGER chaos_created AFTER INSERT ON result BEGIN
    INSERT INTO chaos_event (at, kind, key, task, parent) VALUES ({NOW}, 'created', NEW.key, NEW.id, NEW.parent_id);
END;
CREATE TRIGGER chaos_ended AFTER UPDATE OF state ON result WHEN NEW.state IS NOT NULL BEGIN
    INSERT INTO chaos_event (at, kind, key, task, starts, stops, detail, parent)
    VALUES ({NOW}, 'ended', NEW.key, NEW.id, NEW.number_of_starts, NEW.number_of_stops, NEW.state, NEW.parent_id);
END;
CREATE TRIGGER chaos_rewritten AFTER UPDATE OF state, value ON result WHEN OLD.state IS NOT NULL BEGIN
    INSERT INTO chaos_event (at, kind, key, task, detail) VALUES ({NOW}, 'rewritten', NEW.key, NEW.id, OLD.state);
END;
CREATE TRIGGER chaos_forgotten AFTER DELETE ON result BEGIN
    INSERT INTO chaos_event (at, kind, key, task, detail) VALUES ({NOW}, 'forgotten', OLD.key, OLD.id, OLD.state);
END;
CREATE TRIGGER chaos_claimed AFTER UPDATE OF owner ON message WHEN NEW.owner IS NOT NULL BEGIN
    INSERT INTO chaos_event (at, kind, key, owner, starts, stops)
    VALUES ({NOW}, iif(OLD.owner IS NULL, 'claimed', 'stolen'), NEW.key, NEW.owner, NEW.number_of_starts,
        NEW.number_of_stops);
END;
CREATE TRIGGER chaos_freed AFTER UPDATE OF owner ON message WHEN NEW.owner IS NULL AND OLD.owner IS NOT NULL BEGIN
    INSERT INTO chaos_event (at, kind, key, owner, starts, stops)
    VALUES ({NOW}, 'freed', NEW.key, OLD.owner, NEW.number_of_starts - OLD.number_of_starts,
        NEW.number_of_stops - OLD.number_of_stops);
END;
CREATE TRIGGER chaos_joined AFTER INSERT ON process BEGIN
    INSERT INTO chaos_event (at, kind, owner, detail) VALUES ({NOW}, 'joined', NEW.owner, NEW.pid);
END;
"""


class SqliteLedger(Ledger):
    """See :class:`Ledger`; ``install()`` alone writes."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._reader: sqlite3.Connection | None = None

    def install(self) -> None:
        """Begin to log; the store must exist, and nobody may use it just now."""
        with closing(sqlite3.connect(self.path)) as connection:
            connection.executescript(SCRIPT)

    def ended(self) -> int:
        """See :meth:`Ledger.ended`."""
        return int(self.rows("SELECT count(*) FROM chaos_event WHERE kind = 'ended' AND parent IS NULL")[0][0])

    def unfinished(self) -> int:
        """See :meth:`Ledger.unfinished`."""
        return int(self.rows("SELECT count(*) FROM message")[0][0])

    def consuming(self) -> dict[int, Owner]:
        """See :meth:`Ledger.consuming`."""
        return dict(self.rows("SELECT pid, owner FROM process WHERE ready IS NOT NULL"))

    def of_task(self, task_id: UUID, *kinds: str) -> list[Event]:
        """Return what happened to a task."""
        [(key,)] = self.rows("SELECT key FROM result WHERE id = ?", task_id.bytes)
        return [event for event in self.events() if event.key == key and (not kinds or event.kind in kinds)]

    def events(self) -> Iterator[Event]:
        """See :meth:`Ledger.events`."""
        columns = "at, kind, key, task, owner, starts, stops, detail, parent"
        for at, kind, key, task, *rest, parent in self.rows(f"SELECT {columns} FROM chaos_event ORDER BY seq"):
            yield Event(at, kind, key, _uuid(task), *rest, _uuid(parent))

    def left(self) -> dict[str, int]:
        """See :meth:`Ledger.left`."""
        tables = ("message", "state", "process")
        counts = {table: self.rows(f"SELECT count(*) FROM {table}")[0][0] for table in tables}
        return {table: count for table, count in counts.items() if count}

    def integrity(self) -> str:
        """See :meth:`Ledger.integrity`."""
        return "; ".join(row[0] for row in self.rows("PRAGMA integrity_check"))

    def rows(self, query: str, *parameters: object) -> list[tuple[int, ...]] | list[tuple[object, ...]]:
        """Return the rows of a query."""
        if self._reader is None:
            self._reader = sqlite3.connect(f"file:{self.path}?mode=ro", uri=True, isolation_level=None, timeout=20.0)
        return self._reader.execute(query, parameters).fetchall()

    def close(self) -> None:
        """See :meth:`Ledger.close`."""
        if self._reader is not None:
            self._reader.close()
            self._reader = None


def _uuid(stored: bytes | None) -> UUID | None:
    return None if stored is None else UUID(bytes=stored)
