"""Runs the rules over a module and keeps what no comment silences."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path

from mog_lint.findings import Excerpt, Finding
from mog_lint.model.project import Module
from mog_lint.model.source import TOO_DEEP, Problem
from mog_lint.model.stack import with_large_stack
from mog_lint.rule import Report, Rule, RuleContext
from mog_lint.rules import all_rules, find_rule
from mog_lint.suppress import Ledger
from mog_lint.views import Views

SYNTAX_ERROR = "MOG000"
Read = Callable[[Path], bytes | None]


def findings_of(module: Module, views: Views, rules: Iterable[Rule], read: Read) -> list[Finding]:
    """Run rules over a module and return what is not silenced, in order; `read` gives the content of a file."""
    try:
        return _findings_of(RuleContext(module, views), rules, read)
    except RecursionError:  # Python 3.12 bounds how deep libcst's generator may go, whatever the limit is set to
        return [problem_finding(module.path, Problem(TOO_DEEP), read(module.path) or b"")]


def _findings_of(context: RuleContext, rules: Iterable[Rule], read: Read) -> list[Finding]:
    module = context.module
    first = [rule for rule in rules if not rule.runs_last]
    ledger = Ledger(module.summary.suppressions)
    kept = [found for found in _placed(module, _reports(first, context), read) if not ledger.silences(found)]
    if ledger.suppressions:
        late = replace(context, unused=tuple(ledger.unused(_words(first), _words(all_rules()))))
        reports = _reports([rule for rule in rules if rule.runs_last], late)
        kept += [found for found in _placed(module, reports, read) if not ledger.silences(found, by_name_alone=True)]
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


def _reports(rules: Iterable[Rule], context: RuleContext) -> list[tuple[Rule, Report]]:
    return [(rule, report) for rule in rules for report in rule.check(context)]


def _placed(module: Module, reports: list[tuple[Rule, Report]], read: Read) -> list[Finding]:
    if not reports:
        return []
    from mog_lint.placing import place  # noqa: PLC0415 - libcst takes 0.3 s, and a clean project needs none of it

    return with_large_stack(lambda: place(module.path, reports, read))


def _words(rules: Iterable[Rule]) -> frozenset[str]:
    """Return the words by which rules are named in a suppression."""
    return frozenset(word.lower() for rule in rules for word in (rule.code, rule.name))
