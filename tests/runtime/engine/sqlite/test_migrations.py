"""From schema to schema."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator

import pytest

from mog.engine.sqlite.migrations import APPLICATION_ID, load_migrations, migrate
from mog.errors import StoreTooNew, StoreUnusable

FIRST = "CREATE TABLE a (x); -- one; two\nINSERT INTO a VALUES ('x;y');"
SECOND = "ALTER TABLE a ADD COLUMN y DEFAULT 5;\nCREATE TRIGGER t AFTER DELETE ON a BEGIN DELETE FROM a; END;"


@pytest.fixture
def connection() -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(":memory:", isolation_level=None)
    yield connection
    connection.close()


def version(connection: sqlite3.Connection) -> int:
    (number,) = connection.execute("PRAGMA user_version").fetchone()
    return int(number)


def test_a_new_database_gets_all(connection: sqlite3.Connection) -> None:
    migrate(connection, "x", {1: FIRST, 2: SECOND})
    assert connection.execute("SELECT * FROM a").fetchall() == [("x;y", 5)]
    assert version(connection) == 2
    assert connection.execute("PRAGMA application_id").fetchone() == (APPLICATION_ID,)


def test_an_older_database_gets_what_it_lacks_and_keeps_its_rows(connection: sqlite3.Connection) -> None:
    migrate(connection, "x", {1: FIRST})
    connection.execute("INSERT INTO a VALUES (2)")
    migrate(connection, "x", {1: FIRST, 2: SECOND})
    assert connection.execute("SELECT * FROM a").fetchall() == [("x;y", 5), (2, 5)]


def test_a_current_database_is_left_alone(connection: sqlite3.Connection) -> None:
    migrate(connection, "x", {1: FIRST})
    changes = connection.total_changes
    migrate(connection, "x", {1: FIRST})
    assert connection.total_changes == changes


def test_a_migration_that_fails_leaves_what_was(connection: sqlite3.Connection) -> None:
    migrate(connection, "x", {1: FIRST})
    with pytest.raises(sqlite3.OperationalError):
        migrate(connection, "x", {1: FIRST, 2: "CREATE TABLE b (x);\nCREATE TABLE a (x);"})
    assert version(connection) == 1
    assert connection.execute("SELECT name FROM sqlite_schema").fetchall() == [("a",)]


def test_a_newer_database_is_refused(connection: sqlite3.Connection) -> None:
    migrate(connection, "x", {1: FIRST, 2: SECOND})
    with pytest.raises(StoreTooNew, match=r"a newer mog wrote x \(schema 2\); this one knows schemas up to 1"):
        migrate(connection, "x", {1: FIRST})


def test_another_programs_database_is_refused(connection: sqlite3.Connection) -> None:
    connection.execute("PRAGMA application_id = 5")
    with pytest.raises(StoreUnusable, match="x is the database of another program"):
        migrate(connection, "x", {1: FIRST})


def test_the_files_are_numbered_without_gaps() -> None:
    migrations = load_migrations()
    assert list(migrations) == list(range(1, len(migrations) + 1))
