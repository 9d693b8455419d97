"""What walking through a function's body came to: in the next version of a text most bodies are what they were.

A walk depends on the body, on what its scope begins with, and on what it asks for beyond that scope. Sites are counted
through a whole file, so a walk is moved to where its body is met.
"""

from __future__ import annotations

from collections.abc import Mapping
from copy import copy
from dataclasses import dataclass, replace
from typing import NamedTuple

import libcst as cst

from mog_lint.model.body import Body
from mog_lint.model.scope import Scope
from mog_lint.model.summary import Symbols


class Start(NamedTuple):
    """Where a walk begins: the body that is to be filled, its scope, and the branches around."""

    body: Body
    scope: Scope
    branch: tuple[str, ...]


class Outset(NamedTuple):
    """What a walk begins with, noted before it is changed on the way; `has_stars` is as in `symbols_of`."""

    names: Mapping[str, Symbols]
    branch: tuple[str, ...]
    self_name: str
    self_class: str
    has_stars: bool


@dataclass(frozen=True)
class Walk:
    """The walk through a body: the names that it `asked` for beyond its scope, and what it came to.

    `nodes` are those of its sites, the first of which is `first`; `branchings` is how many it met.
    """

    outset: Outset
    asked: Mapping[str, Symbols | None]
    body: Body
    nodes: tuple[cst.CSTNode, ...]
    first: int
    branchings: int

    def fits(self, start: Start, outset: Outset) -> bool:
        """Say whether a walk from there would come to the same."""
        if outset != self.outset or start.body.outer is not None:
            return False
        return all(start.scope.look_beyond(name) == symbols for name, symbols in self.asked.items())

    def moved(self, first: int) -> Walk:
        """Return the same walk with its sites counted from another one."""
        if first == self.first:
            return self
        body = copy(self.body)
        body.move(first - self.first)
        return replace(self, body=body, first=first)


Walks = dict[cst.FunctionDef, Walk]
