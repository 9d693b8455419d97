"""Workflow commands that GitHub Actions shows beside the changed lines.

The syntax is that of GitHub's documentation, "Workflow commands for GitHub Actions".
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from mog_lint.findings import Finding, Severity
from mog_lint.formats import Style

COMMANDS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "notice"}


def render(findings: Iterable[Finding], style: Style) -> Iterator[str]:
    """Yield a command for each finding."""
    for finding in findings:
        properties = {
            "file": style.path(finding.filename),
            "line": finding.location.row,
            "col": finding.location.column,
            "endLine": finding.end_location.row,
            "endColumn": finding.end_location.column,
            "title": f"{finding.code} {finding.name}",
        }
        named = ",".join(f"{key}={_property(str(value))}" for key, value in properties.items())
        yield f"::{COMMANDS[finding.severity]} {named}::{_data(finding.message)}\n"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
