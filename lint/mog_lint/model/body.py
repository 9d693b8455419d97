"""What the walk has met in one function's body so far."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import libcst as cst

from mog_lint.model.blocks import NOWHERE, UNBOUNDED, Block, Fact, Kind
from mog_lint.model.expressions import dotted_name
from mog_lint.model.repeating import is_pause, late_pauses
from mog_lint.model.summary import Call
from mog_lint.model.walking import parts

_CATCHING = (Kind.TRIED, Kind.SUPPRESS)
_METHODS = (".values", ".items", ".copy")


@dataclass
class Body:
    """The calls and blocks of a body; `awaits` counts awaits, `async for` and `async with`.

    `takes_context` says that one of the parameters may be a task's context. `sources` tells what loop variables run
    over.
    """

    function: cst.FunctionDef
    takes_context: bool = False
    is_generator: bool = False
    calls: list[Call] = field(default_factory=list)
    awaits: int = 0
    sources: dict[str, cst.BaseExpression] = field(default_factory=dict)
    _blocks: list[Block] = field(default_factory=lambda: [Block(Kind.BODY, NOWHERE, NOWHERE, 0, 0, 0, 0)])
    _open: list[int] = field(default_factory=lambda: [0])
    _catching: int = 0
    _awaited: dict[int, frozenset[str]] = field(default_factory=dict)
    _cancelled: set[str] = field(default_factory=set)
    _late: frozenset[int] | None = None

    def begin(self, kind: Kind) -> None:
        """Begin a block."""
        calls, awaits = len(self.calls), self.awaits
        self._blocks.append(Block(kind, NOWHERE, self._open[-1], calls, calls, awaits, awaits))
        self._open.append(len(self._blocks) - 1)
        self._catching += kind in _CATCHING

    def end(self, site: int = NOWHERE, symbols: tuple[str, ...] = (), turns: int = UNBOUNDED, facts: str = "") -> None:
        """End the block that was begun last."""
        number = self._open.pop()
        block = self._blocks[number]
        if block.kind in _CATCHING:
            self._catching -= 1
            facts += Fact.AWAITS_CANCELLED if self._awaits_cancelled(block) else ""
        self._blocks[number] = block._replace(
            site=site, end=len(self.calls), end_await=self.awaits, symbols=symbols, turns=turns, facts=facts
        )

    def forget(self) -> None:
        """End the block that was begun last, in which there is no other, and forget it."""
        self._open.pop()
        self._blocks.pop()

    def blocks(self) -> tuple[Block, ...]:
        """Return all blocks, none where the body alone would be one."""
        if len(self._blocks) == 1:
            return ()
        whole = self._blocks[0]._replace(end=len(self.calls), end_await=self.awaits)
        return (whole, *self._blocks[1:])

    def note_await(self, expression: cst.BaseExpression | None = None) -> None:
        """Count an await, and see what it is of where someone catches what comes out of it."""
        if self._catching and expression is not None:
            self._awaited[self.awaits] = frozenset(names_in(expression))
        self.awaits += 1

    def note_cancel(self, call: cst.Call) -> None:
        """Note what a call of `cancel`, or of a function that is named for it, is for."""
        assert isinstance(call.func, cst.Attribute | cst.Name)
        name = call.func.attr.value if isinstance(call.func, cst.Attribute) else call.func.value
        targets = [argument.value for argument in call.args]
        if isinstance(call.func, cst.Attribute) and name == "cancel":
            targets.append(call.func.value)
        for target in targets:
            found = dotted_name(target)
            self._cancelled.add(found)
            for source in names_in(self.sources[found]) if found in self.sources else ():
                self._cancelled.add(source)
                self._cancelled.update(source.removesuffix(method) for method in _METHODS)

    def note_pause(self, node: cst.CSTNode, site: Callable[[cst.CSTNode], int]) -> None:
        """Note what looks like a pause, where it comes after work; its call has just been noted."""
        if is_pause(node):
            if self._late is None:
                self._late = late_pauses(self.function)
            if id(node) in self._late:
                self.begin(Kind.LATE)
                self.end(site(node))

    def _awaits_cancelled(self, block: Block) -> bool:
        numbers = range(block.first_await, self.awaits)
        return bool(numbers) and all(self._is_cancelled(self._awaited.get(number, frozenset())) for number in numbers)

    def _is_cancelled(self, names: frozenset[str]) -> bool:
        return any(f"{name}.".startswith(f"{known}.") for name in names for known in self._cancelled if known)


def names_in(node: cst.CSTNode) -> Iterator[str]:
    """Yield the dotted names in an expression, each as far as it goes."""
    if isinstance(node, cst.Name | cst.Attribute):
        yield dotted_name(node)
    if isinstance(node, cst.Attribute):
        yield from names_in(node.value)
    elif not isinstance(node, cst.Name):
        for part in parts(node):
            yield from names_in(part)
