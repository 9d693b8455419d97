"""Writes a CSV file to import: `python make_rows.py rows.csv 100000`."""

import csv
import sys
from pathlib import Path


def make_rows(path: Path, count: int) -> None:
    """Write `count` customers, numbered from 1, below one line of headings."""
    with path.open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(("number", "name", "town"))
        rows.writerows((number, f"Customer {number}", f"Town {number % 97}") for number in range(1, count + 1))


if __name__ == "__main__":
    make_rows(Path(sys.argv[1]), int(sys.argv[2]))
