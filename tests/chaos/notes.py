"""What tasks note of their runs, whatever the store says: a line each in a file that they share."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Note:
    """A line of the file in which tasks note their runs."""

    at: float
    event: str
    task: UUID
    attempt: int
    pid: int
    detail: str


def read_notes(path: Path) -> list[Note]:
    """Read the file in which tasks note their runs."""
    lines = path.read_text("utf-8").splitlines() if path.exists() else []
    parts = [line.split(" ", 5) for line in lines]
    return [Note(float(at), event, UUID(task), int(n), int(pid), detail) for at, event, task, n, pid, detail in parts]
