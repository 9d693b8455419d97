"""Tasks on their way in: into the store, then as messages to RabbitMQ, and out of the store again if that fails."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from uuid import UUID

from mog.engine.distributed.dispatch import Dispatch
from mog.engine.distributed.withdrawal import Withdrawal
from mog.engine.records import NewTask
from mog.engine.redis.answers import WakeUp
from mog.engine.redis.submissions import Submissions
from mog.errors import CouldNotSubmit, EngineUnavailable, MogError
from mog.values import encode_error

PATIENCE = 5.0
"""Seconds for which a submission waits to be taken back, when RabbitMQ and the store are both out of reach."""

_ROOM = 10_000


class Submission:
    """Creates tasks so that each is published, or never starts.

    Where a connection breaks at the wrong moment nobody knows whether the store has the tasks. They are taken back when
    it is in reach again. Only if this process ends before that, some may run although their caller was told otherwise.
    """

    def __init__(
        self, submissions: Submissions, dispatch: Dispatch, clock: Callable[[], float], *, mognet: bool = False
    ) -> None:
        self._submissions, self._dispatch, self._clock, self._mognet = submissions, dispatch, clock, mognet
        self._withdrawal = Withdrawal(submissions)

    async def create(self, tasks: Sequence[NewTask]) -> list[MogError | None]:
        """See :meth:`ResultBackend.create`."""
        now = self._clock()
        tasks = [_ready_if_due(task, now) for task in tasks]
        await self._dispatch.prepare({task.message.queue for task in tasks})
        try:
            answers = await self._submissions.create(tasks)
        except EngineUnavailable as error:
            self._withdraw([task.record.id for task in tasks], error)
            raise
        places = [at for at, task in enumerate(tasks) if answers[at] is None and task.message.due is None]
        failures = await self._dispatch.send([_first_wake_up(tasks[at]) for at in places])
        failed = {tasks[at].record.id: error for at, error in zip(places, failures, strict=True) if error is not None}
        if failed:
            failed = await self._take_back(failed)
            for at in places:
                answers[at] = failed.get(tasks[at].record.id)
        return answers

    async def close(self) -> None:
        """Give up what waits for the store."""
        await self._withdrawal.close()

    async def _take_back(self, failed: Mapping[UUID, MogError]) -> dict[UUID, MogError]:
        """Take tasks back whose messages were not published; the answer is without those that did start.

        Where the store is out of reach too, EngineUnavailable is the answer of each: they are taken back later.
        """
        ids, first = list(failed), next(iter(failed.values()))
        taken_back = self._withdraw(ids, first)
        await asyncio.wait([taken_back], timeout=PATIENCE)
        if not taken_back.done() or taken_back.cancelled():
            return {id_: EngineUnavailable(f"{error}; and the store is out of reach") for id_, error in failed.items()}
        return {
            id_: CouldNotSubmit(f"the task was not submitted: {failed[id_]}")
            for id_, never in zip(ids, taken_back.result(), strict=True)
            if never
        }

    def _withdraw(self, ids: Sequence[UUID], error: MogError) -> asyncio.Future[list[bool]]:
        value = encode_error(CouldNotSubmit(f"the task was not submitted: {error}"), _ROOM, mognet=self._mognet)
        return self._withdrawal.take_back(ids, value)


def _ready_if_due(task: NewTask, now: float) -> NewTask:
    """Return a task that need not wait in the store if its time has come already."""
    due = task.message.due
    return task if due is None or due > now else task._replace(message=task.message._replace(due=None))


def _first_wake_up(task: NewTask) -> WakeUp:
    message = task.message
    return WakeUp(message.id, 0, message.queue, message.priority, message.body)
