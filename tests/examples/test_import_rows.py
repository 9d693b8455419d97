"""The import goes on where it was when its worker is killed."""

import csv
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

ROWS = 20_000
BATCH = 20  # small, so that the import takes long enough to be killed


def imported(database: Path) -> list[tuple[int, int]]:
    """Number of each row that is there, and which run of the task wrote it."""
    with closing(sqlite3.connect(database)) as connection:
        try:
            return connection.execute("SELECT number, run FROM customers ORDER BY number").fetchall()
        except sqlite3.OperationalError:
            return []  # no table yet


@pytest.mark.chaos
def test_every_row_is_there_once_after_kill_nine_half_way(example, wait_until) -> None:
    shell = example("import_rows")
    database = shell.directory / "customers.db"
    shell.run(f"python make_rows.py rows.csv {ROWS}")
    with shell.worker() as worker:
        submit = "mog submit import_rows.import_file rows.csv customers.db"
        task_id = shell.run(f"{submit} batch_size={BATCH} 2>/dev/null").strip()
        wait_until(lambda: len(imported(database)) >= ROWS // 10)
        worker.kill()
    before = len(imported(database))
    assert before < ROWS, "it was killed too late to show anything"
    with shell.worker():
        shell.run(f"mog tasks wait {task_id}")

    rows = imported(database)
    assert [number for number, _ in rows] == list(range(1, ROWS + 1))
    first_run = [number for number, run in rows if run == 1]
    assert before - BATCH <= len(first_run) <= before, "more than the batch that was under way was done again"
    assert {run for _, run in rows} == {1, 2}


def test_readme_commands_work_as_written(example) -> None:
    shell = example("import_rows")
    shell.run(shell.readme())
    assert len(imported(shell.directory / "customers.db")) == 100_000


def test_data_is_made(example) -> None:
    shell = example("import_rows")
    shell.run("python make_rows.py rows.csv 3")
    with (shell.directory / "rows.csv").open(encoding="utf-8", newline="") as file:
        assert [row["number"] for row in csv.DictReader(file)] == ["1", "2", "3"]
