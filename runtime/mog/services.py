"""Services: what tasks use besides their arguments, got by ``context.get_service`` and replaced in tests."""

from __future__ import annotations

import inspect
import logging
from abc import ABC, abstractmethod
from collections.abc import Callable, MutableMapping
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from types import TracebackType
from typing import TYPE_CHECKING, Any, Generic, Self, TypeVar

from mog.config import AppConfig

if TYPE_CHECKING:
    from mog.context import Context

S = TypeVar("S")

log = logging.getLogger("mog.services")


class ClassService(ABC, Generic[S]):
    """A service with a life of its own: made once per app at its first use, closed when the app closes.

    Called with the task's context (and what get_service was given besides), it returns what the task uses.
    """

    def __init__(self, config: AppConfig) -> None:
        self.config = config

    @abstractmethod
    def __call__(self, context: Context, *args: Any, **kwargs: Any) -> S:
        """Return what a task uses."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of what the service holds."""

    async def wait_closed(self) -> None:
        """Wait until that has happened; called after ``close``."""


class Services:
    """The services of one app: ``overrides`` takes the place of what tasks ask for."""

    def __init__(self, config: AppConfig) -> None:
        self.overrides: MutableMapping[Any, Callable[..., Any]] = {}
        self._config = config
        self._instances: dict[type[ClassService[Any]], ClassService[Any]] = {}

    def find(self, service: Callable[..., Any]) -> Callable[..., Any]:
        """Return what is to be called for ``service``: its override, a class service's instance, or itself."""
        if service in self.overrides:
            return self.overrides[service]
        if inspect.isclass(service) and issubclass(service, ClassService):
            if service not in self._instances:
                self._instances[service] = service(self._config).__enter__()
            return self._instances[service]
        return service

    async def close(self) -> None:
        """Close the class services, the last made first; what one raises is logged."""
        while self._instances:
            kind, instance = self._instances.popitem()
            try:
                instance.__exit__(None, None, None)
                await instance.wait_closed()
            except Exception:
                log.exception("service %s did not close", kind.__qualname__)


class TaskServices:
    """The services that live as long as one run: generators, whose end is run when the task has ended.

    Each end is told how the run ended: the exception that ended it is raised at the generator's ``yield``.
    """

    def __init__(self, services: Services, context: Context) -> None:
        self._services = services
        self._context = context
        self._stack = AsyncExitStack()

    def get(self, service: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """Return the service's value; for an asynchronous generator (and ``async def``) an awaitable of it."""
        function = self._services.find(service)
        if inspect.isasyncgenfunction(function):
            return self._enter_async(asynccontextmanager(function), args, kwargs)
        if inspect.isgeneratorfunction(function):
            manager: Any = contextmanager(function)(self._context, *args, **kwargs)
            return self._stack.enter_context(manager)
        return function(self._context, *args, **kwargs)

    async def close(self, error: BaseException | None) -> None:
        """End what was entered, the last first. What an end raises, other than ``error`` itself, is raised."""
        await self._stack.__aexit__(type(error) if error else None, error, error.__traceback__ if error else None)

    async def _enter_async(self, make: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        return await self._stack.enter_async_context(make(self._context, *args, **kwargs))
