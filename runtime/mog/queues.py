"""Queues: their names, and which of them an app uses, submits to and works on."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from mog.config import AppConfig
from mog.errors import ConfigError
from mog.request import Request
from mog.task import Registry, Task


class Queues:
    """The queues of one app. Users know them by their short names; on the broker they are ``{app}.{queue}``."""

    def __init__(self, app_name: str, config: AppConfig, tasks: Registry) -> None:
        self._prefix = f"{app_name}."
        self._app_name = app_name
        self._config = config
        self._tasks = tasks

    def full_name(self, queue: str) -> str:
        """Return the name that a queue has on the broker; the form is Mognet's."""
        return self._prefix + queue

    def full_names(self, queues: Iterable[str] | None) -> list[str]:
        """Return the broker's names of ``queues``, without them of all that the app uses, sorted."""
        return [self.full_name(queue) for queue in sorted(self.used() if queues is None else queues)]

    def short_name(self, full_name: str) -> str:
        """Return a queue's name as users know it."""
        return full_name.removeprefix(self._prefix)

    def used(self) -> set[str]:
        """Return the queues that the app's tasks and settings name."""
        tasks = {task.queue for task in self._tasks if task.queue is not None}
        return {self._config.default_task_route, *self._config.task_routes.values(), *tasks}

    def worked_on(self) -> set[str]:
        """Return the queues that the settings let a worker work on."""
        chosen = self._config.task_queues
        return set(chosen.include) if chosen.include else self.used() - set(chosen.exclude)

    def choose(self, include: Iterable[str] | None, exclude: Iterable[str]) -> list[str]:
        """Return what one worker works on. Raises ConfigError for a queue that nobody uses, and if none is left."""
        include = None if include is None else set(include)
        exclude = set(exclude)
        known = self.used() | self.worked_on()
        strange = sorted(((include or set()) | exclude) - known)
        its_own = f"those of app {self._app_name!r} are {', '.join(sorted(known))}"
        if strange:
            raise ConfigError(f"no task uses queue {', '.join(strange)}; {its_own}")
        left = sorted((self.worked_on() if include is None else include) - exclude)
        if not left:
            raise ConfigError(f"no queue is left to work on; {its_own}")
        return left

    def route(self, request: Request[Any], task: Task | None) -> str:
        """Return where a request goes: its own queue, else the settings' for its task, else the task's, the default."""
        if request.queue_name is not None:
            return request.queue_name
        routes = self._config.task_routes
        names = (request.name,) if task is None else (request.name, task.name, *task.aliases)
        for name in names:
            if name in routes:
                return routes[name]
        return (task.queue if task is not None else None) or self._config.default_task_route
