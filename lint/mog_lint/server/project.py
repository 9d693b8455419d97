"""A project that is open in the editor: the linter's session, and the texts that count instead of files on disk.

While a text does not parse, the session keeps the last version that did, so that other files are judged by that, and
its own findings are those of that version, at their new places.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from mog_lint.analysis import analyse
from mog_lint.cache import OnProgress
from mog_lint.config import LintConfig
from mog_lint.findings import Finding
from mog_lint.model.outline import outline
from mog_lint.model.source import Problem, Source, Span, read_source
from mog_lint.model.stack import with_large_stack
from mog_lint.reporting import SYNTAX_ERROR, problem_finding
from mog_lint.server.buffers import Changes, carried, encode
from mog_lint.session import Session


@dataclass
class Buffer:
    """A text of the editor; `parsed` is its last version that was Python, None where there was none."""

    text: str
    data: bytes
    parsed: str | None = None
    problem: Problem | None = None


class Project:
    """What is known of one project; it is used in the worker's thread alone."""

    def __init__(self, config: LintConfig, jobs: int = 1) -> None:
        self.config = config
        files = None if config.has_project else _beside(config.root)
        self.session = Session(config, files=files, jobs=jobs)
        self.buffers: dict[Path, Buffer] = {}
        self._found: dict[Path, tuple[Finding, ...]] = {}
        self._tried: dict[tuple[Path, bytes], tuple[Finding, ...]] = {}  # of contents that no file has

    def analyse(self, paths: Iterable[Path] = (), on_progress: OnProgress | None = None) -> None:
        """Have the session know what there is to know of these files, and of all that have to do with tasks.

        If `on_progress` raises, the project is void, but what was learnt is kept.
        """
        try:
            self.session.analyse(set(paths), on_progress)
        finally:
            self.session.workers.close()

    def save(self) -> None:
        """Keep what was learnt for the next time."""
        self.session.save()

    def holds(self, path: Path) -> bool:
        """Say whether a file counts: what the project leaves out is left alone, and a file that is yet to be counts."""
        return path in self.session.files or not path.exists()

    def show(self, path: Path, text: str) -> None:
        """Take in a text of the editor."""
        buffer = self.buffers.get(path)
        if buffer is not None and buffer.text == text:
            return
        self._tried.clear()
        data = encode(text)
        problem = _problem(data)
        if problem is None:
            self.session.update(path, data)
            self._forget()
            self.buffers[path] = Buffer(text, data, text)
        else:
            parsed = self._on_disk(path) if buffer is None else buffer.parsed
            self.buffers[path] = Buffer(text, data, parsed, problem)

    def hide(self, path: Path) -> None:
        """Let what is on disk count again, because the editor has closed the file."""
        self.buffers.pop(path, None)
        self.session.reload(path)
        self._forget()

    def rescan(self) -> None:
        """Take in what has changed on disk."""
        if self.config.has_project:
            self.session.rescan()
        else:
            for path in self.session.files.union(_beside(self.config.root)):
                if path not in self.buffers:
                    self.session.reload(path)
        self._forget()

    def findings(self, path: Path) -> tuple[Finding, ...]:
        """Return what is to be shown of a file."""
        buffer = self.buffers.get(path)
        if buffer is None or buffer.problem is None:
            return self._of_session(path)
        known = () if buffer.parsed is None else self._of_session(path)
        kept = [] if buffer.parsed is None else list(carried(known, buffer.parsed, buffer.text))
        if any(rule.code == SYNTAX_ERROR for rule in self.session.selection.rules_for(path)):
            kept.append(problem_finding(path, buffer.problem, buffer.data))
        return tuple(sorted(kept, key=lambda finding: finding.sort_key))

    def findings_if(self, path: Path, data: bytes) -> tuple[Finding, ...]:
        """Return the findings that a file would have with another content.

        They are kept until something changes, as editors ask what can be mended whenever the cursor moves.
        """
        if (path, data) not in self._tried:
            self._tried[path, data] = self._try(path, data)
        return self._tried[path, data]

    def _try(self, path: Path, data: bytes) -> tuple[Finding, ...]:
        present = self.session.contents.read(path)
        self.session.update(path, data)
        try:
            return tuple(self.session.findings([path]))
        finally:
            if present is None:
                self.session.reload(path)
            else:
                self.session.update(path, present)

    def is_broken(self, path: Path) -> bool:
        """Say whether the editor holds a text that is not Python."""
        buffer = self.buffers.get(path)
        return buffer is not None and buffer.problem is not None

    def data(self, path: Path) -> bytes:
        """Return the bytes of a file, as the editor holds it or as it is on disk; empty where it cannot be read."""
        return self.buffers[path].data if path in self.buffers else self.session.contents.read(path) or b""

    def text(self, path: Path) -> str:
        """Return the text of any file, as the editor holds it or as it is on disk; empty where it cannot be read."""
        if path in self.buffers:
            return self.buffers[path].text
        source = read_source(self.session.contents.read(path) or b"")
        return "" if isinstance(source, Problem) else source.text

    def parsed(self, path: Path) -> str:
        """Return the last version of a file's text that was Python, which is what the session knows."""
        buffer = self.buffers.get(path)
        return self.text(path) if buffer is None else buffer.parsed or ""

    def now(self, path: Path, span: Span) -> Span | None:
        """Return where a span of the last version that was Python is now; None where it has been typed over."""
        buffer = self.buffers.get(path)
        if buffer is None or buffer.problem is None or buffer.parsed is None:
            return span
        return Changes.between(buffer.parsed, buffer.text).moved(span)

    def _of_session(self, path: Path) -> tuple[Finding, ...]:
        if path not in self._found:
            self._found[path] = tuple(self.session.findings([path]))
        return self._found[path]

    def _forget(self) -> None:
        """Forget what was found, because a content has changed, which may concern all files."""
        self._found.clear()
        self._tried.clear()

    def _on_disk(self, path: Path) -> str | None:
        """Return the content of a file that the editor has opened with another one, if it is Python."""
        data = self.session.contents.read(path)
        source = None if data is None or _problem(data) is not None else read_source(data)
        return source.text if source is not None and not isinstance(source, Problem) else None


def _problem(data: bytes) -> Problem | None:
    """Return why a content is not Python. CPython is asked first, as it is fast; libcst may know newer syntax."""
    source = read_source(data)
    if isinstance(source, Source) and not isinstance(outline(source, data), Problem):
        return None
    outcome = with_large_stack(lambda: analyse(data))
    return outcome if isinstance(outcome, Problem) else None


def _beside(directory: Path) -> list[Path]:
    """Return the modules of a directory that belongs to no project."""
    return [path for path in directory.glob("*.py") if path.is_file()]
