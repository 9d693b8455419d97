"""Reports to findings: where they stand, what silences them, how they are mended."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import libcst as cst

from mog_lint.analysis import Parsed, analyse
from mog_lint.config import LintConfig
from mog_lint.edits import NodeEdit, NodeEditor
from mog_lint.findings import Edit, Excerpt, Finding, Fix
from mog_lint.model.parsing import with_large_stack
from mog_lint.model.positions import Places, locate
from mog_lint.model.project import Module, Project
from mog_lint.model.source import Problem, Source, Span
from mog_lint.rule import Report, Rule, RuleContext, TextEdit
from mog_lint.rules import all_rules, find_rule
from mog_lint.suppress import Ledger

EXCERPT_ROWS = 6
Reports = list[tuple[Rule, Report]]


def findings_of(
    module: Module, project: Project, config: LintConfig, rules: Iterable[Rule], data: bytes
) -> list[Finding]:
    """Run rules over a module whose content is `data`, and return what is not silenced, in order."""
    context = RuleContext(module, project, config)
    first = [rule for rule in rules if not rule.runs_last]
    reports = _reports(first, context)
    if not reports and not module.summary.suppressions:
        return []
    parsed = with_large_stack(lambda: analyse(data))
    assert isinstance(parsed, Parsed), "what has a summary has been parsed before"
    ledger = Ledger(module.summary.suppressions)
    kept = [finding for finding in _findings(module.path, parsed, reports) if not ledger.silences(finding)]
    judged = frozenset(word.lower() for rule in first for word in (rule.code, rule.name))
    known = frozenset(word.lower() for rule in all_rules() for word in (rule.code, rule.name))
    late = replace(context, unused=tuple(ledger.unused(judged, known)))
    reports = _reports([rule for rule in rules if rule.runs_last], late)
    kept += [f for f in _findings(module.path, parsed, reports) if not ledger.silences(f, by_name_alone=True)]
    return sorted(kept, key=lambda finding: finding.sort_key)


def problem_finding(path: Path, problem: Problem, data: bytes) -> Finding:
    """Return the one finding of a file that cannot be linted."""
    rule = find_rule("MOG000")
    lines = data.decode("utf-8", errors="replace").splitlines()
    row = min(problem.location.row, max(len(lines), 1))
    excerpt = Excerpt(row, tuple(lines[row - 1 : row]))
    return Finding(
        rule.code,
        rule.name,
        problem.message,
        str(path),
        problem.location,
        problem.location,
        rule.severity,
        excerpt=excerpt,
    )


def _reports(rules: Iterable[Rule], context: RuleContext) -> Reports:
    return [(rule, report) for rule in rules for report in rule.check(context)]


def _findings(path: Path, parsed: Parsed, reports: Reports) -> Iterator[Finding]:
    """Find all places in one go, then write the findings."""
    drafts = [_Draft.of(rule, report, parsed) for rule, report in reports]
    wanted = [node for draft in drafts for node in draft.wanted]
    places = with_large_stack(lambda: locate(parsed.tree, parsed.source.text, wanted)) if wanted else Places({}, ())
    return (draft.finding(path, parsed.source, places) for draft in drafts)


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
