"""What the walk through a file has found so far, and the summary that comes of it."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import libcst as cst

from mog_lint.model.binding import add_held
from mog_lint.model.body import Body
from mog_lint.model.scope import MAX_SYMBOLS
from mog_lint.model.summary import Class, Function, Summary, Symbols
from mog_lint.model.walks import Outset, Start, Walk


class Mark(NamedTuple):
    """How much had been found at some time."""

    sites: int
    branchings: int
    functions: int
    stars: int


@dataclass
class Harvest:
    """Collects what is met. The walks that `starts` tell of are still to come; `bodies` are those of past ones.

    The `functions` are in the same order: each has its start, and then its body.
    """

    nodes: list[cst.CSTNode] = field(default_factory=list)
    functions: list[Function] = field(default_factory=list)
    starts: deque[Start] = field(default_factory=deque)
    bodies: list[Body] = field(default_factory=list)
    classes: dict[str, Class] = field(default_factory=dict)
    attributes: dict[str, dict[str, Symbols]] = field(default_factory=dict)
    exports: dict[str, Symbols] = field(default_factory=dict)
    stars: list[str] = field(default_factory=list)
    branchings: int = 0
    is_script: bool = False

    def site(self, node: cst.CSTNode) -> int:
        """Give a node its number, for reports to name it by."""
        self.nodes.append(node)
        return len(self.nodes) - 1

    def outset(self, start: Start) -> Outset:
        """Return what a walk begins with."""
        scope = start.scope
        return Outset(dict(scope.names), start.branch, scope.self_name, scope.self_class, bool(self.stars))

    def mark(self) -> Mark:
        """Return how much has been found so far."""
        return Mark(len(self.nodes), self.branchings, len(self.functions), len(self.stars))

    def walk_since(self, before: Mark, start: Start, outset: Outset) -> Walk | None:
        """Return the walk that began there; None where it is part of another, or has others in it."""
        now = self.mark()
        if start.body.outer is not None or (now.functions, now.stars) != (before.functions, before.stars):
            return None
        asked = {name: start.scope.look_beyond(name) for name in start.scope.asked or ()}
        nodes = tuple(self.nodes[before.sites :])
        return Walk(outset, asked, start.body, nodes, before.sites, now.branchings - before.branchings)

    def take_over(self, walk: Walk) -> Walk:
        """Have a function's body be what it was before, and return the walk as it would have been."""
        moved = walk.moved(len(self.nodes))
        self.bodies.append(moved.body)
        self.nodes += moved.nodes
        self.branchings += moved.branchings
        return moved

    def summary(self) -> Summary:
        """Return the summary of the file, when all of it has been walked."""
        cancelled = {name for body in self.bodies for name in body.cancelling.cancelled if self._is_shared(name)}
        returned = self._returned()
        functions = tuple(
            replace(
                function,
                returns=function.returns or returned.get(function.qualname, ()),
                calls=tuple(body.calls),
                is_generator=body.is_generator,
                blocks=body.blocks(cancelled),
                conditions=tuple(body.conditions.noted),
                rebound=tuple(body.conditions.rebound),
            )
            for function, body in zip(self.functions, self.bodies, strict=True)
        )
        return Summary(functions, self._filled_classes(), self.exports, tuple(self.stars), self.is_script)

    def _is_shared(self, name: str) -> bool:
        """Say whether a name means the same in several functions."""
        return name.startswith(("self.", "cls.")) or name.partition(".")[0] in self.exports

    def _returned(self) -> Mapping[str, Symbols]:
        """Return what functions return by their names, of several of one name all."""
        found: dict[str, Symbols] = {}
        for function, body in zip(self.functions, self.bodies, strict=True):
            known = found.get(function.qualname, ())
            found[function.qualname] = (known + body.returned)[:MAX_SYMBOLS]
        return found

    def _filled_classes(self) -> dict[str, Class]:
        """Return the classes with what their methods have the attributes hold."""
        for body in self.bodies:
            for name, held in body.held.items():
                add_held(self.attributes.setdefault(name, {}), held)
        return {name: replace(item, attributes=self.attributes.get(name, {})) for name, item in self.classes.items()}
