"""Mognet's result backends: what is known of an app's tasks, with Mognet's methods."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from types import TracebackType
from typing import Any, NamedTuple, Protocol, Self
from uuid import UUID

from mog.app import App
from mog.children import ResultChildren
from mog.config import load_config
from mog.engine.records import Record
from mog.errors import ConfigError, ResultNotReady
from mog.mognet.settings import ResultBackendConfig
from mog.result import Result
from mog.states import ResultState

ResultOrId = UUID | Result[Any]


class ResultValueHolder(NamedTuple):
    """An outcome: the name of its type, and the value, or the exception with which the task failed."""

    value_type: str
    raw_value: Any

    def deserialize(self) -> Any:
        """Return the outcome."""
        return self.raw_value


class ResultValue:
    """The outcome of a task, to be looked at: an error is returned and not raised."""

    def __init__(self, app: App, result: Result[Any]) -> None:
        self._app, self._result = app, result

    async def get_raw_value(self) -> Any:
        """Return the value, or the exception. Raises ResultNotReady and ResultValueLost."""
        if not self._result.done:
            raise ResultNotReady
        return self._result.interpret(await self._app.port().call("results.get_values", self._result.id))

    async def get_value_holder(self) -> ResultValueHolder:
        """Return the outcome and its type. Raises what get_raw_value raises."""
        value = await self.get_raw_value()
        return ResultValueHolder(f"{type(value).__module__}:{type(value).__qualname__}", value)


class AppParameters(Protocol):
    """What a backend that stands by itself is told of the app."""

    name: str


class BaseResultBackend:
    """The results of an app. The methods may be called on any loop, and each may raise EngineUnavailable.

    A result is written by who runs its task; from outside it can be ended (:meth:`Result.set_result`), and no more.
    """

    def __init__(self, app: App) -> None:
        self.app = app

    @property
    def config(self) -> ResultBackendConfig:
        """The settings, to be read."""
        return self.app.config.result_backend

    async def get(self, result_id: UUID) -> Result[Any] | None:
        """Return a result, None for an id that is not known."""
        found = await self.app.results([result_id])
        return found[0] if found else None

    async def get_many(self, *result_ids: UUID) -> list[Result[Any]]:
        """Return results; ids that are not known are left out."""
        return await self.app.results(result_ids)

    async def get_or_create(self, result_id: UUID) -> Result[Any]:
        """Return a result; for an id that is not known one that is PENDING, and that is stored once it has ended."""
        return await self.get(result_id) or Result(self.app, Record(result_id, state=ResultState.PENDING))

    async def wait(self, result_id: UUID, timeout: float | None = None, poll: float | None = None) -> Result[Any]:
        """Wait until a task is done, and return its result. Raises TimeoutError, and ResultLost."""
        result = await self.app.result(result_id)
        await result.wait(timeout=timeout, poll=poll)
        return result

    async def get_value(self, result_id: UUID) -> ResultValueHolder:
        """Return a task's outcome. Raises ResultLost, ResultNotReady and ResultValueLost."""
        return await (await self.app.result(result_id)).value.get_value_holder()

    async def get_children_count(self, parent_result_id: UUID) -> int:
        """Return how many tasks one has submitted, 0 for an id that is not known."""
        return await ResultChildren(self.app, parent_result_id).count()

    def iterate_children_ids(self, parent_result_id: UUID, *, count: int | None = None) -> AsyncIterator[UUID]:
        """Iterate over the ids of the tasks that one has submitted, the first ``count`` of them."""
        return ResultChildren(self.app, parent_result_id).iter_ids(count=count)

    def iterate_children(self, parent_result_id: UUID, *, count: int | None = None) -> AsyncIterator[Result[Any]]:
        """Iterate over their results."""
        return ResultChildren(self.app, parent_result_id).iter_instances(count=count)

    async def get_metadata(self, result_id: UUID) -> dict[str, Any]:
        """Return a task's metadata, empty for an id that is not known."""
        return await self.app.get_metadata(result_id)

    async def set_metadata(self, result_id: UUID, **values: Any) -> None:
        """Merge JSON values into a task's metadata."""
        await self.app.set_metadata(result_id, values)

    async def delete(self, result_id: UUID, include_children: bool = True) -> None:
        """Forget a result, see :meth:`Result.delete`; one that is not known is forgotten already."""
        if (result := await self.get(result_id)) is not None:
            await result.delete(include_children)

    async def set_ttl(self, result_id: UUID, ttl: timedelta, include_children: bool = True) -> None:
        """Let the store forget a result later, see :meth:`Result.set_ttl`. Raises ResultLost."""
        await (await self.app.result(result_id)).set_ttl(ttl, include_children)

    async def connect(self) -> None:
        """Open the app's engine now, rather than at the first use."""
        await self.app.port().open()

    async def close(self) -> None:
        """Do nothing: the app closes its engine."""

    async def __aenter__(self) -> Self:
        await self.connect()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.close()


class _OwnResultBackend(BaseResultBackend):
    """A result backend that stands by itself."""

    async def close(self) -> None:
        """Close the engine."""
        await self.app.close()


class MemoryResultBackend(_OwnResultBackend):
    """Results in memory, for tests."""

    def __init__(self, config: ResultBackendConfig, app: AppParameters) -> None:  # noqa: ARG002 - Mognet's form
        super().__init__(App(app.name, broker="memory://"))


class RedisResultBackend(_OwnResultBackend):
    """The results of the app of this name, in Redis.

    The engine needs RabbitMQ too: that of the AppConfig whose ``result_backend`` is ``config``, else that of the
    environment. Raises ConfigError where there is none.
    """

    def __init__(self, config: ResultBackendConfig, app: AppParameters) -> None:
        broker = (config.source or load_config()).broker
        if not broker.startswith("amqp"):
            raise ConfigError("RedisResultBackend by itself needs MOG_BROKER=amqp://…; or use the app's result_backend")
        super().__init__(App(app.name, broker=broker, results=config.redis.url, state=config.redis.url))
