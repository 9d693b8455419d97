"""Imports a CSV file into SQLite. Stop the worker, or kill it: the next one goes on where it was.

Two things make that hold. `checkpointed` remembers which batches are done, and a batch is safe to repeat: the one that
was under way when the worker died is imported again, and an upsert leaves each row there once.
"""

import csv
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from itertools import islice
from pathlib import Path

from mog import App, Context, task

app = App("import_rows")

SCHEMA = """
    CREATE TABLE IF NOT EXISTS customers (
        number INTEGER PRIMARY KEY,
        name TEXT NOT NULL,
        town TEXT NOT NULL,
        run INTEGER NOT NULL  -- which run of the task wrote it
    )
"""
UPSERT = "INSERT OR REPLACE INTO customers VALUES (:number, :name, :town, :run)"
COUNT_BY_RUN = "SELECT count(*) FROM customers GROUP BY run ORDER BY run"


# A plain `def`: csv and sqlite3 block, so this runs in a thread and leaves the event loop free.
@task(name="import_rows.import_file")
def import_file(context: Context, source: Path, database: Path, batch_size: int = 500) -> list[int]:
    """Import the rows of `source`, `batch_size` in one transaction; return how many rows each run of the task wrote."""
    total = sum(1 for _ in read_rows(source))
    with closing(sqlite3.connect(database)) as connection:
        connection.execute(SCHEMA)
        for number, batch in context.checkpointed(enumerate(batches(source, batch_size), start=1)):
            with connection:
                connection.executemany(UPSERT, (row | {"run": context.attempt} for row in batch))
            context.progress(min(number * batch_size, total), total, f"run {context.attempt}")
        return [count for (count,) in connection.execute(COUNT_BY_RUN)]


def read_rows(source: Path) -> Iterator[dict[str, str]]:
    """Yield each row by its headings."""
    with source.open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)


def batches(source: Path, size: int) -> Iterator[list[dict[str, str]]]:
    """Yield the rows in lists of `size`, always the same ones: a checkpoint counts finished lists."""
    rows = read_rows(source)
    while batch := list(islice(rows, size)):
        yield batch
