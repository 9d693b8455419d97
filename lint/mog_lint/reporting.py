"""Runs the rules over modules and keeps what no comment silences."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from mog_lint.findings import Excerpt, Finding
from mog_lint.model.source import TOO_DEEP, Problem
from mog_lint.presenting import Presenter, Reports
from mog_lint.rule import Rule, RuleContext
from mog_lint.rules import all_rules, find_rule
from mog_lint.suppress import Ledger

SYNTAX_ERROR = "MOG000"


def findings_of(
    contexts: Iterable[tuple[RuleContext, Iterable[Rule]]], presenter: Presenter
) -> Iterator[tuple[Path, list[Finding]]]:
    """Run rules over modules and yield, for each, what is not silenced, in the order of places."""
    checked = [(context, rules, _reports(rules, context, runs_last=False)) for context, rules in contexts]
    presenter.prepare((context.module, reports) for context, _, reports in checked)
    for context, rules, reports in checked:
        yield context.module.path, _silenced(context, rules, reports, presenter)


def _silenced(context: RuleContext, rules: Iterable[Rule], reports: Reports, presenter: Presenter) -> list[Finding]:
    module = context.module
    if reports and presenter.is_too_deep(module):
        return [problem_finding(module.path, Problem(TOO_DEEP), presenter.contents.read(module.path) or b"")]
    ledger = Ledger(module.summary.suppressions)
    kept = [finding for finding in presenter.findings(module, reports) if not ledger.silences(finding)]
    if ledger.suppressions:
        judged = [rule for rule in rules if not rule.runs_last]
        late = replace(context, unused=tuple(ledger.unused(_words(judged), _words(all_rules()))))
        reports = _reports(rules, late, runs_last=True)
        presenter.prepare([(module, reports)])
        found = presenter.findings(module, reports)
        kept += [finding for finding in found if not ledger.silences(finding, by_name_alone=True)]
    return sorted(kept, key=lambda finding: finding.sort_key)


def problem_finding(path: Path, problem: Problem, data: bytes) -> Finding:
    """Return the one finding of a file that cannot be linted."""
    rule = find_rule(SYNTAX_ERROR)
    lines = data.decode("utf-8", errors="replace").splitlines()
    row = min(problem.location.row, max(len(lines), 1))
    return Finding(
        rule.code,
        rule.name,
        problem.message,
        str(path),
        problem.location,
        problem.location,
        rule.severity,
        excerpt=Excerpt(row, tuple(lines[row - 1 : row])),
    )


def _reports(rules: Iterable[Rule], context: RuleContext, *, runs_last: bool) -> Reports:
    return [(rule, report) for rule in rules if rule.runs_last is runs_last for report in rule.check(context)]


def _words(rules: Iterable[Rule]) -> frozenset[str]:
    """Return the words by which rules are named in a suppression."""
    return frozenset(word.lower() for rule in rules for word in (rule.code, rule.name))
