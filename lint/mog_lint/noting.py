"""What is wanted of a file's tree, noted down: it can be found out in another process, and the answer be kept.

A rule writes its fix by calls of a `NodeEditor`. An `EditNotes` stands in for one where no tree is at hand.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from mog_lint.rule import FixPlan, TextEdit

if TYPE_CHECKING:
    from mog_lint.edits import NodeEditor
    from mog_lint.node_edit import NodeEdit


@dataclass
class Wanted:
    """The sites of which the place is asked for, and the fixes, as `fix_note` writes them."""

    sites: set[int] = field(default_factory=set)
    fixes: set[str] = field(default_factory=set)

    def __bool__(self) -> bool:
        """Say whether anything is wanted."""
        return bool(self.sites or self.fixes)

    def add(self, site: int, plan: FixPlan | None = None) -> None:
        """Want the place of a site, and the fix of what is reported there."""
        self.sites.add(site)
        if plan is not None and callable(plan.edits):
            self.fixes.add(fix_note(plan, site))

    def beyond(self, found: Found) -> Wanted:
        """Return what is wanted and not found yet; where a tree is too deep, nothing is left to be found."""
        if found.is_too_deep:
            return Wanted()
        return Wanted(self.sites - found.spans.keys(), self.fixes - found.edits.keys())


class Found(NamedTuple):
    """Answers: offsets of start and end by site, the edits of the text by fix; none where the tree is too deep."""

    spans: dict[int, tuple[int, int]]
    edits: dict[str, tuple[TextEdit, ...]]
    is_too_deep: bool = False

    def with_more(self, other: Found) -> Found:
        """Return the answers of both."""
        return Found(self.spans | other.spans, self.edits | other.edits, self.is_too_deep or other.is_too_deep)


class Step(NamedTuple):
    """A call of one of the methods of `NodeEditor`."""

    method: str
    arguments: list[Any]
    keywords: dict[str, Any]


class EditNotes:
    """Has the methods of `NodeEditor`, and notes how they are called; arguments are texts, numbers or truth values."""

    def __getattr__(self, method: str) -> Callable[..., list[Step]]:
        """Return a function that notes a call of a method."""
        return lambda *arguments, **keywords: [Step(method, list(arguments), keywords)]


def fix_note(plan: FixPlan, site: int) -> str:
    """Note how a plan edits the node at a site, which is a key for the outcome besides."""
    assert callable(plan.edits), "edits of the text need no tree"
    asked = cast("Callable[[EditNotes], Iterable[Step | list[Step]]]", plan.edits)(EditNotes())
    steps = [step for item in asked for step in ([item] if isinstance(item, Step) else item)]
    return json.dumps([site, plan.needs, steps])


def carry_out(steps: Iterable[tuple[str, list[Any], dict[str, Any]]], editor: NodeEditor) -> list[NodeEdit]:
    """Make the calls that were noted."""
    edits: list[NodeEdit] = []
    for method, arguments, keywords in steps:
        made = getattr(editor, method)(*arguments, **keywords)
        edits += made if isinstance(made, list) else [made]
    return edits
