"""Dead letters: messages that no worker could bring to a good end, and tasks that are submitted once more."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid5

from mog.engine.records import DeadLetter, DeadQuery, Message
from mog.errors import AlreadySubmitted, InvalidRequest, ResultNotReady, ResultValueLost
from mog.ids import new_id
from mog.request import Request, request_from_json
from mog.result import Result

if TYPE_CHECKING:
    from mog.app import App

RETRY_OF = "mog.retry_of"
"""Metadata key under which a task that is submitted once more names the one that it repeats."""


class DeadLetters:
    """The dead letters of one app: ``app.dead_letters``."""

    def __init__(self, app: App) -> None:
        self._app = app

    async def find(
        self,
        *,
        ids: Iterable[UUID] = (),
        queue: str | None = None,
        reason: str | None = None,
        limit: int = 50,
        before: UUID | None = None,
    ) -> list[DeadLetter]:
        """List dead letters, newest first; ``before`` is the last id of the page before."""
        full = None if queue is None else self._app.queues.full_name(queue)
        query = DeadQuery(tuple(ids), full, reason, limit, before)
        letters: list[DeadLetter] = await self._app.port().call("broker.dead", query)
        return letters

    async def replay(self, letters: Iterable[DeadLetter]) -> list[Result[Any]]:
        """Submit the tasks of dead letters once more, under new ids, and drop the letters.

        Replaying a letter twice, as after a crash half-way, submits its task once. Raises InvalidRequest for a letter
        that cannot be read, before anything is done.
        """
        chosen = list(letters)
        requests = [_once_more(letter.id, letter.body, "replay") for letter in chosen]
        results = []
        for letter, request in zip(chosen, requests, strict=True):
            request.queue_name = self._app.queues.short_name(letter.queue)
            results.append(await self._submit_once(request))
        await self.drop([letter.id for letter in chosen])
        return results

    async def drop(self, ids: Sequence[UUID]) -> int:
        """Forget dead letters, and return how many of them there were."""
        dropped: list[bool] = await asyncio.gather(*(self._app.port().call("broker.drop_dead", one) for one in ids))
        return sum(dropped)

    async def _submit_once(self, request: Request[Any]) -> Result[Any]:
        try:
            return await self._app.submit(request)
        except AlreadySubmitted:
            return await self._app.result(request.id)


async def submit_again(app: App, result_id: UUID) -> Result[Any]:
    """Submit a task that has failed once more, under a new id, which names the old one in its metadata.

    Raises ResultLost for an unknown id, ResultNotReady for a task that is not done, and ResultValueLost for one whose
    request is no longer kept: that of a success.
    """
    result = await app.result(result_id)
    if not result.done:
        raise ResultNotReady(f"task {result_id} is {result.state}; only a task that has ended is submitted once more")
    message: Message | None = await app.port().call("results.get_messages", result_id)
    if message is None:
        raise ResultValueLost(result_id)
    request = _once_more(result_id, message.body, None)
    request.queue_name = app.queues.short_name(message.queue)
    return await app.submit(request)


def _once_more(old_id: UUID, body: bytes, purpose: str | None) -> Request[Any]:
    """Return the request in ``body`` under a new id; with a purpose always the same one."""
    try:
        request = request_from_json(body)
    except InvalidRequest as error:
        raise InvalidRequest(f"the message of task {old_id} cannot be submitted again: {error}") from None
    its_id = uuid5(old_id, purpose) if purpose is not None else new_id()
    changes = {"id": its_id, "stack": [], "metadata": {**request.metadata, RETRY_OF: str(old_id)}}
    return request.model_copy(update=changes)
