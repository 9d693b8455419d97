"""What is known of contents that have been seen before, so that a file is parsed once.

A content is known by its hash; the file's place does not matter, because a summary is free of it. The cache is one JSON
file below the project, `.mog/lint/`, replaced as a whole: of two runs at once the last one's knowledge stays, and both
read whole files. JSON and not pickle: a directory from elsewhere may bring its own. A cache that cannot be read or
written is as good as none.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mog_lint.files import replace_file
from mog_lint.findings import Location
from mog_lint.model.codec import as_data, from_data
from mog_lint.model.source import Problem, digest, syntax_problem
from mog_lint.model.stack import with_large_stack
from mog_lint.model.summary import Summary
from mog_lint.pool import work_on

SUMMARY, PROBLEM, VALID = "summary", "problem", "valid"
OnProgress = Callable[[int, int], None]
KEPT_PER_USED = 4  # other branches of the repository want their entries back
KEPT_AT_LEAST = 10_000


@dataclass
class Cache:
    """The entries of one project by the hash of a content; without a `file` they live as long as the run."""

    file: Path | None = None
    entries: dict[str, Any] = field(default_factory=dict)
    used: set[str] = field(default_factory=set)
    is_changed: bool = False

    @classmethod
    def of_project(cls, root: Path) -> Cache:
        """Open the cache of the project at `root`."""
        file = root / ".mog" / "lint" / "cache.json"
        with suppress(OSError, ValueError, TypeError, KeyError):
            content = json.loads(file.read_bytes())
            if content["fingerprint"] == fingerprint() and isinstance(content["entries"], dict):
                return cls(file, content["entries"])
        return cls(file)

    def learn(self, contents: Iterable[bytes], jobs: int = 1, on_progress: OnProgress | None = None) -> None:
        """Analyse those contents that are not known, with at most `jobs` processes; `on_progress` may raise to stop."""
        unknown = {key: data for data in contents if self._entry(key := digest(data)) is None}
        with closing(work_on(list(unknown.values()), make_entry, jobs)) as entries:
            for done, (key, entry) in enumerate(zip(unknown, entries, strict=True), 1):
                self._note(key, entry)
                if on_progress is not None:
                    on_progress(done, len(unknown))

    def forget(self, data: bytes) -> None:
        """Forget a content, so that one that is typed over again and again is not kept in all its versions."""
        key = digest(data)
        self.entries.pop(key, None)
        self.used.discard(key)

    def analysed(self, data: bytes) -> Summary | Problem:
        """Return a content's summary, or why there is none."""
        key = digest(data)
        known = self._entry(key)
        if known is None:
            self._note(key, make_entry(data))
            known = self._entry(key)
        assert known is not None, "what has just been noted is known"
        return known

    def syntax_problem(self, data: bytes) -> Problem | None:
        """Return what is wrong with a content of which no summary is needed."""
        key = digest(data)
        if self.entries.get(key) == [VALID]:
            self.used.add(key)
            return None
        known = self._entry(key)
        if known is None and syntax_problem(data) is None:
            self._note(key, [VALID])
            return None
        # libcst is asked where CPython refuses a file: it may know newer syntax.
        known = known or self.analysed(data)
        return known if isinstance(known, Problem) else None

    def save(self) -> None:
        """Write what has been learnt, if anything."""
        if self.file is None or not self.is_changed:
            return
        if len(self.entries) > max(KEPT_AT_LEAST, KEPT_PER_USED * len(self.used)):
            self.entries = {key: self.entries[key] for key in self.used}
        content = json.dumps({"fingerprint": fingerprint(), "entries": self.entries}, separators=(",", ":"))
        with suppress(OSError):
            self.file.parent.mkdir(parents=True, exist_ok=True)
            (self.file.parent / ".gitignore").write_text("*\n", "utf-8")
            replace_file(self.file, content.encode())
            self.is_changed = False

    def _entry(self, key: str) -> Summary | Problem | None:
        """Return what an entry tells of a content's analysis; a damaged one tells nothing."""
        with suppress(KeyError, ValueError, TypeError, IndexError):
            kind, *rest = self.entries[key]
            found: Summary | Problem | None = None
            if kind == SUMMARY:
                found = from_data(rest[0])
            elif kind == PROBLEM:
                found = Problem(str(rest[0]), Location(int(rest[1]), int(rest[2])))
            self.used.add(key)
            return found
        return None

    def _note(self, key: str, entry: list[Any]) -> None:
        self.entries[key] = entry
        self.used.add(key)
        self.is_changed = True


def make_entry(data: bytes) -> list[Any]:
    """Analyse a content and return what the cache keeps of it."""
    from mog_lint.analysis import analyse  # noqa: PLC0415 - libcst takes 0.3 s, and is not needed for what is known

    outcome = with_large_stack(lambda: analyse(data))
    if isinstance(outcome, Problem):
        return [PROBLEM, outcome.message, outcome.location.row, outcome.location.column]
    return [SUMMARY, as_data(outcome.summary)]


def fingerprint() -> str:
    """Return a hash of all that a summary depends on besides the content: Python, libcst and this package's code."""
    parts = [sys.version]
    for file in _code():
        status = file.stat()
        parts.append(f"{file.name} {status.st_size} {status.st_mtime_ns}")
    return hashlib.blake2b("\n".join(parts).encode(), digest_size=16).hexdigest()


def _code() -> Iterator[Path]:
    here = Path(__file__).parent
    yield from (here / "analysis.py", here / "suppress.py", *sorted((here / "model").glob("*.py")))
    libcst = importlib.util.find_spec("libcst")
    if libcst is not None and libcst.origin is not None:
        yield Path(libcst.origin)
