"""Which deliveries must not be run, and what becomes of them."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from mog.engine.records import Delivery, Record
from mog.errors import TooManyRetries
from mog.request import Request
from mog.states import ResultState
from mog.worker.ending import Ending, Endings
from mog.worker.patience import patiently

if TYPE_CHECKING:
    from mog.worker.worker import Worker


class ParentGone(Exception):
    """The reason why a task is revoked whose ancestor was revoked or is unknown; stored, never raised here."""


async def refusal(worker: Worker, request: Request[Any], delivery: Delivery, endings: Endings) -> Ending | None:
    """Return the end of a task that must not be started, None for one that may. The order of checks is Mognet's."""
    config = worker.app.config
    if delivery.crashes > config.max_retries:
        too_many = TooManyRetries(request.id, delivery.crashes, config.max_retries)
        return endings.failed(too_many, dead="worker-died")
    if len(request.stack) > config.max_recursion:
        depth = len(request.stack)
        return endings.failed(RecursionError(f"tasks are nested {depth} deep, max_recursion is {config.max_recursion}"))
    if request.stack and (reason := await _gone_ancestor(worker, request)):
        return endings.failed(ParentGone(reason), ResultState.REVOKED)
    left = time_left(request, worker.app.clock())
    if left is not None and left <= 0:
        late = TimeoutError("its deadline had passed before it could start")
        return endings.failed(late, ResultState.REVOKED)
    return None


def time_left(request: Request[Any], now: float) -> float | None:
    """Return the seconds until the deadline: a datetime is absolute, a timedelta counts from each start."""
    if isinstance(request.deadline, timedelta):
        return request.deadline.total_seconds()
    if isinstance(request.deadline, datetime):
        return request.deadline.timestamp() - now
    return None


async def _gone_ancestor(worker: Worker, request: Request[Any]) -> str | None:
    nearest_first: list[UUID] = request.stack[::-1]
    records: list[Record | None] = await asyncio.gather(
        *(_record(worker, request, ancestor) for ancestor in nearest_first)
    )
    for ancestor, record in zip(nearest_first, records, strict=True):
        if record is None:
            return f"the task {ancestor}, on whose behalf it was submitted, is unknown"
        if record.state is ResultState.REVOKED:
            return f"the task {ancestor}, on whose behalf it was submitted, was revoked"
    return None


def _record(worker: Worker, request: Request[Any], ancestor: UUID) -> Coroutine[Any, Any, Record | None]:
    waiting = f"task {request.id} does not start before its ancestors are known"
    return patiently(lambda: worker.port.call("results.get", ancestor), waiting)
