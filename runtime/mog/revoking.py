"""Ending tasks from outside: calling them off, together with all that was submitted on their behalf."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any
from uuid import UUID

from mog.engine.records import Record, Revocation
from mog.errors import ResultError
from mog.states import TERMINAL_STATES, ResultState
from mog.values import encode_error, encode_value

if TYPE_CHECKING:
    from mog.app import App


class CalledOff(Exception):
    """The reason that a revoked result tells; stored, never raised here."""


async def revoke(
    app: App, ids: Sequence[UUID], *, force: bool = False, reason: str = "it was called off"
) -> list[Record]:
    """Revoke tasks and their descendants; return what the tasks themselves are now.

    Descendants that are submitted meanwhile are revoked before they start: their worker looks at all ancestors.
    """
    config = app.config
    value = encode_error(CalledOff(reason), config.max_message_size, mognet=config.mognet_interop)
    revocations = [Revocation(one, value, config.result_ttl, config.result_value_ttl, force) for one in ids]
    port = app.port()
    records: list[Record] = await asyncio.gather(*(port.call("results.revoke", one) for one in revocations))
    await revoke_children(app, ids, force=force)
    return records


async def end(app: App, task_id: UUID, value: Any, state: ResultState) -> Record:
    """End a task with a value, or an exception, that is known elsewhere than in a worker; return what it is now.

    Raises ResultError for a state that is no end, InvalidReturnValue, and PayloadTooLarge.
    """
    if state not in TERMINAL_STATES:
        raise ResultError(f"{state} is no end; a task ends in one of {', '.join(sorted(TERMINAL_STATES))}")
    config = app.config
    if isinstance(value, BaseException):
        stored = encode_error(value, config.max_message_size, mognet=config.mognet_interop)
    else:
        stored = encode_value(value, config.max_message_size)
    ended = Revocation(task_id, stored, config.result_ttl, config.result_value_ttl, state=state)
    record: Record = await app.port().call("results.revoke", ended)
    return record


async def revoke_children(app: App, parents: Sequence[UUID], *, force: bool = False) -> None:
    """Revoke all that was submitted on behalf of these tasks."""
    port = app.port()
    found: list[list[UUID]] = await asyncio.gather(*(port.call("results.children", (one, None)) for one in parents))
    children = [child for of_one in found for child in of_one]
    if children:
        await revoke(app, children, force=force, reason="the task was called off on whose behalf it was submitted")
