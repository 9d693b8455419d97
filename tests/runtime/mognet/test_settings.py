"""Mognet's nested settings, and what becomes of them."""

from __future__ import annotations

import json
import warnings
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from mog import App, AppConfig
from mog.errors import ConfigError
from mog.mognet import (
    AmqpBrokerSettings,
    BrokerConfig,
    Encoding,
    RedisResultBackendSettings,
    RedisStateBackendSettings,
    ResultBackendConfig,
    StateBackendConfig,
)
from mog.mognet.settings import NEEDLESS, NESTED

AMQP, REDIS = "amqp://guest:guest@rabbit/", "redis://redis:6379/1"

GIVEN = {
    "retry_connect_attempts": 3,
    "retry_connect_timeout": 2.5,
    "result_value_encoding": None,
    "max_connections": 40,
    "state_ttl": 60,
}


def refusal(**settings: Any) -> str:
    with pytest.raises(ConfigError) as raised:
        AppConfig(**settings)
    assert "\n" not in str(raised.value)
    return str(raised.value)


def test_settings_as_a_program_writes_them() -> None:
    settings: dict[str, Any] = {
        "broker": BrokerConfig(amqp=AmqpBrokerSettings(url=AMQP)),
        "result_backend": ResultBackendConfig(
            redis=RedisResultBackendSettings(url=REDIS, result_ttl=100, result_value_ttl=50)
        ),
        "state_backend": StateBackendConfig(redis=RedisStateBackendSettings(url=REDIS)),
    }
    config = AppConfig(**settings)
    assert (config.broker, config.results, config.state) == (AMQP, REDIS, REDIS)
    assert (config.result_ttl, config.result_value_ttl) == (100, 50)
    assert config == AppConfig(
        broker=AMQP, results=REDIS, state=REDIS, result_ttl=100, result_value_ttl=50, node_id=config.node_id
    )


def test_defaults_are_mognets() -> None:
    settings: dict[str, Any] = {
        "broker": {"amqp": {}},
        "result_backend": {"redis": {}},
        "state_backend": {"redis": {}},
    }
    config = AppConfig(**settings)
    assert config.broker == "amqp://localhost:5672/"
    assert config.results == config.state == "redis://localhost:6379/"
    assert (config.result_ttl, config.result_value_ttl) == (AppConfig().result_ttl, AppConfig().result_value_ttl)


def test_settings_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "config.json"
    nested = {"broker": {"amqp": {"url": AMQP}}, "result_backend": {"redis": {"url": REDIS}}, "max_retries": 1}
    file.write_text(json.dumps(nested))
    config = AppConfig.from_file(file)
    assert (config.broker, config.results, config.state, config.max_retries) == (AMQP, REDIS, REDIS, 1)


def test_settings_in_those_of_a_program() -> None:
    class Program(BaseModel):
        mognet: AppConfig

    program = Program.model_validate({"mognet": {"broker": {"amqp": {"url": AMQP}}}})
    assert program.mognet.broker == AMQP
    with pytest.raises(ConfigError, match="AmqpBrokerSettings is not valid: url"):
        Program.model_validate({"mognet": {"broker": {"amqp": {"url": 1}}}})


def test_settings_as_arguments_of_the_app() -> None:
    app = App("shop", result_backend={"redis": {"url": "memory://"}}, broker="memory://")
    assert app.config.results == "memory://"


@pytest.mark.parametrize("name", NEEDLESS)
def test_of_a_setting_without_effect_is_warned_where_it_is_given(name: str) -> None:
    leaf: Any = GIVEN.get(name.rpartition(".")[2], 7)
    for part in reversed(name.split(".")[1:]):
        leaf = {part: leaf}
    with pytest.warns(UserWarning, match="has no effect") as warned:
        config = AppConfig(**{name.partition(".")[0]: leaf})
    [warning] = warned
    assert str(warning.message) == f"the setting {name} has no effect: {NEEDLESS[name]}"
    assert warning.filename == __file__
    assert isinstance(config.broker, str)


def test_of_a_default_nothing_is_said() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        AppConfig(**{name: {kind: {}} for name, cls in NESTED.items() for kind in cls.model_fields})


def test_a_setting_that_is_given_in_both_forms() -> None:
    told = refusal(results="redis://other", result_backend={"redis": {"url": REDIS}})
    assert told == "result_backend.redis.url and results are one setting; give results alone"
    settings: dict[str, Any] = {"result_ttl": 5, "result_backend": {"redis": {"url": REDIS}}}
    assert AppConfig(**settings).result_ttl == 5


def test_nothing_is_kept_for_ever() -> None:
    told = refusal(result_backend={"redis": {"result_ttl": None}})
    assert told == "result_backend.redis.result_ttl is None, and mog keeps nothing for ever; give result_ttl in seconds"


def test_what_does_not_fit() -> None:
    assert (
        refusal(broker={"amqp": {"ulr": AMQP}})
        == "AmqpBrokerSettings is not valid: ulr is unknown; did you mean 'url'?"
    )
    assert "amqp: Field required" in refusal(broker={})
    assert "BrokerConfig is not valid" in refusal(broker=StateBackendConfig(redis=RedisStateBackendSettings()))
    assert refusal(broker=5).startswith("the configuration is not valid: broker: Input should be a valid string")
    assert "result_ttl" in refusal(result_backend={"redis": {"result_ttl": -1}})


def test_settings_are_read_in_mognets_form_and_set_in_ours() -> None:
    config = AppConfig(broker=AMQP, results=REDIS, result_ttl=9)
    redis = config.result_backend.redis
    assert (redis.url, redis.result_ttl, redis.result_value_encoding) == (REDIS, 9, Encoding.GZIP)
    assert config.state_backend.redis.url == REDIS
    with pytest.raises(ConfigError, match="url cannot be set here"):
        redis.url = "redis://elsewhere"
    with pytest.raises(ConfigError, match="redis cannot be set here"):
        config.state_backend.redis = RedisStateBackendSettings()
    config.results = "redis://elsewhere"
    assert config.result_backend.redis.url == "redis://elsewhere"
    settings: dict[str, Any] = {"broker": AMQP, "result_backend": config.result_backend}
    assert AppConfig(**settings).results == "redis://elsewhere"
