"""Tasks that wait for children, which may be such tasks themselves; the children are drawn from the same mix."""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable

from tests.chaos.mix import Order, draw_child, draw_failing
from tests.chaos.tasks import OUTAGES, app, note, noted

from mog import Context
from mog.errors import EngineError

__all__ = ["app"]


@app.task(name="chaos.family", **OUTAGES)
async def family(context: Context, index: int, how: str, depth: int) -> int:
    """Wait for children in some way; note them before they are submitted: id, wanted state, may be called off."""
    with noted(context):
        chance = random.Random(f"{context.request.id} {context.attempt}")
        children = [draw_child(chance, depth - 1) for _ in range(chance.randint(2, 6))]
        if how in ("brittle", "siblings"):
            children.insert(chance.randint(0, len(children)), draw_failing(chance))
        told = [f"{child.request.id}:{child.wanted}:{int(how == 'siblings')}" for child in children]
        note(context, "children", ",".join(told))
        await WAYS[how](context, index, children)
        return index


async def by_gather(context: Context, _index: int, children: list[Order]) -> None:
    values = await context.gather(*(child.request for child in children), return_exceptions=True)
    assert len(values) == len(children)
    for child, value in zip(children, values, strict=True):
        check(child, value)


async def by_run(context: Context, _index: int, children: list[Order]) -> None:
    """Run one after the other."""
    for child in children:
        try:
            value = await context.run(child.request)
        except ValueError as error:
            value = error
        check(child, value)


async def brittle(context: Context, index: int, children: list[Order], *, cancel_siblings: bool = False) -> None:
    """Fail because a child fails."""
    try:
        await context.gather(*(child.request for child in children), cancel_siblings=cancel_siblings)
    except ExceptionGroup as group:
        for error in group.exceptions:
            raise_if_unreachable(error)
        if group.subgroup(ValueError) is None:
            raise
        raise ValueError(index) from None
    raise AssertionError("no error came of a child that fails")


async def siblings(context: Context, index: int, children: list[Order]) -> None:
    """Fail because a child fails, and call off the others."""
    await brittle(context, index, children, cancel_siblings=True)


def raise_if_unreachable(value: object) -> None:
    """Let the whole task be retried where a child could not be waited for."""
    if isinstance(value, EngineError):
        raise value


def check(child: Order, value: object) -> None:
    raise_if_unreachable(value)
    if child.wanted == "FAILURE":
        assert isinstance(value, ValueError), f"{child} brought {value!r}"
        assert value.args == (child.index,), f"{child} brought {value!r}"
    else:
        assert value == child.index, f"{child} brought {value!r}"


Way = Callable[[Context, int, list[Order]], Awaitable[None]]
WAYS: dict[str, Way] = {"gather": by_gather, "run": by_run, "brittle": brittle, "siblings": siblings}
