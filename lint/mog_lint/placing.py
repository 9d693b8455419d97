"""Reports to findings, the part that needs the tree: where they stand, and what their fixes write."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import libcst as cst

from mog_lint.analysis import Parsed, analyse
from mog_lint.edits import NodeEdit, NodeEditor
from mog_lint.findings import Edit, Excerpt, Finding, Fix
from mog_lint.model.positions import Places, locate
from mog_lint.model.source import Source, Span
from mog_lint.rule import Report, Rule, TextEdit

EXCERPT_ROWS = 6


def place(path: Path, data: bytes, reports: Iterable[tuple[Rule, Report]]) -> list[Finding]:
    """Return the findings of a file with this content, for the reports on its summary, in their order."""
    parsed = analyse(data)
    assert isinstance(parsed, Parsed), "what has a summary has been parsed before"
    drafts = [_Draft.of(rule, report, parsed) for rule, report in reports]
    places = locate(parsed.tree, parsed.source.text, [node for draft in drafts for node in draft.wanted])
    return [draft.finding(path, parsed.source, places) for draft in drafts]


@dataclass(frozen=True)
class _Draft:
    """A report whose fix has been written but whose places are not known yet."""

    rule: Rule
    report: Report
    place: cst.CSTNode | Span
    edits: tuple[NodeEdit | TextEdit, ...]

    @classmethod
    def of(cls, rule: Rule, report: Report, parsed: Parsed) -> _Draft:
        edits = report.fix.edits if report.fix is not None else ()
        if isinstance(report.place, tuple):
            assert not callable(edits), "a fix of a span is written as edits of the text"
            return cls(rule, report, Span(*report.place), tuple(edits))
        node = parsed.nodes[report.place]
        written = edits(NodeEditor(node)) if callable(edits) else edits
        return cls(rule, report, node, tuple(written))

    @property
    def wanted(self) -> Iterator[cst.CSTNode]:
        if isinstance(self.place, cst.CSTNode):
            yield self.place
        for edit in self.edits:
            if isinstance(edit, NodeEdit):
                yield from edit.nodes()

    def finding(self, path: Path, source: Source, places: Places) -> Finding:
        span = self.place if isinstance(self.place, Span) else places.of(self.place)
        start, end = source.location(span.start), source.location(span.end)
        first = max(start.row - 1, 1)
        last = min(end.row + 1, first + EXCERPT_ROWS - 1, source.rows)
        return Finding(
            self.rule.code,
            self.rule.name,
            self.report.message,
            str(path),
            start,
            end,
            self.rule.severity,
            fix=self.fix(source, places),
            excerpt=Excerpt(first, tuple(source.line(row) for row in range(first, last + 1))),
        )

    def fix(self, source: Source, places: Places) -> Fix | None:
        if self.report.fix is None:
            return None
        in_text = [edit.in_text(source.text, places) if isinstance(edit, NodeEdit) else edit for edit in self.edits]
        edits = tuple(
            Edit(edit.start, edit.end, edit.content, source.location(edit.start), source.location(edit.end))
            for edit in in_text
        )
        return Fix(self.report.fix.message, self.report.fix.applicability, edits, source.digest)
