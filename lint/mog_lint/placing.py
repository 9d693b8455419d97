"""Finds out what needs a file's tree: where sites stand in the text, and what fixes write."""

from __future__ import annotations

import json
from dataclasses import dataclass

from mog_lint.analysis import Parsed, last_analysis
from mog_lint.edits import NodeEditor, import_edit
from mog_lint.model.positions import locate
from mog_lint.node_edit import NodeEdit
from mog_lint.noting import Found, Wanted, carry_out


@dataclass(frozen=True)
class _Fix:
    """A fix of which the edits are known as those of nodes."""

    note: str
    edits: list[NodeEdit]

    @classmethod
    def of(cls, note: str, parsed: Parsed) -> _Fix:
        site, needs, steps = json.loads(note)
        edits = carry_out(steps, NodeEditor(parsed.nodes[site], parsed.tree))
        if edits and needs is not None and parsed.summary.exports.get(needs) != (f"{needs}:",):
            added = import_edit(parsed.tree, needs)
            edits = [] if added is None else [*edits, added]
        return cls(note, edits)


def place(data: bytes, wanted: Wanted) -> Found:
    """Answer what is wanted of a content that has a summary."""
    parsed = last_analysis(data)
    assert isinstance(parsed, Parsed), "what has a summary has been parsed before"
    try:
        return _place(parsed, wanted)
    except RecursionError:  # Python 3.12 bounds how deep libcst's generator may go, whatever the limit is set to
        return Found({}, {}, is_too_deep=True)


def _place(parsed: Parsed, wanted: Wanted) -> Found:
    fixes = [_Fix.of(note, parsed) for note in wanted.fixes]
    nodes = {site: parsed.nodes[site] for site in wanted.sites}
    edited = [node for fix in fixes for edit in fix.edits for node in edit.nodes()]
    text = parsed.source.text
    places = locate(parsed.tree, text, [*nodes.values(), *edited])
    heads = ((site, places.head(node)) for site, node in nodes.items())
    return Found(
        {site: (span.start, span.end) for site, span in heads},
        {fix.note: tuple(edit.in_text(text, places) for edit in fix.edits) for fix in fixes},
    )
