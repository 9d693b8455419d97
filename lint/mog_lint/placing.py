"""Reports to findings, the part that needs the tree: where they stand, and what their fixes write."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import libcst as cst

from mog_lint.analysis import Parsed, analyse
from mog_lint.edits import NodeEdit, NodeEditor, import_edit
from mog_lint.findings import Edit, Excerpt, Finding, Fix, Related
from mog_lint.model.positions import Places, locate
from mog_lint.model.source import Source, Span
from mog_lint.rule import RelatedSite, Report, Rule, TextEdit

EXCERPT_ROWS = 6


def place(path: Path, reports: Iterable[tuple[Rule, Report]], read: Callable[[Path], bytes | None]) -> list[Finding]:
    """Return the findings of a file for the reports on its summary, in their order; `read` gives a file's content."""
    parsed = _parsed(path, read)
    drafts = [_Draft.of(rule, report, parsed) for rule, report in reports]
    places = locate(parsed.tree, parsed.source.text, [node for draft in drafts for node in draft.wanted])
    elsewhere = _elsewhere([site for draft in drafts for site in draft.report.chain], read, {path: parsed})
    return [draft.finding(path, parsed.source, places, elsewhere) for draft in drafts]


def _parsed(path: Path, read: Callable[[Path], bytes | None]) -> Parsed:
    parsed = analyse(read(path) or b"")
    assert isinstance(parsed, Parsed), "what has a summary has been parsed before"
    return parsed


def _elsewhere(
    sites: Iterable[RelatedSite], read: Callable[[Path], bytes | None], known: Mapping[Path, Parsed]
) -> dict[RelatedSite, Related]:
    """Find where related sites stand, parsing each of their files once, unless it is known."""
    by_path = defaultdict(list)
    for site in sites:
        by_path[site.module.path].append(site)
    found = {}
    for path, group in by_path.items():
        parsed = known.get(path) or _parsed(path, read)
        places = locate(parsed.tree, parsed.source.text, [parsed.nodes[site.site] for site in group])
        for site in group:
            span = places.head(parsed.nodes[site.site])
            start, end = parsed.source.location(span.start), parsed.source.location(span.end)
            found[site] = Related(site.message, str(path), start, end)
    return found


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
        written: list[NodeEdit | TextEdit] = [*(edits(NodeEditor(node)) if callable(edits) else edits)]
        needs = report.fix.needs if report.fix is not None and written else None
        if needs is not None and parsed.summary.exports.get(needs) != (f"{needs}:",):
            added = import_edit(parsed.tree, needs)
            written = [] if added is None else [*written, added]
        return cls(rule, report, node, tuple(written))

    @property
    def wanted(self) -> Iterator[cst.CSTNode]:
        if isinstance(self.place, cst.CSTNode):
            yield self.place
        for edit in self.edits:
            if isinstance(edit, NodeEdit):
                yield from edit.nodes()

    def finding(self, path: Path, source: Source, places: Places, elsewhere: Mapping[RelatedSite, Related]) -> Finding:
        span = self.place if isinstance(self.place, Span) else places.head(self.place)
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
            self.report.severity or self.rule.severity,
            fix=self.fix(source, places),
            chain=tuple(elsewhere[site] for site in self.report.chain),
            excerpt=Excerpt(first, tuple(source.line(row) for row in range(first, last + 1))),
        )

    def fix(self, source: Source, places: Places) -> Fix | None:
        if self.report.fix is None or not self.edits:
            return None
        in_text = [edit.in_text(source.text, places) if isinstance(edit, NodeEdit) else edit for edit in self.edits]
        edits = tuple(
            Edit(edit.start, edit.end, edit.content, source.location(edit.start), source.location(edit.end))
            for edit in in_text
        )
        return Fix(self.report.fix.message, self.report.fix.applicability, edits, source.digest)
