"""The statements: each is used, and those that run for each task use an index."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

import mog.engine.sqlite
from mog.engine.sqlite.migrations import load_migrations, migrate
from mog.engine.sqlite.queries import QUERIES, parse

SMALL = {"count_running", "find_dead", "newest_key", "processes", "running_by_node"}
"""These go from end to end, on purpose: few rows, only the last one, or people who look."""


@pytest.fixture
def connection() -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(":memory:", isolation_level=None)
    migrate(connection, "x", load_migrations())
    yield connection
    connection.close()


def test_statements_are_split_by_name() -> None:
    text = "-- head\n-- name: one\nSELECT 1;\n\n-- a remark\n-- name: two\nSELECT\n  2;\n"
    assert parse(text) == {"one": "SELECT 1", "two": "SELECT\n  2"}


@pytest.mark.parametrize("name", QUERIES)
def test_every_statement_is_used(name: str) -> None:
    package = Path(mog.engine.sqlite.__file__).parent
    assert any(f'"{name}"' in file.read_text() for file in package.glob("*.py"))


@pytest.mark.parametrize("name", sorted(set(QUERIES) - SMALL))
def test_no_statement_goes_through_a_whole_table(name: str, connection: sqlite3.Connection) -> None:
    statement = QUERIES[name]
    named = dict.fromkeys(re.findall(r":(\w+)", statement))
    values = named or (None,) * statement.count("?")
    plan = [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {statement}", values)]
    assert not [step for step in plan if step.startswith("SCAN") and "json_each" not in step and "USING" not in step]
    assert not [step for step in plan if "TEMP B-TREE" in step]
