"""Comments that silence rules: `# mog: ignore[MOG201] reason` and `# noqa: MOG201 reason`.

A rule is named by its code or its name. A suppression counts for findings that touch its line. A `noqa` comment without
codes is other tools' own: here it silences nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from mog_lint.findings import Finding
from mog_lint.model.source import Source, Span
from mog_lint.model.summary import SilencedRule, Suppression

MARKER = re.compile(r"#\s*(?:mog:\s*ignore|noqa:[^#\n]*\bMOG\d)", re.IGNORECASE)
_IGNORE = re.compile(r"#\s*mog:\s*ignore(?![\w-])(?:\[(?P<rules>[^]#]*)\])?[^#]*", re.IGNORECASE)
_NOQA = re.compile(r"#\s*noqa:\s*(?P<rules>[A-Z]+\d+\b(?:[\s,]+[A-Z]+\d+\b)*)[^#]*", re.IGNORECASE)
_WORD = re.compile(r"[^\s,]+")
_OWN_CODE = re.compile(r"MOG\d+", re.IGNORECASE)
_SPACE_BEFORE = re.compile(r"[ \t]*\Z")


def suppressions(source: Source, comments: Iterable[Span]) -> Iterator[Suppression]:
    """Read the suppressions out of a file's comments."""
    for span in comments:
        comment = source.text[span.start : span.end]
        for pattern in (_IGNORE, _NOQA):
            for found in pattern.finditer(comment):
                suppression = _suppression(source, span, found, own_list=pattern is _IGNORE)
                if suppression is not None:
                    yield suppression


def _suppression(source: Source, comment: Span, found: re.Match[str], *, own_list: bool) -> Suppression | None:
    """Make a suppression of a match; None for a `noqa` that names other tools' codes alone."""
    words = [] if found["rules"] is None else list(_WORD.finditer(found["rules"]))
    own = [index for index, word in enumerate(words) if own_list or _OWN_CODE.fullmatch(word.group())]
    if not own and not own_list:
        return None
    offset = comment.start + (found.start("rules") if words else 0)
    rules = tuple(_silenced(words, index, offset) for index in own)
    start = comment.start + found.start()
    end = start + len(found.group().rstrip())
    cut_end = end if comment.start + found.end() < comment.end else comment.end  # blanks part it from what follows
    cut = (start - _blank_before(source, start), cut_end) if len(own) == len(words) else None
    return Suppression(source.location(start).row, start, end, rules, cut)


def _silenced(words: list[re.Match[str]], index: int, offset: int) -> SilencedRule:
    word = words[index]
    if index > 0:
        cut = (words[index - 1].end(), word.end())
    elif len(words) > 1:
        cut = (word.start(), words[1].start())
    else:
        cut = word.span()
    return SilencedRule(word.group(), offset + word.start(), offset + word.end(), (offset + cut[0], offset + cut[1]))


def _blank_before(source: Source, offset: int) -> int:
    """Count the blanks between the code and its comment; a comment alone on its line leaves an empty line."""
    line_start = source.line_starts[source.location(offset).row - 1]
    blanks = _SPACE_BEFORE.search(source.text, line_start, offset)
    return 0 if blanks is None else len(blanks.group())


@dataclass(frozen=True)
class Unused:
    """Rules that a suppression names in vain; `unknown` are words among them that name no rule."""

    suppression: Suppression
    rules: tuple[SilencedRule, ...]
    unknown: frozenset[str]


@dataclass
class Ledger:
    """A file's suppressions, and which of them have silenced something."""

    suppressions: tuple[Suppression, ...]
    used: set[SilencedRule] = field(default_factory=set)

    def silences(self, finding: Finding, *, by_name_alone: bool = False) -> bool:
        """Say whether a suppression covers the finding, and note which; `by_name_alone` leaves out blanket ones."""
        silent = False
        for suppression in self.suppressions:
            if not finding.location.row <= suppression.row <= finding.end_location.row:
                continue
            matching = [item for item in suppression.rules if item.rule.lower() in (finding.code.lower(), finding.name)]
            self.used.update(matching)
            silent = silent or bool(matching) or not (suppression.rules or by_name_alone)
        return silent

    def unused(self, judged: frozenset[str], known: frozenset[str]) -> Iterator[Unused]:
        """Yield what silenced nothing: of the rules that were `judged`, and words that are none of the `known`."""
        for suppression in self.suppressions:
            unknown = frozenset(item.rule for item in suppression.rules if item.rule.lower() not in known)
            idle = tuple(
                item
                for item in suppression.rules
                if item not in self.used and (item.rule in unknown or item.rule.lower() in judged)
            )
            if idle:
                yield Unused(suppression, idle, unknown)
