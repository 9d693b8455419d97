"""One line per finding, as editors and people's eyes parse it: `path:row:column: CODE message`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from mog_lint.findings import Finding
from mog_lint.formats import Style


def render(findings: Iterable[Finding], style: Style) -> Iterator[str]:
    """Yield a line for each finding; `[*]` marks what has a fix."""
    for finding in findings:
        place = f"{style.path(finding.filename)}:{finding.location.row}:{finding.location.column}"
        mark = " [*]" if finding.fix is not None else ""
        yield f"{place}: {finding.code}{mark} {finding.message}\n"
