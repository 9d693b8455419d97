"""Tasks: functions under a name, and the registries in which workers and callers find them."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from typing import Any, Concatenate, TypeVar, overload
from weakref import WeakSet

from mog.arguments import Arguments, Call
from mog.decoration import (
    arguments_of,
    check_function,
    check_options,
    check_timeout,
    derived_name,
    place_of,
    same_function,
    warn_of_main,
)
from mog.errors import ConfigError, UnknownTask
from mog.retrying import NO_RETRIES, Backoff, RetryPolicy, retry_policy
from mog.validation import did_you_mean

F = TypeVar("F", bound=Callable[Concatenate[Any, ...], Any])


@dataclass(frozen=True, eq=False)
class Task:
    """A function that workers run, under a name that outlives its place in the code.

    ``aliases`` are names that it had before. ``queue`` and ``priority`` are for requests and settings that name none.
    ``named`` is False where the name was derived from the function's. ``retry`` tells which failed runs are repeated,
    ``timeout`` how many seconds one run may take.
    """

    name: str
    function: Callable[..., Any]
    aliases: tuple[str, ...] = ()
    queue: str | None = None
    priority: int | None = None
    named: bool = True
    retry: RetryPolicy = NO_RETRIES
    timeout: float | None = None

    @cached_property
    def is_async(self) -> bool:
        """Whether the function is ``async def``; a ``def`` task runs in a thread."""
        return inspect.iscoroutinefunction(inspect.unwrap(self.function))

    @property
    def parameters(self) -> tuple[inspect.Parameter, ...]:
        """The parameters behind the context."""
        return self._arguments.parameters

    def check(self, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Call:
        """Return a caller's arguments as values of the annotated types; see :meth:`Arguments.check`."""
        return self._arguments.check(args, kwargs)

    def dump(self, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Call:
        """Return checked arguments as JSON values; see :meth:`Arguments.dump`."""
        return self._arguments.dump(args, kwargs)

    def load(self, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Call:
        """Return the arguments in a message as values of the annotated types; see :meth:`Arguments.load`."""
        return self._arguments.load(args, kwargs)

    @cached_property
    def _arguments(self) -> Arguments:
        return Arguments(self.name, self.function, arguments_of(self.function))


class Registry:
    """Tasks by their names and aliases. A registry with a parent sees the parent's tasks too."""

    def __init__(self, parent: Registry | None = None) -> None:
        self._parent = parent
        self._children: WeakSet[Registry] = WeakSet()
        self._tasks: dict[str, Task] = {}
        self._names: dict[Callable[..., Any], str] = {}
        self._changes = 0
        if parent is not None:
            parent._children.add(self)

    @property
    def names(self) -> list[str]:
        """The tasks' names, without aliases, sorted."""
        return sorted(task.name for task in self)

    @property
    def revision(self) -> int:
        """A number that grows with each task that is registered here or above."""
        return self._changes if self._parent is None else self._changes + self._parent.revision

    def find(self, name: str) -> Task | None:
        """Return the task of this name or alias, None where there is none."""
        task = self._tasks.get(name)
        return task if task is not None or self._parent is None else self._parent.find(name)

    def get(self, name: str) -> Task:
        """Return the task of this name or alias. Raises UnknownTask with the nearest name there is."""
        task = self.find(name)
        if task is None:
            raise UnknownTask(name, did_you_mean(name, self._all_names()))
        return task

    def for_function(self, function: Callable[..., Any]) -> Task:
        """Return the task that a decorated function is. Raises UnknownTask."""
        registry: Registry | None = self
        while registry is not None:
            if function in registry._names:
                return self.get(registry._names[function])
            registry = registry._parent
        raise UnknownTask(derived_name(function), "its function bears no @task, or that of another app")

    @overload
    def task(self, function: F, /) -> F: ...
    @overload
    def task(
        self,
        /,
        *,
        name: str | None = None,
        aliases: Sequence[str] = (),
        queue: str | None = None,
        priority: int | None = None,
        retries: int | None = None,
        backoff: Backoff | float | timedelta | None = None,
        retry_on: type[Exception] | Sequence[type[Exception]] = (Exception,),
        timeout: float | timedelta | None = None,
    ) -> Callable[[F], F]: ...
    def task(
        self,
        function: Any = None,
        /,
        *,
        name: str | None = None,
        aliases: Sequence[str] = (),
        queue: str | None = None,
        priority: int | None = None,
        retries: int | None = None,
        backoff: Backoff | float | timedelta | None = None,
        retry_on: type[Exception] | Sequence[type[Exception]] = (Exception,),
        timeout: float | timedelta | None = None,
    ) -> Any:
        """Make a function a task, and leave the function as it is.

        The function takes the :class:`Context` first, then what is submitted; ``async def`` runs on the worker's loop,
        ``def`` in a thread. ``name`` is what stands in messages: without one it is derived from module and function,
        and changes with them. ``aliases`` keep names alive which the task had before. ``queue`` and ``priority`` (0 to
        10, higher first) hold where neither request nor settings say otherwise.

        A run that raises one of ``retry_on`` is repeated up to ``retries`` times, after ``backoff``: seconds, a
        function such as ``mog.exponential()`` (the default), or one of your own, which is given the number of the
        retry. A run that takes longer than ``timeout`` seconds fails with TimeoutError, which may be retried as well.
        Raises ConfigError.
        """
        bare = function is not None

        def register(function: F) -> F:
            check_function(function)
            known_as = derived_name(function) if name is None else name
            check_options(known_as, aliases, queue, priority)
            if name is None:
                warn_of_main(function, callers=3 if bare else 2)
            policy = retry_policy(known_as, retries, backoff, retry_on)
            seconds = check_timeout(known_as, timeout)
            named = name is not None
            self.add(Task(known_as, function, tuple(aliases), queue, priority, named, policy, seconds))
            return function

        return register(function) if bare else register

    def add(self, task: Task) -> None:
        """Register a task. Raises ConfigError where another function has one of its names."""
        for name in (task.name, *task.aliases):
            for other in self._holders(name):
                if not same_function(task.function, other.function):
                    raise ConfigError(
                        f"two tasks are named {name!r}: {place_of(other.function)} and {place_of(task.function)}; "
                        "give one of them another name"
                    )
        replaced = self._tasks.get(task.name)
        for name in replaced.aliases if replaced is not None else ():
            self._tasks.pop(name, None)
        self._tasks.update(dict.fromkeys((task.name, *task.aliases), task))
        self._names[task.function] = task.name
        self._changes += 1

    def __iter__(self) -> Iterator[Task]:
        tasks = {} if self._parent is None else {task.name: task for task in self._parent}
        tasks.update((task.name, task) for task in self._tasks.values())
        return iter(tasks.values())

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and self.find(name) is not None

    def _all_names(self) -> set[str]:
        return {name for task in self for name in (task.name, *task.aliases)}

    def _holders(self, name: str) -> Iterator[Task]:
        """Return the tasks that a new one of this name would stand beside or hide."""
        found = self.find(name)
        if found is not None:
            yield found
        for child in self._children:
            if name in child._tasks:
                yield child._tasks[name]


global_registry = Registry()
"""Where ``task`` registers; every app sees it."""

task = global_registry.task
