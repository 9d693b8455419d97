"""Mognet's nested settings of the broker and the backends, and what becomes of each in AppConfig, which is flat."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, PrivateAttr, ValidationError, model_validator
from pydantic.functional_validators import ModelWrapValidatorHandler

from mog.config import DAY, AppConfig
from mog.errors import ConfigError
from mog.validation import describe


class Encoding(StrEnum):
    """How Mognet writes values; mog chooses by itself."""

    GZIP = "gzip"


class _Settings(BaseModel):
    """A part of Mognet's settings. Raises ConfigError."""

    model_config = ConfigDict(extra="forbid")

    _source: AppConfig | None = PrivateAttr(None)

    @model_validator(mode="wrap")
    @classmethod
    def _explain(cls, data: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:
        try:
            return handler(data)
        except ValidationError as error:
            raise ConfigError(f"{cls.__name__} is not valid: {describe(error, cls.model_fields)}") from None

    def __setattr__(self, name: str, value: Any) -> None:
        if name in type(self).model_fields and self._source is not None:
            raise ConfigError(
                f"{name} cannot be set here: an app's settings are flat, see AppConfig, as config.results"
            )
        super().__setattr__(name, value)

    @property
    def source(self) -> AppConfig | None:
        """The settings of which this is a view; nothing is to be set in one."""
        return self._source

    def view_of(self, config: AppConfig) -> Self:
        """Mark this as a view of ``config``."""
        self._source = config
        return self


class AmqpBrokerSettings(_Settings):
    """RabbitMQ."""

    url: str = "amqp://localhost:5672/"
    retry_connect_attempts: int = 10
    retry_connect_timeout: float = 30


class BrokerConfig(_Settings):
    """The broker."""

    amqp: AmqpBrokerSettings


class RedisResultBackendSettings(_Settings):
    """Redis, as the store of results; times in seconds."""

    url: str = "redis://localhost:6379/"
    result_ttl: float | None = 21 * DAY
    result_value_ttl: float | None = 7 * DAY
    result_value_encoding: Encoding | None = Encoding.GZIP
    retry_connect_attempts: int = 10
    retry_connect_timeout: float = 30
    max_connections: int | None = None


class ResultBackendConfig(_Settings):
    """The result backend."""

    redis: RedisResultBackendSettings


class RedisStateBackendSettings(_Settings):
    """Redis, as the store of State; times in seconds."""

    url: str = "redis://localhost:6379/"
    state_ttl: float = 7200
    max_connections: int | None = None


class StateBackendConfig(_Settings):
    """The state backend."""

    redis: RedisStateBackendSettings


NESTED: dict[str, type[_Settings]] = {
    "broker": BrokerConfig,
    "result_backend": ResultBackendConfig,
    "state_backend": StateBackendConfig,
}

FLAT = {
    "broker.amqp.url": "broker",
    "result_backend.redis.url": "results",
    "result_backend.redis.result_ttl": "result_ttl",
    "result_backend.redis.result_value_ttl": "result_value_ttl",
    "state_backend.redis.url": "state",
}
"""What each setting of Mognet's that has another name here is called."""

RECONNECTS = "mog connects again by itself for as long as it runs"

NEEDLESS = {
    "broker.amqp.retry_connect_attempts": RECONNECTS,
    "broker.amqp.retry_connect_timeout": RECONNECTS,
    "result_backend.redis.result_value_encoding": "mog compresses values that it makes smaller, and reads both kinds",
    "result_backend.redis.retry_connect_attempts": RECONNECTS,
    "result_backend.redis.retry_connect_timeout": RECONNECTS,
    "result_backend.redis.max_connections": "mog has a handful of connections, however many wait",
    "state_backend.redis.max_connections": "mog has a handful of connections, however many wait",
    "state_backend.redis.state_ttl": "State is kept for as long as its task is not done",
    "max_tasks": "it has no effect in Mognet either; to renew a process after so many tasks: mog run --max-tasks",
    "max_reconnect_retries": RECONNECTS,
    "reconnect_interval": RECONNECTS,
}
"""Why a setting of Mognet's has no effect."""


def flatten(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return ``settings`` with Mognet's put under their names here.

    Warns of each that has no effect. Raises ConfigError for what does not fit, and for a setting that is given twice.
    """
    flat = {name: value for name, value in settings.items() if not _is_mognets(name, value)}
    for name, value in settings.items():
        if _is_mognets(name, value):
            for path, given, chosen in _leaves(name, value):
                _put(flat, path, given, chosen=chosen)
    return flat


def _is_mognets(name: str, value: Any) -> bool:
    return name in NEEDLESS or (name in NESTED and (name != "broker" or isinstance(value, dict | BaseModel)))


def _leaves(name: str, value: Any) -> Iterator[tuple[str, Any, bool]]:
    """Yield path and value of each setting below ``name``, and whether it was given or is the default."""
    if name not in NESTED:
        yield name, value, True
        return
    for kind, part in NESTED[name].model_validate(value):
        for key, leaf in part:
            yield f"{name}.{kind}.{key}", leaf, key in part.model_fields_set


def _put(flat: dict[str, Any], path: str, value: Any, *, chosen: bool) -> None:
    if path in NEEDLESS:
        if chosen:
            warnings.warn(f"the setting {path} has no effect: {NEEDLESS[path]}", stacklevel=_calls_from_outside())
        return
    name = FLAT[path]
    if chosen and name in flat:
        raise ConfigError(f"{path} and {name} are one setting; give {name} alone")
    if value is None:
        raise ConfigError(f"{path} is None, and mog keeps nothing for ever; give {name} in seconds")
    flat.setdefault(name, value)


def _calls_from_outside() -> int:
    """Count the calls between the caller of this and whoever makes the settings: a warning's ``stacklevel``."""
    level, frame = 1, sys._getframe(1)
    while frame.f_back is not None and frame.f_globals.get("__name__", "").partition(".")[0] in ("mog", "pydantic"):
        level, frame = level + 1, frame.f_back
    return level


def result_backend_of(config: AppConfig) -> ResultBackendConfig:
    """Return the settings of results in Mognet's form, to be read."""
    redis = RedisResultBackendSettings(
        url=config.results, result_ttl=config.result_ttl, result_value_ttl=config.result_value_ttl
    )
    return ResultBackendConfig(redis=redis.view_of(config)).view_of(config)


def state_backend_of(config: AppConfig) -> StateBackendConfig:
    """Return the settings of State in Mognet's form, to be read."""
    redis = RedisStateBackendSettings(url=config.state)
    return StateBackendConfig(redis=redis.view_of(config)).view_of(config)
