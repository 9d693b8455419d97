"""What whole runs have found, so that a run over a project in which nothing has changed says it again at once.

A run is known by a hash of all that its findings depend on: the configuration, the files that are reported, and of each
file that is analysed its path, its content and the names under which it may be imported.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from mog_lint.config import LintConfig
from mog_lint.contents import Content
from mog_lint.findings import Applicability, Edit, Excerpt, Finding, Fix, Location, Related, Severity
from mog_lint.fingerprint import fingerprint
from mog_lint.model.layout import ModuleName
from mog_lint.model.source import Problem
from mog_lint.store import DAMAGED, Store, encoded

KEPT = 10  # runs: the whole project, and the parts of it that hooks name
REMEMBERED = 10_000  # findings; who has more of them has other sorrows


class Runs:
    """The runs of one project, in `.mog/lint/`."""

    def __init__(self, root: Path) -> None:
        self._store = Store(root / ".mog" / "lint" / "runs", fingerprint(), KEPT)

    def recall(self, key: str) -> list[Finding] | None:
        """Return what a run has found, or None where it is not known."""
        known = self._store.get(key)
        try:
            return None if known is None else [_finding(*item) for item in known]
        except DAMAGED:
            return None

    def note(self, key: str, findings: list[Finding]) -> None:
        """Keep what a run has found."""
        if len(findings) <= REMEMBERED:
            self._store.put(key, encoded([_data(finding) for finding in findings]))
            self._store.save()


def run_key(
    config: LintConfig, reported: Iterable[Path], files: Mapping[Path, tuple[Content | Problem, ModuleName]]
) -> str:
    """Return the hash of all that the findings of a run depend on, but for the linter itself."""
    hashed = hashlib.blake2b(repr(config).encode(), digest_size=16)
    for path in sorted(map(str, reported)):
        hashed.update(b"\n" + path.encode("utf-8", "surrogateescape"))
    lines = [
        f"\n{path}\0{content.message if isinstance(content, Problem) else content.key}\0{' '.join(name.candidates)}"
        for path, (content, name) in files.items()
    ]
    for line in sorted(lines):
        hashed.update(line.encode("utf-8", "surrogateescape"))
    return hashed.hexdigest()


def _data(finding: Finding) -> list[Any]:
    return [
        finding.code,
        finding.name,
        finding.message,
        finding.filename,
        _span(finding),
        int(finding.severity),
        None if finding.fix is None else _fix_data(finding.fix),
        [[related.message, related.filename, _span(related)] for related in finding.chain],
        finding.url,
        [finding.excerpt.first_row, finding.excerpt.lines],
    ]


def _fix_data(fix: Fix) -> list[Any]:
    edits = [[edit.start, edit.end, edit.content, _span(edit)] for edit in fix.edits]
    return [fix.message, fix.applicability, edits, fix.source_digest]


def _span(item: Finding | Related | Edit) -> list[int]:
    start, end = item.location, item.end_location
    return [start.row, start.column, end.row, end.column]


def _finding(code: str, name: str, message: str, filename: str, span: list[int], *rest: Any) -> Finding:
    severity, fix, chain, url, (first_row, lines) = rest
    return Finding(
        code,
        name,
        message,
        filename,
        *_locations(*span),
        Severity(severity),
        None if fix is None else _fix(*fix),
        tuple(Related(said, where, *_locations(*place)) for said, where, place in chain),
        url,
        Excerpt(first_row, tuple(lines)),
    )


def _fix(message: str, applicability: str, edits: list[Any], source_digest: str) -> Fix:
    made = (Edit(start, end, content, *_locations(*span)) for start, end, content, span in edits)
    return Fix(message, Applicability(applicability), tuple(made), source_digest)


def _locations(row: int, column: int, end_row: int, end_column: int) -> tuple[Location, Location]:
    return Location(row, column), Location(end_row, end_column)
