"""The rules that a text's suppression comments name, also while the text does not parse."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress

from mog_lint.errors import UnknownRuleError
from mog_lint.model.source import Span
from mog_lint.model.summary import SilencedRule
from mog_lint.rule import Rule
from mog_lint.rules import find_rule
from mog_lint.server.buffers import source_of
from mog_lint.suppress import MARKER, suppressions

_LINE_REST = re.compile(r"[^\r\n]*")


def rules_named(text: str) -> Iterator[tuple[SilencedRule, Rule]]:
    """Yield the rules that comments name, in the order of the text; what looks like a comment counts as one."""
    for suppression in suppressions(source_of(text), _comments(text)):
        for named in suppression.rules:
            with suppress(UnknownRuleError):
                yield named, find_rule(named.rule)


def _comments(text: str) -> Iterator[Span]:
    end = 0
    for found in MARKER.finditer(text):
        if found.start() >= end:  # else it stands in the comment before
            rest = _LINE_REST.match(text, found.start())
            end = found.end() if rest is None else rest.end()
            yield Span(found.start(), end)
