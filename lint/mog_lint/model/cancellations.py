"""Where coroutines keep a cancellation to themselves, so that whoever asked for it waits in vain."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from mog_lint.model.blocks import GOING_ON, LOOPS, WAITERS, Block, Fact, Kind, around
from mog_lint.model.callers import calls_of, last_name
from mog_lint.model.project import Module, Project
from mog_lint.model.summary import Call, Function

CANCELLATIONS = frozenset(
    {"builtins.BaseException", "asyncio.CancelledError", "asyncio.exceptions.CancelledError"}
    | {"trio.Cancelled", "anyio.get_cancelled_exc_class"}
)
GUARDS = (".cancelling", ".uncancel")


@dataclass(frozen=True, eq=False)
class Cancellations:
    """What a project's coroutines do when they are cancelled."""

    project: Project

    def swallowers(self, function: Function, module: Module) -> Iterator[Block]:
        """Yield what in a coroutine catches a cancellation of its own and goes on as if nothing had happened."""
        if not function.is_async or any(call.symbols[0].endswith(GUARDS) for call in function.calls):
            return
        for block in function.blocks:
            catches = block.kind in (Kind.SUPPRESS, Kind.EXCEPT) and self._catches(block, module)
            if catches and self._swallows(block, function, module):
                yield block

    def _catches(self, block: Block, module: Module) -> bool:
        """Say whether a cancellation is among what a block catches."""
        names = self.project.resolve(block.symbols, module)
        return any(name.replace("()", "") in CANCELLATIONS for name in names)

    def _swallows(self, block: Block, function: Function, module: Module) -> bool:
        if any(map(_ends_anyway, around(block, function.blocks))):
            return False
        tried = block
        if block.kind is Kind.EXCEPT:
            if not _goes_on(block):
                return False
            siblings = [item for item in function.blocks if item.parent == block.parent]
            tried = next(item for item in siblings if item.kind is Kind.TRIED)
            earlier = siblings[: siblings.index(block)]
            if any(item.kind is Kind.EXCEPT and self._catches(item, module) for item in earlier):
                return False
        return tried.awaits > 0 and Fact.AWAITS_CANCELLED not in tried.facts

    def deceives_nobody(self, block: Block, function: Function, module: Module) -> bool:
        """Say whether a coroutine ends with what it caught, and runs by itself: as a background loop, or spawned."""
        if not _is_last(block, function):
            return False
        return any(map(_goes_round, function.blocks)) or self._is_spawned((module, function))

    def _is_spawned(self, place: tuple[Module, Function]) -> bool:
        """Say whether a function is called only to hand the coroutine to something that runs it by itself."""
        found = False
        for module, caller, number in calls_of(place[1].qualname.rpartition(".")[2], self.project):
            call = caller.calls[number]
            if place in self.project.functions(call.argument("0"), module):
                found = True
            elif place in self.project.functions(call.symbols, module):
                if call.is_awaited or _is_waited_for(number, caller.calls):
                    return False
                found = True
        return found


def _ends_anyway(block: Block) -> bool:
    """Say whether what is under way leaves a block in the end: a `finally`, or a handler that raises anew."""
    return block.kind is Kind.FINALLY or (block.kind is Kind.EXCEPT and Fact.RERAISES in block.facts)


def _goes_round(block: Block) -> bool:
    return block.kind is Kind.WHILE or (block.kind is Kind.FOR and Fact.IS_ASYNC in block.facts)


def _goes_on(handler: Block) -> bool:
    spared = (Fact.RERAISES, Fact.ASKS, Fact.HANDS_ON)
    return any(fact in handler.facts for fact in GOING_ON) and not any(fact in handler.facts for fact in spared)


def _is_last(block: Block, function: Function) -> bool:
    """Say whether nothing is awaited any more once a block has caught something, but by the block itself."""
    whole = function.blocks[0]
    statement = function.blocks[block.parent] if block.kind is Kind.EXCEPT else block
    loops = [item for item in around(block, function.blocks) if item.kind in LOOPS]
    if Fact.CONTINUES in block.facts:
        return False
    last = whole.end_await - _awaits_of_finally(block, function)
    if Fact.BREAKS in block.facts and not (len(loops) == 1 and loops[0].end_await >= last):
        return False
    goes_on = block.kind is Kind.SUPPRESS or Fact.GOES_ON in block.facts
    return not goes_on or not (loops or statement.end_await < last)


def _awaits_of_finally(block: Block, function: Function) -> int:
    """Count the awaits of each `finally` around a block: these are done in any case."""
    tries = [function.blocks.index(item) for item in around(block, function.blocks) if item.kind is Kind.TRY]
    return sum(item.awaits for item in function.blocks if item.kind is Kind.FINALLY and item.parent in tries)


def _is_waited_for(number: int, calls: tuple[Call, ...]) -> bool:
    return any(last_name(call.symbols) in WAITERS for call in calls[number + 1 : number + 2])
