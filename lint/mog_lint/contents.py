"""The contents of files: read once, so that all steps of a run see the same, or given instead of what is on disk."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from mog_lint.model.source import Problem, digest


@dataclass(frozen=True)
class Content:
    """What a file holds."""

    data: bytes

    @cached_property
    def key(self) -> str:
        """The hash by which the content is known."""
        return digest(self.data)


@dataclass
class Contents:
    """What the files of a project hold; `given` counts instead of what is on disk."""

    given: dict[Path, bytes] = field(default_factory=dict)
    _known: dict[Path, Content | Problem] = field(default_factory=dict)

    def get(self, path: Path) -> Content | Problem:
        """Return a file's content, or why it cannot be read."""
        if path not in self._known:
            self._known[path] = self._look_up(path)
        return self._known[path]

    def read(self, path: Path) -> bytes | None:
        """Return a file's bytes, or None where it cannot be read."""
        content = self.get(path)
        return None if isinstance(content, Problem) else content.data

    def refresh(self, path: Path) -> bool:
        """Look at a file again, and say whether its content is another than before."""
        before = self._known.get(path)
        self._known[path] = self._look_up(path)
        return self._known[path] != before

    def _look_up(self, path: Path) -> Content | Problem:
        if path in self.given:
            return Content(self.given[path])
        try:
            return Content(path.read_bytes())
        except OSError as error:
            return Problem(f"cannot be read: {error.strerror}")
