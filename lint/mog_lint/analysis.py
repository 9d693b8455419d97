"""From a file's bytes to its summary."""

from __future__ import annotations

from dataclasses import dataclass, replace

import libcst as cst

from mog_lint.model.builder import build
from mog_lint.model.parsing import parse
from mog_lint.model.pieces import parse_again
from mog_lint.model.positions import locate
from mog_lint.model.source import TOO_DEEP, Problem, Source, read_source
from mog_lint.model.stack import deep_recursion
from mog_lint.model.summary import Summary
from mog_lint.model.walks import Walks
from mog_lint.suppress import MARKER, suppressions


@dataclass(frozen=True, eq=False)
class Parsed:
    """A file that has been read: its text, its tree, its summary and the nodes of the summary's sites.

    `walks` are those through its functions, of one that is typed in.
    """

    source: Source
    tree: cst.Module
    summary: Summary
    nodes: tuple[cst.CSTNode, ...]
    walks: Walks


def analyse(data: bytes, before: Parsed | None = None) -> Parsed | Problem:
    """Parse a file and reduce it to its summary; the same bytes give the same sites each time.

    Where a content is much like the one `before`, its tree takes over what has not changed.
    """
    source = read_source(data)
    if isinstance(source, Problem):
        return source
    kept = None if before is None else parse_again(source, data, before.source, before.tree)
    tree = kept or parse(source, data)
    if isinstance(tree, Problem):
        return tree
    try:
        with deep_recursion():
            built = build(tree, None if kept is None or before is None else before.walks)
            summary = built.summary
            if MARKER.search(source.text):
                comments = locate(tree, source.text).comments
                summary = replace(summary, suppressions=tuple(suppressions(source, comments)))
    except RecursionError:
        return Problem(TOO_DEEP)
    return Parsed(source, tree, summary, built.nodes, built.walks)


REMEMBERED = 8  # contents, of which a tree takes some 100 times the room


class Analyst:
    """Analyses contents one after the other, and remembers the last ones.

    Places in them are often asked for next; and what is asked for then may be the last text, typed in.
    """

    def __init__(self) -> None:
        self._known: dict[bytes, Parsed | Problem] = {}
        self._last: Parsed | None = None

    def analyse(self, data: bytes) -> Parsed | Problem:
        """Return what `analyse` does."""
        outcome = self._known.pop(data, None) or analyse(data, self._last)
        self._known[data] = outcome
        if len(self._known) > REMEMBERED:
            del self._known[next(iter(self._known))]
        self._last = outcome if isinstance(outcome, Parsed) else self._last
        return outcome


last_analysis = Analyst().analyse  # of this process: whoever asks next is likely to mean the same file
