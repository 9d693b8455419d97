"""The whole examination, engine by engine."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from mog import App, Context
from mog.config import AppConfig
from mog.doctor import Finding, Level, examine
from mog.errors import ConfigError


def app_on(broker: str, results: str | None = None, **settings: Any) -> App:
    app = App(f"test-{uuid4().hex[:8]}", broker=broker, results=results, **settings)

    @app.task(name="shop.work")
    async def work(context: Context) -> None: ...

    return app


async def look(app: App, **options: Any) -> list[Finding]:
    return [finding async for finding in examine(app.config, app, **options)]


def subjects(findings: list[Finding]) -> list[str]:
    return list(dict.fromkeys(finding.subject for finding in findings))


async def test_memory() -> None:
    findings = await look(app_on("memory://"))
    assert subjects(findings) == ["python", "tasks", "sqlite", "store"]
    assert {finding.level for finding in findings} == {Level.OK}


async def test_file(tmp_path: Path) -> None:
    findings = await look(app_on(f"sqlite:///{tmp_path}/mog.db"))
    assert subjects(findings) == ["python", "tasks", "sqlite", "store"]
    async with (app := app_on(f"sqlite:///{tmp_path}/mog.db")):
        findings = await look(app, thorough=True)
    assert subjects(findings) == ["python", "tasks", "sqlite", "store", "processes"]
    assert {finding.level for finding in findings} == {Level.OK}
    assert any(", undamaged" in finding.text for finding in findings)


async def test_servers(amqp_url: str, redis_url: str) -> None:
    findings = await look(app_on(amqp_url, redis_url))
    assert subjects(findings) == ["python", "tasks", "packages", "rabbitmq", "queues", "redis", "clock"]
    assert not [finding for finding in findings if finding.level is Level.FAIL]


async def test_servers_with_a_plugin_that_is_not_there(amqp_url: str, redis_url: str) -> None:
    findings = await look(app_on(amqp_url, redis_url), management="http://127.0.0.1:1")
    assert [finding.subject for finding in findings if finding.level is Level.FAIL] == ["management"]


async def test_one_server_out_of_reach_does_not_hide_the_other(redis_url: str) -> None:
    findings = await look(app_on("amqp://127.0.0.1:1/", redis_url))
    assert [finding.subject for finding in findings if finding.out_of_reach] == ["rabbitmq"]
    assert "clock" in subjects(findings)


async def test_without_the_app(tmp_path: Path, amqp_url: str, redis_url: str) -> None:
    for config in (AppConfig(broker=f"sqlite:///{tmp_path}/mog.db"), AppConfig(broker=amqp_url, results=redis_url)):
        findings = [finding async for finding in examine(config)]
        assert not {"tasks", "queues"} & set(subjects(findings))


@pytest.mark.parametrize(
    "urls", [{"broker": "kafka://host"}, {"broker": "amqp://host"}, {"broker": "amqp://h", "results": "redis://h/x"}]
)
async def test_urls_that_make_no_engine(urls: dict[str, str]) -> None:
    *_, last = [finding async for finding in examine(AppConfig(**urls))]
    assert (last.level, last.subject) == (Level.FAIL, "settings")


async def test_management_of_something_else() -> None:
    with pytest.raises(ConfigError, match="is for an app on RabbitMQ"):
        await look(app_on("memory://"), management="http://localhost:15672")
