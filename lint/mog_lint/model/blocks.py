"""How a function's body is laid out: loops, `try` and what catches, each as a span of the function's calls and awaits.

Blocks are told in the order in which they begin, so that outer ones come before inner ones; the first is the body
itself. A body without any other block has none.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from enum import StrEnum
from typing import NamedTuple


class Kind(StrEnum):
    """What a block is."""

    BODY = "b"
    FOR = "f"
    WHILE = "w"
    COMPREHENSION = "c"  # one that awaits
    TRY = "t"  # the whole statement, with the next two in it
    TRIED = "d"  # what its handlers are for: its body without `else`
    EXCEPT = "e"
    SUPPRESS = "s"  # the body of `with suppress(…)`
    FINALLY = "y"
    LATE = "l"  # what looks like a pause after work that would be done again


LOOPS = frozenset({Kind.FOR, Kind.WHILE, Kind.COMPREHENSION})


class Fact(StrEnum):
    """What else is known of a block, each a letter in its `facts`."""

    # The ways in which a handler may end.
    RERAISES = "R"
    RAISES_OTHER = "O"
    RETURNS = "T"
    BREAKS = "B"
    CONTINUES = "C"
    GOES_ON = "N"
    # Of a handler.
    ASKS = "A"  # what it does depends on what it caught, or on whether someone was cancelled
    HANDS_ON = "H"  # what it caught is kept, or given to a future
    # Of TRIED and SUPPRESS.
    AWAITS_CANCELLED = "K"  # it awaits nothing but what the function itself, or its object, cancels
    # Of FOR.
    IS_ASYNC = "Y"


GOING_ON = (Fact.RETURNS, Fact.BREAKS, Fact.CONTINUES, Fact.GOES_ON)  # how a handler keeps what it caught
# What waits for the coroutines and tasks that it is given, so that these have a caller.
WAITERS = frozenset({"gather", "wait_for", "wait", "shield"})

UNBOUNDED = -1
COUNTED = -2  # up to a number that is not known
NOWHERE = -1


class Block(NamedTuple):
    """A block: its calls are those from `first` up to `end`, its awaits likewise; `parent` is where it lies in.

    `symbols` are what a loop goes over, or what is caught. `turns` is how often a loop runs at most, UNBOUNDED or
    COUNTED where the file does not tell.
    """

    kind: Kind
    site: int
    parent: int
    first: int
    end: int
    first_await: int
    end_await: int
    symbols: tuple[str, ...] = ()
    turns: int = UNBOUNDED
    facts: str = ""

    @property
    def awaits(self) -> int:
        """How many awaits it holds."""
        return self.end_await - self.first_await


def around(block: Block, blocks: Sequence[Block]) -> Iterator[Block]:
    """Yield the blocks that a block lies in, from the inside out."""
    while block.parent != NOWHERE:
        block = blocks[block.parent]
        yield block


def enclosing(call: int, blocks: Sequence[Block]) -> Iterator[Block]:
    """Yield the blocks that the call of this number stands in, from the inside out; in a body without blocks none."""
    innermost = next((block for block in reversed(blocks) if block.first <= call < block.end), None)
    if innermost is not None:
        yield innermost
        yield from around(innermost, blocks)
