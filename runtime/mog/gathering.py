"""Waiting for many tasks at once from within a task."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Sequence
from typing import TYPE_CHECKING, Any
from uuid import UUID

from mog.request import Request
from mog.result import Result

if TYPE_CHECKING:
    from mog.context import Context

    Waitable = Result[Any] | UUID | Request[Any] | Awaitable[Any]  # at run time pydantic would make a model of it


async def gather(
    context: Context, tasks: Sequence[Waitable], *, return_exceptions: bool, cancel_siblings: bool
) -> list[Any]:
    """See :meth:`Context.gather`."""
    awaitables = await _awaitables(context, tasks)
    waits = [asyncio.ensure_future(_value(awaitable)) for awaitable in awaitables]
    failed: list[BaseException] = []
    try:
        with context.waiting:
            if cancel_siblings and waits:
                failed = await _first_failures(waits)
                if failed:
                    await _call_off(context, awaitables, waits)
            values = await asyncio.gather(*waits, return_exceptions=True)
    except asyncio.CancelledError:
        for wait in waits:
            wait.cancel()
        raise
    errors = failed or [value for value in values if isinstance(value, BaseException)]
    if errors and not return_exceptions:
        raise BaseExceptionGroup(f"{len(errors)} of {len(values)} tasks failed", errors)
    return values


async def _awaitables(context: Context, tasks: Sequence[Waitable]) -> list[Awaitable[Any]]:
    """Return what to await for each, after the requests among them are submitted together."""
    requests = [task for task in tasks if isinstance(task, Request)]
    children = iter(await context.submit_many(requests)) if requests else iter(())
    found: list[Awaitable[Any]] = []
    for task in tasks:
        if isinstance(task, Request):
            found.append(next(children))
        elif isinstance(task, UUID):
            found.append(await context.app.result(task))
        else:
            found.append(task)
    return found


async def _value(awaitable: Awaitable[Any]) -> Any:
    return await awaitable


async def _first_failures(waits: Sequence[asyncio.Future[Any]]) -> list[BaseException]:
    """Wait until all are done or one has failed; return the errors there are by then."""
    done, _ = await asyncio.wait(waits, return_when=asyncio.FIRST_EXCEPTION)
    errors = [wait.exception() for wait in waits if wait in done and not wait.cancelled()]
    return [error for error in errors if error is not None]


async def _call_off(
    context: Context, awaitables: Sequence[Awaitable[Any]], waits: Sequence[asyncio.Future[Any]]
) -> None:
    for awaitable, wait in zip(awaitables, waits, strict=True):
        if wait.done():
            continue
        if isinstance(awaitable, Result):
            await context.app.revoke(awaitable.id)
        else:
            wait.cancel()
