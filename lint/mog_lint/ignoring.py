"""Writes comments that silence a finding: `# mog: ignore[MOG201] reason`, at the end of a line that it touches."""

from __future__ import annotations

import io
import re
import tokenize

from mog_lint.findings import Finding
from mog_lint.model.source import Source
from mog_lint.rule import TextEdit

REASON = "reason"
_LIST = re.compile(r"#\s*mog:\s*ignore\[(?P<rules>[^]#]+)]", re.IGNORECASE)
_STRING_STARTS = frozenset({"FSTRING_START", "TSTRING_START"})
_STRING_ENDS = frozenset({"FSTRING_END", "TSTRING_END"})


def ignore_edit(source: Source, finding: Finding, reason: str = REASON) -> TextEdit | None:
    """Return the insertion that silences a finding, or None where none of its lines can carry a comment.

    A line whose end lies in a text, or behind a backslash, cannot. A list of rules that stands there is made longer.
    """
    comments = _free_ends(source.text)
    for row in range(finding.location.row, finding.end_location.row + 1):
        if row in comments:
            return _edit(source.line(row), source.line_starts[row - 1], comments[row], finding.code, reason)
    return None


def _edit(line: str, start: int, comment: int, code: str, reason: str) -> TextEdit:
    known = _LIST.search(line, comment)
    if known is not None:
        place = start + known.end("rules")
        return TextEdit(place, place, f", {code}")
    place = start + len(line.rstrip())
    return TextEdit(place, start + len(line), f"  # mog: ignore[{code}] {reason}")


def _free_ends(text: str) -> dict[int, int]:
    """Return the rows whose end is white space to Python, each with the column at which its comment begins or could."""
    comments: dict[int, int] = {}
    ends: dict[int, int] = {}
    depth = 0
    try:
        for token in tokenize.generate_tokens(io.StringIO(text, newline=None).readline):
            name = tokenize.tok_name[token.type]
            depth += (name in _STRING_STARTS) - (name in _STRING_ENDS)
            row, column = token.start
            if token.type == tokenize.COMMENT:
                comments[row] = column
            elif depth == 0 and token.type in (tokenize.NEWLINE, tokenize.NL):
                ends[row] = comments.get(row, column)
    except (tokenize.TokenError, SyntaxError):
        return {}
    return ends
