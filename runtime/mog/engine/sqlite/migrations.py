"""Brings a database to the schema that this version of mog knows.

``PRAGMA user_version`` holds the number of the last file of schema/ that was applied, ``application_id`` tells our
databases from those of other programs.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from pathlib import Path

from mog.errors import StoreTooNew, StoreUnusable

APPLICATION_ID = 0x6D6F6771
"""The letters "mogq", see https://www.sqlite.org/pragma.html#pragma_application_id."""


def load_migrations() -> dict[int, str]:
    """Read the files of schema/ by their number."""
    files = Path(__file__).with_name("schema").glob("*.sql")
    return {int(file.stem): file.read_text("utf-8") for file in sorted(files)}


def migrate(connection: sqlite3.Connection, label: str, migrations: Mapping[int, str]) -> None:
    """Apply the migrations that the database lacks, each in a transaction of its own.

    Raises StoreTooNew for a database that a newer mog wrote, StoreUnusable for one of another program.
    """
    current = check_version(connection, label, migrations)
    for version in sorted(migrations):
        if version > current:
            _apply(connection, version, migrations[version])


def check_version(connection: sqlite3.Connection, label: str, migrations: Mapping[int, str]) -> int:
    """Return the database's version, 0 if it is empty; raises what :func:`migrate` raises."""
    (current,) = connection.execute("PRAGMA user_version").fetchone()
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
    if application != APPLICATION_ID and (tables or application or current):
        raise StoreUnusable(f"{label} is the database of another program; name another file")
    newest = max(migrations)
    if current > newest:
        raise StoreTooNew(
            f"a newer mog wrote {label} (schema {current}); this one knows schemas up to {newest}: upgrade mogkit"
        )
    return int(current)


def _apply(connection: sqlite3.Connection, version: int, script: str) -> None:
    connection.execute("BEGIN IMMEDIATE")
    try:
        for statement in _statements(script):
            connection.execute(statement)
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version = {version}")
        connection.execute("COMMIT")
    except BaseException:
        connection.rollback()
        raise


def _statements(script: str) -> Iterator[str]:
    """Split a script where lines end in a semicolon; executescript() would commit before it begins."""
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""
