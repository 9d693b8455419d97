"""Middleware: an application's own code at fixed points in the life of apps and tasks."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mog.app import App
    from mog.context import Context
    from mog.request import Request
    from mog.result import Result

log = logging.getLogger("mog.middleware")


class Middleware:
    """Hooks, each of which a subclass may fill in; the names are Mognet's.

    The hooks of several middlewares are called in the order in which they were added. What a hook raises is logged
    and goes no further.
    """

    async def on_app_starting(self, app: App) -> None:
        """Run when a worker of the app is about to start; nothing is connected for it yet."""

    async def on_app_started(self, app: App) -> None:
        """Run when the worker consumes."""

    async def on_app_stopping(self, app: App) -> None:
        """Run when the worker was asked to stop and claims nothing more; tasks may still run."""

    async def on_app_stopped(self, app: App) -> None:
        """Run when the worker has ended, and nothing of it runs any more; the app is still connected."""

    async def on_request_submitting(self, request: Request[Any], context: Context | None = None) -> None:
        """Run before a request is checked and stored; the hook may change it. ``context`` is the parent's."""

    async def on_task_starting(self, context: Context) -> None:
        """Run when a run begins: the task is RUNNING, its arguments fit, its function is not called yet."""

    async def on_task_completed(self, result: Result[Any], context: Context | None = None) -> None:
        """Run when a terminal state is stored; ``context`` is None for a task that ended without a run here."""

    async def on_running_task_count_changed(self, running_task_count: int) -> None:
        """Run when the number of runs on this worker has changed; of fast changes the last is told."""


class MiddlewareStack:
    """The middlewares of one app."""

    def __init__(self) -> None:
        self._middlewares: list[Middleware] = []

    def __bool__(self) -> bool:
        return bool(self._middlewares)

    def add(self, middleware: Middleware) -> None:
        """Put one behind the others, unless it is among them."""
        if middleware not in self._middlewares:
            self._middlewares.append(middleware)

    def copy(self) -> MiddlewareStack:
        """Return a stack of the same middlewares, to which others can be added."""
        other = MiddlewareStack()
        other._middlewares += self._middlewares
        return other

    def fills(self, hook: str) -> bool:
        """Tell whether any middleware has code for ``hook``, a name of :class:`Middleware`."""
        return any(self._hooks(hook))

    async def call(self, hook: str, *args: Any, **kwargs: Any) -> None:
        """Call ``hook`` of each in turn; log what it raises."""
        for function in self._hooks(hook):
            try:
                await function(*args, **kwargs)
            except Exception:
                log.exception("%s of a middleware failed", hook)

    def _hooks(self, hook: str) -> Iterable[Callable[..., Awaitable[None]]]:
        """Return the hooks that do something; a middleware need not derive from :class:`Middleware`."""
        empty = getattr(Middleware, hook)
        for middleware in self._middlewares:
            function = getattr(middleware, hook, None)
            if function is not None and getattr(function, "__func__", None) is not empty:
                yield function


class RunningCount:
    """Tells middlewares how many tasks run: one call at a time, in order, the last count always."""

    def __init__(self, stack: MiddlewareStack) -> None:
        self._stack = stack
        self._wanted = stack.fills("on_running_task_count_changed")
        self._count = self._told = 0
        self._teller: asyncio.Task[None] | None = None

    def changed(self, count: int) -> None:
        """Take the new count; on the worker's loop."""
        self._count = count
        if self._wanted and self._teller is None and count != self._told:
            self._teller = asyncio.get_running_loop().create_task(self._tell())

    async def told(self) -> None:
        """Wait until the last count is told."""
        if self._teller is not None:
            await self._teller

    async def _tell(self) -> None:
        while self._told != self._count:
            self._told = self._count
            await self._stack.call("on_running_task_count_changed", self._told)
        self._teller = None
