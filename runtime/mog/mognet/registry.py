"""Mognet's view of the tasks that are known."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from typing import Any, Protocol, cast

from mog.context import Context
from mog.errors import ConfigError
from mog.task import Registry, global_registry


class TaskProtocol(Protocol):
    """A task's function."""

    def __call__(self, context: Context, *args: Any, **kwargs: Any) -> Any:
        """Run the task."""


class TaskRegistry:
    """Tasks by name: those of ``tasks``, without it all that bear ``@task``."""

    def __init__(self, tasks: Registry | None = None) -> None:
        self._tasks = Registry() if tasks is None else tasks

    @property
    def registered_task_names(self) -> list[str]:
        """The names of all tasks."""
        return self._tasks.names

    def get_task_function(self, name: str) -> TaskProtocol:
        """Return the function of a task. Raises UnknownTask."""
        return cast("TaskProtocol", self._tasks.get(name).function)

    def get_task_name(self, func: Callable[..., Any]) -> str:
        """Return the name of a decorated function. Raises UnknownTask."""
        return self._tasks.for_function(func).name

    def add_task_function(self, func: Callable[..., Any], *, name: str | None = None) -> None:
        """Make a function a task. Raises ConfigError."""
        self._tasks.task(name=name)(func)

    def register_globally(self) -> None:
        """Do nothing for the registry to which ``@task`` adds; raises ConfigError for another."""
        if self._tasks is not global_registry:
            raise ConfigError("there is one registry to which @task adds; for tasks of one app alone use @app.task")


_everybodys = TaskRegistry(global_registry)

task_registry: ContextVar[TaskRegistry] = ContextVar("task_registry", default=_everybodys)
"""Holds the registry to which ``@task`` adds, the same in all contexts."""
