"""One JSON object per line, as in the json format, for programs that read findings as they come."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator

from mog_lint.findings import Finding
from mog_lint.formats import Style
from mog_lint.formats.json import as_object


def render(findings: Iterable[Finding], style: Style) -> Iterator[str]:  # noqa: ARG001 - paths are absolute, as in json
    """Yield a line for each finding."""
    for finding in findings:
        yield json.dumps(as_object(finding), ensure_ascii=False, separators=(",", ":")) + "\n"
