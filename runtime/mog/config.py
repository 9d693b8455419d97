"""AppConfig: every setting of an application, and where its value comes from."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    TypeAdapter,
    ValidationError,
    ValidationInfo,
    model_validator,
)
from pydantic.functional_validators import ModelWrapValidatorHandler
from pydantic_core import from_json

from mog.config_sources import DEFAULT_BROKER, Setting, assemble, from_environment, from_project
from mog.errors import ConfigError
from mog.ids import default_node_id
from mog.validation import describe, empty_dict, empty_list, empty_set, redact

if TYPE_CHECKING:
    from mog.mognet.settings import ResultBackendConfig, StateBackendConfig

DAY = 86_400.0

MOGNETS = frozenset({"result_backend", "state_backend", "max_tasks", "max_reconnect_retries", "reconnect_interval"})
"""Settings that Mognet has and mog has not; its ``broker`` is a table. See :mod:`mog.mognet.settings`."""


def _seconds(value: Any) -> Any:
    """Take a timedelta, or its ISO 8601 text, for its seconds."""
    if isinstance(value, str) and value.lstrip("+-")[:1] == "P":
        value = TypeAdapter(timedelta).validate_python(value)
    return value.total_seconds() if isinstance(value, timedelta) else value


def _listed(value: Any) -> Any:
    """Take ``a, b`` for a list: what an environment variable can hold."""
    return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value


Seconds = Annotated[float, BeforeValidator(_seconds), Field(ge=0, allow_inf_nan=False)]
Listed = BeforeValidator(_listed)


class Queues(BaseModel):
    """Which queues a worker listens on: all but ``exclude``, or ``include`` alone."""

    model_config = ConfigDict(extra="forbid")

    include: set[str] = Field(default_factory=empty_set)
    exclude: set[str] = Field(default_factory=empty_set)

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if self.include and self.exclude:
            raise ValueError("has include and exclude; use one of them")
        return self


class GuardConfig(BaseModel):
    """Who blocks the event loop of a worker is told after ``warn`` seconds; after ``limit`` the worker is not ready.

    A run is told of that takes longer than ``long_task``; None: half of ``consumer_timeout`` with RabbitMQ, else never.
    Without ``enabled`` nobody looks, and readiness knows nothing of it either.
    """

    model_config = ConfigDict(extra="forbid")

    enabled: bool = True
    warn: Seconds = Field(1.0, gt=0)
    limit: Seconds = Field(15.0, gt=0)
    long_task: Seconds | None = Field(None, gt=0)


class AppConfig(BaseModel):
    """Settings of an application. Times are in seconds: a number, a timedelta, or ISO 8601 text such as ``PT90S``.

    Names and meaning are Mognet's where Mognet has them, and its nested settings of broker and backends are taken too.
    Raises ConfigError, with the nearest name for an unknown one.
    """

    model_config = ConfigDict(extra="forbid")

    broker: str = DEFAULT_BROKER
    """URL of the broker: ``amqp://`` or ``amqps://`` of RabbitMQ, or of the embedded engine ``sqlite:///`` and a path
    (relative, or absolute with one more slash), or ``memory://``."""
    results: str = ""
    """URL of the result backend: with RabbitMQ, ``redis://`` or ``rediss://``; the broker's where it is empty."""
    state: str = ""
    """URL of the state backend: that of the results, which is also its default."""
    durability: Literal["normal", "full"] = "normal"
    """Embedded engine: what was submitted outlives the loss of power (full), or of the process alone (normal)."""
    queue_type: Literal["classic", "quorum"] = "classic"
    """RabbitMQ: the kind of queues that are declared; all processes of an app must agree. Mognet knows classic ones."""
    consumer_timeout: Seconds = Field(1800.0, ge=10)
    """RabbitMQ: the server's setting of that name (there in milliseconds). Tasks may run for longer."""
    look_ahead: int = Field(16, ge=0)
    """RabbitMQ: messages ahead of its slots that a worker lets come, shared by its queues; not more than slots."""
    mognet_interop: bool = False
    """RabbitMQ: processes of Mognet take part in this app."""

    node_id: str = Field(default_factory=default_node_id, min_length=1)
    """This process among the workers; unique."""
    imports: Annotated[list[str], Listed] = Field(default_factory=empty_list)
    """Modules to import before a worker starts: those that hold the tasks."""
    exceptions: Annotated[list[str | type[BaseException]], Listed] = Field(default_factory=empty_list)
    """Classes, or their ``module:name``, of errors that are raised as themselves where a result is awaited.

    Besides the builtins, mog's own, and those that the modules of the app's tasks contain.
    """

    concurrency: int = Field(10, ge=1)
    """Tasks that a worker runs at a time."""
    minimum_concurrency: int | None = Field(None, ge=1)
    """Mognet's name for ``concurrency``."""
    maximum_concurrency: int | None = Field(None, ge=1)
    """Tasks that a worker has at most, those included that wait for children; None for no bound.

    When as many wait, none of them goes on unless another worker runs their children.
    """
    max_recursion: int = Field(64, ge=0)
    """Levels of tasks that submit tasks."""
    max_retries: int = Field(3, ge=0)
    """How often a task is started again after its worker has died."""
    grace: Seconds = 25.0
    """What running tasks are given to end in when a worker is asked to stop."""
    unknown_task_grace: Seconds = 60.0
    """How long a task waits for a worker that knows it; 0: INVALID at once, as in Mognet."""

    guard: GuardConfig = Field(default_factory=GuardConfig)
    """When it is told that a task blocks the event loop."""

    default_task_route: str = Field("tasks", min_length=1)
    """The queue of tasks that nothing else routes."""
    task_routes: dict[str, str] = Field(default_factory=empty_dict)
    """Queues by task name."""
    task_queues: Queues = Field(default_factory=Queues)
    """Queues that a worker listens on."""

    max_message_size: int = Field(1024 * 1024, ge=1024)
    """Bytes of a request or a value, as JSON."""
    result_ttl: Seconds = 21 * DAY
    """How long a result is kept after the task's end."""
    result_value_ttl: Seconds = 7 * DAY
    """How long its value is kept."""

    services_settings: dict[str, Any] = Field(default_factory=empty_dict, repr=False)
    """Passed on to services."""

    @model_validator(mode="wrap")
    @classmethod
    def _explain(cls, data: Any, handler: ModelWrapValidatorHandler[Self], info: ValidationInfo) -> Self:
        if isinstance(data, dict) and (
            not MOGNETS.isdisjoint(data) or isinstance(data.get("broker"), dict | BaseModel)
        ):
            from mog.mognet.settings import flatten  # noqa: PLC0415 - knows this class; only Mognet's programs need it

            data = flatten(data)
        try:
            config = handler(data)
        except ValidationError as error:
            what = describe(error, [*setting_names(cls)], info.context or {})
            raise ConfigError(f"the configuration is not valid: {what}") from None
        return config._completed()

    @property
    def result_backend(self) -> ResultBackendConfig:
        """The settings of results as Mognet has them, to be read."""
        from mog.mognet.settings import result_backend_of  # noqa: PLC0415 - only Mognet's programs need it

        return result_backend_of(self)

    @property
    def state_backend(self) -> StateBackendConfig:
        """The settings of State as Mognet has them, to be read."""
        from mog.mognet.settings import state_backend_of  # noqa: PLC0415 - only Mognet's programs need it

        return state_backend_of(self)

    @classmethod
    def from_file(cls, path: str | os.PathLike[str]) -> Self:
        """Read a JSON file. Raises ConfigError."""
        try:
            settings = from_json(Path(path).read_bytes())
        except OSError as error:
            raise ConfigError(f"the configuration file {path} cannot be read: {error.strerror}") from None
        except ValueError as error:
            raise ConfigError(f"the configuration file {path} is not valid JSON: {error}") from None
        if not isinstance(settings, dict):
            raise ConfigError(f"the configuration file {path} must hold a JSON object, {{...}}")
        return cls.model_validate(settings, context=dict.fromkeys(settings, f"file {path}"))

    def _completed(self) -> Self:
        given = self.model_fields_set
        self.results = self.results or self.broker
        self.state = self.state or self.results
        if self.minimum_concurrency is not None and "concurrency" not in given:
            self.concurrency = self.minimum_concurrency
        if self.maximum_concurrency is not None and self.maximum_concurrency < self.concurrency:
            if "concurrency" in given or self.minimum_concurrency is not None:
                raise ConfigError(
                    f"maximum_concurrency ({self.maximum_concurrency}) is less than concurrency ({self.concurrency})"
                )
            self.concurrency = self.maximum_concurrency
        return self

    def __repr_args__(self) -> Iterable[tuple[str | None, Any]]:
        for name, value in super().__repr_args__():
            yield name, redact(value) if isinstance(value, str) else value


def load_config(**arguments: Any) -> AppConfig:
    """Gather the settings: arguments, then ``MOG_<NAME>`` of the environment, then ``[tool.mog]``, then defaults.

    ``[tool.mog]`` is that of the nearest pyproject.toml above the working directory that has one. Arguments that are
    None do not count. Raises ConfigError that says where the wrong value came from.
    """
    given = {name: Setting(value, f"argument {name}") for name, value in arguments.items() if value is not None}
    found = from_project() | from_environment(setting_names(AppConfig))
    settings = {name: setting for name, setting in found.items() if name.partition(".")[0] not in given} | given
    origins = {name: setting.origin for name, setting in settings.items()}
    return AppConfig.model_validate(assemble(settings), context=origins)


def setting_names(model: type[BaseModel]) -> Iterator[str]:
    """Yield the names of all settings, and those of their parts as ``name.part``."""
    for name, field in model.model_fields.items():
        yield name
        kind = field.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            yield from (f"{name}.{part}" for part in kind.model_fields)
