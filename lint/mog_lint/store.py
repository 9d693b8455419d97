"""A file of notes by key, replaced as a whole: of two programs at once the last one's notes stay.

Each note is a line, its key and JSON, which is read when someone asks for it. JSON and not pickle: a directory from
elsewhere may bring its own file. The first line tells under which circumstances the notes hold. A file that cannot be
read or written is as good as none.
"""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path
from typing import Any

from mog_lint.files import replace_file

DAMAGED = (KeyError, ValueError, TypeError, IndexError, AttributeError)  # what reading a note of an odd shape raises
KEPT_PER_USED = 4  # other branches of the repository want their notes back


class Store:
    """Notes by key; without a `file` they live as long as the program.

    `fingerprint` names the circumstances. When there are more notes than `kept` and than KEPT_PER_USED times those that
    were asked for or written, the others go.
    """

    def __init__(self, file: Path | None = None, fingerprint: str = "", kept: int = 0) -> None:
        self.file = file
        self.fingerprint = fingerprint.encode()
        self.kept = kept
        self._notes: dict[str, bytes] = {}
        self._used: set[str] = set()
        self._is_changed = False
        if file is not None:
            with suppress(OSError):
                self._read(file.read_bytes())

    def _read(self, content: bytes) -> None:
        first, *lines = content.split(b"\n")
        if first == self.fingerprint:
            pairs = (line.partition(b"\t") for line in lines)
            self._notes = {key.decode("utf-8", "replace"): note for key, _, note in pairs}

    def get(self, key: str) -> Any:
        """Return what has been noted, or None where nothing is that can be read."""
        note = self._notes.get(key)
        if note is None:
            return None
        self._used.add(key)
        with suppress(ValueError, RecursionError):
            return json.loads(note)
        return None

    def put(self, key: str, note: bytes) -> None:
        """Note what `encoded` gives."""
        self._notes[key] = note
        self._used.add(key)
        self._is_changed = True

    def drop(self, key: str) -> None:
        """Forget a note."""
        self._notes.pop(key, None)
        self._used.discard(key)

    def save(self) -> None:
        """Write the notes, if there are new ones."""
        if self.file is None or not self._is_changed:
            return
        if len(self._notes) > max(self.kept, KEPT_PER_USED * len(self._used)):
            self._notes = {key: note for key, note in self._notes.items() if key in self._used}
        lines = (b"%s\t%s" % (key.encode(), note) for key, note in self._notes.items())
        with suppress(OSError):
            self.file.parent.mkdir(parents=True, exist_ok=True)
            (self.file.parent / ".gitignore").write_text("*\n", "utf-8")
            replace_file(self.file, b"\n".join([self.fingerprint, *lines]), is_lasting=False)
            self._is_changed = False


def encoded(value: Any) -> bytes:
    """Return JSON data as a note."""
    return json.dumps(value, separators=(",", ":")).encode()
