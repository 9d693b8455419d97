"""What the walk has met in one function's body so far."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cached_property

import libcst as cst

from mog_lint.model.blocks import NOWHERE, UNBOUNDED, Block, Fact, Kind
from mog_lint.model.cancelling import Cancelling
from mog_lint.model.conditions import Conditions
from mog_lint.model.repeating import is_pause, late_pauses
from mog_lint.model.summary import Call, Symbols

_CATCHING = (Kind.TRIED, Kind.SUPPRESS)


@dataclass
class Body:
    """The calls and blocks of a body, which may lie in an `outer` one.

    `awaits` counts awaits, `async for` and `async with`; `shields` how many scopes around keep cancellations off.
    `takes_context` says that one of the parameters may be a task's context. `returned` is what it returns, `held` what
    it has the attributes of instances hold, by their class.
    """

    function: cst.FunctionDef
    outer: Body | None
    takes_context: bool = False
    is_generator: bool = False
    calls: list[Call] = field(default_factory=list)
    awaits: int = 0
    shields: int = 0
    returned: Symbols = ()
    held: dict[str, dict[str, Symbols]] = field(default_factory=dict)
    cancelling: Cancelling = field(default_factory=Cancelling)
    _blocks: list[Block] = field(default_factory=lambda: [Block(Kind.BODY, NOWHERE, NOWHERE, 0, 0, 0, 0)])
    _open: list[int] = field(default_factory=lambda: [0])
    _catching: int = 0
    _late: frozenset[int] | None = None

    @cached_property
    def conditions(self) -> Conditions:
        """Under which conditions the calls are made."""
        return Conditions(self.function)

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
        self._catching -= block.kind in _CATCHING
        self._blocks[number] = block._replace(
            site=site, end=len(self.calls), end_await=self.awaits, symbols=symbols, turns=turns, facts=facts
        )

    def forget(self) -> None:
        """End the block that was begun last, in which there is no other, and forget it."""
        self._open.pop()
        self._blocks.pop()

    def blocks(self, cancelled: Iterable[str]) -> tuple[Block, ...]:
        """Return all blocks, none where the body alone would be one; `cancelled` are names that others cancel."""
        if len(self._blocks) == 1:
            return ()
        whole = self._blocks[0]._replace(end=len(self.calls), end_await=self.awaits)
        return (whole, *(self._judged(block, cancelled) for block in self._blocks[1:]))

    def note_await(self, expression: cst.BaseExpression | None = None, *, waits: bool = True) -> None:
        """Count an await; one that never `waits`, or is shielded, cannot be cancelled."""
        if self.shields or not waits:
            self.cancelling.note_await(self.awaits, None)
        elif self._catching and expression is not None:
            self.cancelling.note_await(self.awaits, expression)
        self.awaits += 1

    def note_cancel(self, call: cst.Call) -> None:
        """Note what a call cancels, for the bodies around too."""
        names = self.cancelling.note_call(call)
        outer = self.outer if names else None
        while outer is not None:
            outer.cancelling.cancelled.update(names)
            outer = outer.outer

    def note_pause(self, node: cst.CSTNode, site: Callable[[cst.CSTNode], int]) -> None:
        """Note what looks like a pause, where it comes after work; its call has just been noted."""
        if is_pause(node):
            if self._late is None:
                self._late = late_pauses(self.function)
            if id(node) in self._late:
                self.begin(Kind.LATE)
                self.end(site(node))

    def move(self, distance: int) -> None:
        """Count sites from another first one; calls and blocks become others, so that a copy shares them no more."""
        self.calls = [call._replace(site=call.site + distance) for call in self.calls]
        self._blocks = [
            block if block.site == NOWHERE else block._replace(site=block.site + distance) for block in self._blocks
        ]

    def _judged(self, block: Block, cancelled: Iterable[str]) -> Block:
        awaits = range(block.first_await, block.end_await)
        if block.kind in _CATCHING and awaits and self.cancelling.are_cancelled(awaits, cancelled):
            return block._replace(facts=Fact.AWAITS_CANCELLED)
        return block
