"""Notes what a body catches: the handlers of `try`, and `with suppress(…)`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import libcst as cst

from mog_lint.model.blocks import Kind
from mog_lint.model.body import Body
from mog_lint.model.cancelling import is_shield
from mog_lint.model.conditions import ANYTHING
from mog_lint.model.endings import facts_of
from mog_lint.model.expressions import symbols_of
from mog_lint.model.scope import Scope
from mog_lint.model.summary import Symbols, called

EVERYTHING = ("builtins:BaseException",)
BROAD = frozenset({"builtins:BaseException", "builtins:Exception"})
SUPPRESS = (":suppress", ".suppress")
Statements = Sequence[cst.BaseStatement | cst.BaseSmallStatement]


@dataclass(frozen=True)
class Catching:
    """Notes blocks of a body; of code outside of functions, where there is none, it notes nothing."""

    body: Body | None
    site: Callable[[cst.CSTNode], int]
    has_stars: bool
    scope: Scope

    def begin(self, kind: Kind) -> None:
        """Begin a block."""
        if self.body is not None:
            self.body.begin(kind)

    def end(self) -> None:
        """End a block of which nothing else is to be said."""
        if self.body is not None:
            self.body.end()

    def alternatives(self, node: cst.Try | cst.TryStar) -> Iterator[Iterator[Statements]]:
        """Yield the alternatives of a `try`, each as bodies; who takes the next one has walked those before."""
        yield self._tried(node)
        for handler in node.handlers:
            yield self._handled(handler)

    def _tried(self, node: cst.Try | cst.TryStar) -> Iterator[Statements]:
        self.begin(Kind.TRIED)
        yield node.body.body
        self.end()
        if node.orelse is not None:
            yield node.orelse.body.body

    def _handled(self, handler: cst.ExceptHandler | cst.ExceptStarHandler) -> Iterator[Statements]:
        symbols = EVERYTHING if handler.type is None else self._exceptions(handler.type)
        self.begin(Kind.EXCEPT)
        if self.body is not None:
            self.body.conditions.begin(ANYTHING, len(self.body.calls))
        yield handler.body.body
        if self.body is not None:
            self.body.conditions.end(len(ANYTHING), len(self.body.calls))
            self.body.end(self.site(handler), symbols, facts=facts_of(handler) if _is_broad(symbols) else "")

    def enter(self, node: cst.With) -> tuple[tuple[int, Symbols], ...]:
        """Begin a block for each `suppress` of a `with`; return where they stand and what they catch."""
        if self.body is None:
            return ()
        self.body.shields += any(map(is_shield, node.items))
        found = []
        for item in node.items:
            call = item.item
            if isinstance(call, cst.Call) and any(
                symbol.endswith(SUPPRESS) for symbol in symbols_of(call.func, self.scope, self.has_stars)
            ):
                caught = (symbol for argument in call.args for symbol in self._exceptions(argument.value))
                found.append((self.site(call), tuple(caught)))
                self.body.begin(Kind.SUPPRESS)
        return tuple(found)

    def leave(self, node: cst.With, found: Sequence[tuple[int, Symbols]]) -> None:
        """End the blocks that `enter` began."""
        if self.body is not None:
            self.body.shields -= any(map(is_shield, node.items))
            for site, symbols in reversed(found):
                self.body.end(site, symbols)

    def _exceptions(self, node: cst.BaseExpression) -> Symbols:
        """Return the symbols of exception classes; those of Python itself are taken for what they are called."""
        if isinstance(node, cst.Tuple):
            return tuple(symbol for element in node.elements for symbol in self._exceptions(element.value))
        if isinstance(node, cst.Name) and self.scope.look_up(node.value) is None:
            return (f"builtins:{node.value}",)
        if isinstance(node, cst.Call):
            return called(symbols_of(node.func, self.scope, self.has_stars))
        return symbols_of(node, self.scope, self.has_stars)


def _is_broad(symbols: Symbols) -> bool:
    """Say whether a handler may catch more than errors that someone expects."""
    return any(symbol in BROAD or "Cancel" in symbol or "cancel" in symbol for symbol in symbols)
