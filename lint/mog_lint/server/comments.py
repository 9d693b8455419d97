"""The rules that a text's suppression comments name, also while the text does not parse."""

from __future__ import annotations

import re
from collections.abc import Iterator

from mog_lint.model.source import Source, Span
from mog_lint.model.summary import SilencedRule
from mog_lint.rule import Rule
from mog_lint.rules import all_rules
from mog_lint.suppress import MARKER, suppressions

_LINE_REST = re.compile(r"[^\r\n]*")


def rules_named(text: str) -> Iterator[tuple[SilencedRule, Rule]]:
    """Yield the rules that comments name, in the order of the text; what looks like a comment counts as one."""
    for suppression in suppressions(Source(text, "utf-8", b"", ""), _comments(text)):
        for named in suppression.rules:
            rule = known_rule(named.rule)
            if rule is not None:
                yield named, rule


def known_rule(word: str) -> Rule | None:
    """Return the rule of a code or name, in any case of letters; None where there is none."""
    wanted = word.lower()
    return next((rule for rule in all_rules() if wanted in (rule.code.lower(), rule.name)), None)


def _comments(text: str) -> Iterator[Span]:
    end = 0
    for found in MARKER.finditer(text):
        if found.start() >= end:  # else it stands in the comment before
            rest = _LINE_REST.match(text, found.start())
            end = found.end() if rest is None else rest.end()
            yield Span(found.start(), end)
