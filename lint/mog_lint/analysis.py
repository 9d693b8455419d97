"""From a file's bytes to its summary."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache

import libcst as cst

from mog_lint.model.builder import build
from mog_lint.model.parsing import parse
from mog_lint.model.positions import locate
from mog_lint.model.source import TOO_DEEP, Problem, Source, read_source
from mog_lint.model.stack import deep_recursion
from mog_lint.model.summary import Summary
from mog_lint.suppress import MARKER, suppressions


@dataclass(frozen=True, eq=False)
class Parsed:
    """A file that has been read: its text, its tree, its summary and the nodes of the summary's sites."""

    source: Source
    tree: cst.Module
    summary: Summary
    nodes: tuple[cst.CSTNode, ...]


def analyse(data: bytes) -> Parsed | Problem:
    """Parse a file and reduce it to its summary; the same bytes give the same sites each time."""
    source = read_source(data)
    if isinstance(source, Problem):
        return source
    tree = parse(source, data)
    if isinstance(tree, Problem):
        return tree
    try:
        with deep_recursion():
            built = build(tree)
            summary = built.summary
            if MARKER.search(source.text):
                comments = locate(tree, source.text).comments
                summary = replace(summary, suppressions=tuple(suppressions(source, comments)))
    except RecursionError:
        return Problem(TOO_DEEP)
    return Parsed(source, tree, summary, built.nodes)


@lru_cache(maxsize=1)
def last_analysis(data: bytes) -> Parsed | Problem:
    """Parse and reduce a file, as `analyse`; the last one is remembered, as its places are often asked for next."""
    return analyse(data)
