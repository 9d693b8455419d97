"""Where a task sleeps, and the loops in which it does nothing but look and sleep."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from mog_lint.model.blocks import COUNTED, LOOPS, Block, Kind, enclosing
from mog_lint.model.interruptions import Interruptions
from mog_lint.model.project import Module, Project
from mog_lint.model.quantities import number_of
from mog_lint.model.summary import Call, Function

SLEEPS = frozenset({"asyncio.sleep", "asyncio.tasks.sleep", "anyio.sleep", "trio.sleep"})
THREAD_SLEEPS = frozenset({"time.sleep"})
FEW = 10  # tries; a loop that stops after as many does not wait for something, it is patient with it


@dataclass(frozen=True)
class Sleep:
    """A call that sleeps, and the loop around it, if there is one; `seconds` is None where that is not written out."""

    call: Call
    seconds: float | None
    loop: Block | None


def sleeps(function: Function, module: Module, project: Project) -> Iterator[Sleep]:
    """Yield the sleeps in a function's own body; in a coroutine a `time.sleep` is another rule's business."""
    known = SLEEPS if function.is_async else THREAD_SLEEPS
    for number, call in enumerate(function.calls):
        if known.isdisjoint(project.resolve(call.symbols, module)) or call.is_awaited != function.is_async:
            continue
        loop = next((block for block in enclosing(number, function.blocks) if block.kind in LOOPS), None)
        argument = project.resolve(call.argument("0", "delay", "seconds", "secs"), module)
        yield Sleep(call, number_of(tuple(argument)), loop)


def polling_loops(function: Function, module: Module, interruptions: Interruptions) -> dict[Block, Sleep]:
    """Return the `while` loops that sleep until something has happened, each with a sleep in it.

    Left out are those that give up after a few tries, or after a number that is not known, and those that pause.
    """
    pauses = [item.number for item in interruptions.own(function, module)]
    found: dict[Block, Sleep] = {}
    for sleep in sleeps(function, module, interruptions.tasks.project):
        loop = sleep.loop
        if loop is None or loop.kind is not Kind.WHILE or sleep.seconds == 0 or loop in found:
            continue
        is_patient = loop.turns == COUNTED or 0 <= loop.turns <= FEW
        if not is_patient and not any(loop.first <= number < loop.end for number in pauses):
            found[loop] = sleep
    return found
