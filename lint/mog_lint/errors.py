"""The linter's errors: what a user did or wrote that it cannot work with. The message is one line that says what to do.

LintError
 ├─ ConfigError         [tool.mog.lint], [tool.mog] src or a selection
 ├─ PathError           a path that cannot be linted
 ├─ UnknownRuleError    a code or name that no rule bears
 ├─ UnknownFormatError  an output format that does not exist
 └─ FixError            a file that could not be written
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from itertools import takewhile


class LintError(Exception):
    """Wrong use of the linter, or a surrounding that it cannot work in."""


class ConfigError(LintError):
    """The configuration does not say something that the linter understands."""


class PathError(LintError):
    """A named path does not exist, or is of a kind that holds no Python source."""


class UnknownRuleError(LintError):
    """No rule bears this code or name."""


class UnknownFormatError(LintError):
    """There is no output format of this name."""


class FixError(LintError):
    """A fixed file could not be written; the file on disk is as it was."""


def did_you_mean(wrong: str, known: Iterable[str]) -> str:
    """Return ` (did you mean X?)` for the nearest known word, or an empty text where none is near."""
    near = difflib.get_close_matches(wrong, list(known), n=5, cutoff=0.6)
    if not near:
        return ""
    # Slips are made at a word's end: of codes that are equally alike, the one that begins as the wrong one is meant.
    best = max(near, key=lambda word: (difflib.SequenceMatcher(None, wrong, word).ratio(), _shared(wrong, word)))
    return f" (did you mean {best}?)"


def _shared(one: str, other: str) -> int:
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False)))
