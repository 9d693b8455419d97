"""Findings as diagnostics."""

from __future__ import annotations

from collections.abc import Iterable

from lsprotocol import types

from mog_lint.findings import Finding, Severity
from mog_lint.rules import find_rule
from mog_lint.server.configs import ConfigProblem
from mog_lint.server.look import Look
from mog_lint.server.pages import Pages
from mog_lint.server.places import Encoding, Text

SOURCE = "mog"
_SEVERITIES = {
    Severity.ERROR: types.DiagnosticSeverity.Error,
    Severity.WARNING: types.DiagnosticSeverity.Warning,
    Severity.INFO: types.DiagnosticSeverity.Information,
}
_UNNECESSARY = frozenset({"MOG001"})  # of which the place is what can go


def diagnostics(findings: Iterable[Finding], look: Look, pages: Pages) -> list[types.Diagnostic]:
    """Return a document's findings as diagnostics."""
    return [diagnostic(finding, look, pages) for finding in findings]


def diagnostic(finding: Finding, look: Look, pages: Pages) -> types.Diagnostic:
    """Return a finding as a diagnostic, with its rule's page and the places that it is about."""
    page = finding.url or pages.uri(find_rule(finding.code))
    return types.Diagnostic(
        look.text.range_at(finding.location, finding.end_location),
        finding.message,
        severity=_SEVERITIES[finding.severity],
        code=finding.code,
        code_description=None if page is None else types.CodeDescription(page),
        source=SOURCE,
        tags=[types.DiagnosticTag.Unnecessary] if finding.code in _UNNECESSARY else None,
        related_information=_related(finding, look),
    )


def config_diagnostic(problem: ConfigProblem, encoding: Encoding) -> types.Diagnostic:
    """Return what is wrong with a configuration as a diagnostic."""
    place = Text(problem.text, encoding).range(problem.start, problem.end)
    return types.Diagnostic(place, problem.message, severity=types.DiagnosticSeverity.Error, source=SOURCE)


def _related(finding: Finding, look: Look) -> list[types.DiagnosticRelatedInformation] | None:
    if not finding.chain or not look.client.related:
        return None
    return [types.DiagnosticRelatedInformation(look.related_location(item), item.message) for item in finding.chain]
