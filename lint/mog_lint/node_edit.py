"""An edit in terms of nodes, turned into one of the text once it is known where the nodes stand."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum

import libcst as cst

from mog_lint.model.positions import Places
from mog_lint.model.source import LINE_END
from mog_lint.rule import TextEdit


class Where(Enum):
    """On which side of its node an edit inserts, or that it replaces the node."""

    BEFORE = "before"
    AFTER = "after"
    INSTEAD = "instead"


@dataclass(frozen=True, eq=False)
class NodeEdit:
    """Insert `content` beside a node or replace it; the text of the node `repeated` follows the content.

    An insertion takes the place of the next `drop` characters. With `is_lines` the further lines of the content are
    indented as the line is in which the node begins.
    """

    node: cst.CSTNode
    where: Where
    content: str
    repeated: cst.CSTNode | None = None
    drop: int = 0
    is_lines: bool = False

    def nodes(self) -> Iterable[cst.CSTNode]:
        """Return the nodes whose places the edit needs."""
        return (self.node,) if self.repeated is None else (self.node, self.repeated)

    def in_text(self, text: str, places: Places) -> TextEdit:
        """Return the edit of the text."""
        span = places.of(self.node)
        content = self.content.replace("\n", _line_start(text, span.start)) if self.is_lines else self.content
        if self.repeated is not None:
            repeated = places.of(self.repeated)
            content += text[repeated.start : repeated.end]
        if self.where is Where.BEFORE:
            return TextEdit(span.start, span.start + self.drop, content)
        return TextEdit(span.end if self.where is Where.AFTER else span.start, span.end + self.drop, content)


def _line_start(text: str, offset: int) -> str:
    """Return the line end and the indentation of the line around an offset."""
    start = max(text.rfind("\n", 0, offset), text.rfind("\r", 0, offset)) + 1
    blanks = len(text[start:offset]) - len(text[start:offset].lstrip())
    line_end = LINE_END.search(text, offset)
    return ("\n" if line_end is None else line_end.group()) + text[start : start + blanks]
