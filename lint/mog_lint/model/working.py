"""The loops in which a task works for long."""

from __future__ import annotations

from collections.abc import Iterator

from mog_lint.blocking import Kind as Waits
from mog_lint.model.blocks import COUNTED, LOOPS, Block, Kind, around
from mog_lint.model.contexts import SUBMISSIONS, WRITES, calls_context, is_checkpointed
from mog_lint.model.coroutines import Coroutines
from mog_lint.model.interruptions import Interruptions
from mog_lint.model.project import Module
from mog_lint.model.summary import Call, Function, Use
from mog_lint.model.waiting import polling_loops, sleeps

FEW = 1000  # turns; a loop that is known to have no more is short
AS_COMPLETED = frozenset({"asyncio.as_completed()", "asyncio.tasks.as_completed()"})
NO_CALLS = frozenset({Use.RAISED, Use.GIVEN, Use.WITH, Use.WITH_AWAIT})


def long_loops(function: Function, module: Module, interruptions: Interruptions) -> Iterator[Block]:
    """Yield the outermost loops of a function that work in many turns and keep no place, without those that poll."""
    project = interruptions.tasks.project
    polled = polling_loops(function, module, interruptions)
    pauses = [item.number for item in interruptions.own(function, module)]
    slept = {sleep.loop for sleep in sleeps(function, module, project)}
    found: list[Block] = []
    for block in function.blocks:
        if block.kind not in LOOPS or block in polled or 0 <= block.turns <= FEW:
            continue
        lies_in = [block, *around(block, function.blocks)]
        if any(item in found or is_checkpointed(item, project, module) for item in lies_in):
            continue
        if block.turns == COUNTED and (block in slept or _tries(block, function)):
            continue
        calls = function.calls[block.first : block.end]
        keeps_place = calls_context(calls, WRITES, project, module)
        if keeps_place or any(block.first <= number < block.end for number in pauses):
            continue
        if _works(block, calls, module, interruptions.coroutines):
            found.append(block)
            yield block


def _tries(block: Block, function: Function) -> bool:
    """Say whether a loop catches something itself, so that what it counts are its tries."""
    number = function.blocks.index(block)
    return any(item.kind is Kind.TRY and item.parent == number for item in function.blocks)


def _works(block: Block, calls: tuple[Call, ...], module: Module, coroutines: Coroutines) -> bool:
    """Say whether a loop awaits more than the submission of other tasks, or calls the project or what waits.

    What a loop over `asyncio.as_completed` gets was begun before it, so that awaiting it is no work of the loop's.
    """
    collects = not AS_COMPLETED.isdisjoint(coroutines.project.resolve(block.symbols, module))
    awaited = sum(call.is_awaited for call in calls) if collects else block.awaits
    idle = sum(call.is_awaited and _is_idle(call, module, coroutines) for call in calls)
    return awaited > idle or any(_is_work(call, module, coroutines) for call in calls)


def _is_idle(call: Call, module: Module, coroutines: Coroutines) -> bool:
    if call.symbols[0].replace(":", ".").rpartition(".")[2] in SUBMISSIONS:
        return True
    return "0~=0" in call.constants and "asyncio.sleep" in coroutines.project.resolve(call.symbols, module)


def _is_work(call: Call, module: Module, coroutines: Coroutines) -> bool:
    if call.use in NO_CALLS or call.is_awaited:
        return False
    if call.use is Use.STATEMENT and coroutines.project.functions(call.symbols, module):
        return True  # for what it does; of one that is called for what it gives, nobody knows whether it does anything
    return coroutines.waits(call, module, Waits.CALL, Waits.FILE)
