"""The pages of the rules as files, so that an editor can open them: they are written when they are first linked to."""

from __future__ import annotations

import tempfile
import threading
from pathlib import Path

from mog_lint.explain import explanation
from mog_lint.rule import Rule


class Pages:
    """A directory of pages, which is gone when the server ends."""

    def __init__(self) -> None:
        self._directory: tempfile.TemporaryDirectory[str] | None = None
        self._known: dict[str, str] = {}
        self._lock = threading.Lock()  # the worker writes, the server's own thread closes
        self._is_closed = False

    def uri(self, rule: Rule) -> str | None:
        """Return the address of a rule's page, None where it cannot be written."""
        with self._lock:
            if rule.code not in self._known and not self._is_closed:
                try:
                    self._known[rule.code] = self._write(rule)
                except OSError:
                    return None
            return self._known.get(rule.code)

    def close(self) -> None:
        """Remove the pages, and write none any more."""
        with self._lock:
            self._is_closed = True
            if self._directory is not None:
                self._directory.cleanup()
                self._directory = None

    def _write(self, rule: Rule) -> str:
        if self._directory is None:
            self._directory = tempfile.TemporaryDirectory(prefix="mog-rules-")
        page = Path(self._directory.name) / f"{rule.code}-{rule.name}.md"
        page.write_text(explanation(rule), "utf-8")
        return page.as_uri()
