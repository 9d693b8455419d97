"""The floor: what a queue costs on plain sqlite3, without requests, checks, states, owners or an event loop.

One commit per operation; variants: ``batch`` (a commit per 100 inserts, per claim of as many as run at a time, per
results of a claim), ``full`` (synchronous=FULL instead of NORMAL).
"""

from __future__ import annotations

import asyncio
import sqlite3
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from adapter import CHUNK, SETTING, STAMPS, Adapter

BATCH, FULL = "batch" in SETTING.variant, "full" in SETTING.variant
POLL = 0.001
"""Seconds between looks."""

BODY = b'{"name":"noop","args":[],"kwargs":{},"created":"2026-01-01T00:00:00Z"}'
INSERT = "INSERT INTO job (body) VALUES (?)"
CLAIM = (
    "UPDATE job SET state = 1, claimed = ? WHERE id IN (SELECT id FROM job WHERE state = 0 ORDER BY id LIMIT ?)"
    " RETURNING id"
)


def connect() -> sqlite3.Connection:
    connection = sqlite3.connect(SETTING.directory / "raw.db", isolation_level=None, timeout=10)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute(f"PRAGMA synchronous = {'FULL' if FULL else 'NORMAL'}")
    connection.execute(
        "CREATE TABLE IF NOT EXISTS job"
        " (id INTEGER PRIMARY KEY, state INTEGER NOT NULL DEFAULT 0, body BLOB, result BLOB, claimed REAL)"
    )
    connection.execute("CREATE INDEX IF NOT EXISTS job_ready ON job (id) WHERE state = 0")
    return connection


class RawSqlite(Adapter):
    """Who waits polls each millisecond."""

    durability = f"WAL, synchronous={'FULL' if FULL else 'NORMAL'}; nobody takes back what a dead worker claimed"

    async def open(self) -> None:
        self._connection = connect()

    async def close(self) -> None:
        self._connection.close()

    async def submit(self) -> Any:
        return self._connection.execute(INSERT, (BODY,)).lastrowid

    async def submit_many(self, count: int) -> list[Any]:
        if not BATCH:
            return await self.submit_gathered(count)
        handles: list[Any] = []
        while len(handles) < count:
            self._connection.execute("BEGIN IMMEDIATE")
            handles += [await self.submit() for _ in range(min(CHUNK, count - len(handles)))]
            self._connection.execute("COMMIT")
        return handles

    async def result(self, handle: Any) -> Any:
        while True:
            row = self._connection.execute("SELECT result FROM job WHERE id = ? AND state = 2", (handle,)).fetchone()
            if row is not None:
                return row[0]
            await asyncio.sleep(POLL)

    async def count_stored(self, _handles: Sequence[Any], /) -> int:
        (count,) = self._connection.execute("SELECT count(*) FROM job WHERE state = 2").fetchone()
        return int(count)

    def worker_command(self, concurrency: int) -> Sequence[str]:
        return [sys.executable, "-c", f"from systems.raw_sqlite import work; work({concurrency if BATCH else 1})"]


def work(at_once: int) -> None:
    """Be the worker."""
    connection = connect()
    while True:
        claimed: list[Any] = []
        with suppress(sqlite3.OperationalError):  # locked for longer than the timeout
            claimed = connection.execute(CLAIM, (time.time(), at_once)).fetchall()
        if not claimed:
            time.sleep(POLL)
            continue
        for _ in claimed:
            STAMPS.add()
        if BATCH:
            connection.execute("BEGIN IMMEDIATE")
        connection.executemany("UPDATE job SET state = 2, result = X'31' WHERE id = ?", claimed)
        if BATCH:
            connection.execute("COMMIT")


ADAPTER = RawSqlite()
