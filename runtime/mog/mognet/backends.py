"""Mognet's broker and state backend: an app's queues, and what its tasks keep, with Mognet's methods."""

from __future__ import annotations

from typing import Any, NamedTuple
from uuid import UUID

from mog.app import App
from mog.errors import QueueNotFound
from mog.state import State
from mog.validation import did_you_mean


class QueueStats(NamedTuple):
    """How many messages of a queue are ready to start, and how many of the app's processes consume."""

    queue_name: str
    message_count: int
    consumer_count: int


class BaseBroker:
    """The queues of an app, by their short names. Each method may raise EngineUnavailable."""

    def __init__(self, app: App) -> None:
        self.app = app

    async def task_queue_stats(self, task_queue_name: str) -> QueueStats:
        """Count a queue's messages, and the app's processes that consume, whichever queues. Raises QueueNotFound."""
        self._check(task_queue_name)
        [depth] = await self.app.queue_depths([task_queue_name])
        nodes = [node async for node in self.app.get_current_status_of_nodes()]
        return QueueStats(task_queue_name, depth.ready, len(nodes))

    async def purge_task_queue(self, queue: str) -> int:
        """Drop what waits in a queue, and return how much that was. Raises QueueNotFound."""
        self._check(queue)
        return (await self.app.purge_task_queues([queue]))[queue]

    def _check(self, queue: str) -> None:
        known = self.app.queues.used()
        if queue not in known:
            raise QueueNotFound(queue, did_you_mean(queue, known))


class BaseStateBackend:
    """What the tasks of an app keep between their runs. Each method may raise EngineUnavailable."""

    def __init__(self, app: App) -> None:
        self.app = app

    async def get(self, request_id: UUID, key: str, default: Any = None) -> Any:
        """Return what a task keeps under ``key``, or ``default``."""
        return await self._of(request_id).get(key, default)

    async def set(self, request_id: UUID, key: str, value: Any) -> None:
        """Keep ``value`` under ``key`` for a task that is not done. Raises StateValueError."""
        await self._of(request_id).set(key, value)

    async def pop(self, request_id: UUID, key: str, default: Any = None) -> Any:
        """Remove what a task keeps under ``key`` and return it, or ``default``."""
        return await self._of(request_id).pop(key, default)

    async def clear(self, request_id: UUID) -> None:
        """Remove all that a task keeps."""
        await self._of(request_id).clear()

    def _of(self, request_id: UUID) -> State:
        return State(self.app.port, request_id)
