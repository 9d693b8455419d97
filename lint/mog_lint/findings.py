"""What the linter says: a finding, where it is, how it came about and how it can be mended.

Rows and columns count from 1 and columns count characters, as ruff's JSON does. Offsets count characters of the
decoded text without a byte order mark.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum


class Severity(IntEnum):
    """How bad a finding is; ordered, so that a threshold is a comparison."""

    INFO = 1
    WARNING = 2
    ERROR = 3

    def __str__(self) -> str:
        return self.name.lower()


class Applicability(StrEnum):
    """Whether a fix keeps what the program does (safe) or needs a look (unsafe)."""

    SAFE = "safe"
    UNSAFE = "unsafe"


@dataclass(frozen=True, order=True)
class Location:
    """A place between two characters: row and column, both from 1."""

    row: int
    column: int


@dataclass(frozen=True)
class Edit:
    """Replace the characters `start` to `end` (excluded) by `content`; an insertion where both are equal."""

    start: int
    end: int
    content: str
    location: Location
    end_location: Location


@dataclass(frozen=True)
class Fix:
    """Edits that belong together: all are applied or none.

    `source_digest` is that of the bytes that were linted: a file that has changed since is not touched.
    """

    message: str
    applicability: Applicability
    edits: tuple[Edit, ...]
    source_digest: str = field(repr=False)


@dataclass(frozen=True)
class Related:
    """Another place that belongs to a finding: a step of a call chain, or the first of two duplicates."""

    message: str
    filename: str
    location: Location
    end_location: Location


@dataclass(frozen=True)
class Excerpt:
    """The lines around a finding as they were when it was made; `first_row` is the number of the first."""

    first_row: int
    lines: tuple[str, ...]


@dataclass(frozen=True)
class Finding:
    """One place that breaks one rule."""

    code: str
    name: str
    message: str
    filename: str
    location: Location
    end_location: Location
    severity: Severity
    fix: Fix | None = None
    chain: tuple[Related, ...] = ()
    url: str | None = None
    excerpt: Excerpt = field(default=Excerpt(1, ()), repr=False, compare=False)

    @property
    def sort_key(self) -> tuple[str, Location, str]:
        """The order of a report: by file, then by place, then by code."""
        return (self.filename, self.location, self.code)


def exit_code(findings: Iterable[Finding], fail_on: Severity = Severity.WARNING) -> int:
    """Return 1 if a finding is at least as bad as `fail_on`, else 0. INFO never fails a run unless asked for."""
    return int(any(finding.severity >= fail_on for finding in findings))
