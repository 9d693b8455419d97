"""A JSON array with ruff's field names, and `severity` and `chain` besides."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

from mog_lint.findings import Finding, Fix, Location
from mog_lint.formats import Style


def render(findings: Iterable[Finding], style: Style) -> Iterator[str]:  # noqa: ARG001 - paths are absolute, as ruff's
    """Yield the array, an object as soon as its finding is there."""
    separator = "["
    for finding in findings:
        text = json.dumps(as_object(finding), indent=2, ensure_ascii=False)
        yield f"{separator}\n" + "\n".join(f"  {line}" for line in text.splitlines())
        separator = ","
    yield "[]\n" if separator == "[" else "\n]\n"


def as_object(finding: Finding) -> dict[str, Any]:
    """Return a finding as JSON's types; `filename` is absolute."""
    return {
        "code": finding.code,
        "name": finding.name,
        "message": finding.message,
        "severity": str(finding.severity),
        "filename": finding.filename,
        "location": _location(finding.location),
        "end_location": _location(finding.end_location),
        "fix": None if finding.fix is None else _fix(finding.fix),
        "chain": [
            {
                "message": related.message,
                "filename": related.filename,
                "location": _location(related.location),
                "end_location": _location(related.end_location),
            }
            for related in finding.chain
        ],
        "url": finding.url,
    }


def _location(location: Location) -> dict[str, int]:
    return {"row": location.row, "column": location.column}


def _fix(fix: Fix) -> dict[str, Any]:
    edits = [
        {"content": edit.content, "location": _location(edit.location), "end_location": _location(edit.end_location)}
        for edit in fix.edits
    ]
    return {"applicability": str(fix.applicability), "message": fix.message, "edits": edits}
