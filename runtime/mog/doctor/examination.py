"""What is looked at, in which order."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from typing import TYPE_CHECKING

from mog.config import AppConfig
from mog.doctor import versions
from mog.doctor.findings import Finding, fail, ok
from mog.doctor.settings import settings
from mog.doctor.tasks import tasks
from mog.engine.urls import BROKERS, open_engine, sqlite_path
from mog.errors import ConfigError
from mog.validation import redact

if TYPE_CHECKING:
    from mog.app import App


async def examine(
    config: AppConfig, app: App | None = None, *, thorough: bool = False, management: str | None = None
) -> AsyncIterator[Finding]:
    """Yield what is found, as it is found. Without the app, which may be broken, its names are not looked at.

    ``thorough`` reads a database file to its end; ``management`` is the URL of RabbitMQ's management plugin. Servers
    that do not answer take some seconds. Raises ConfigError for a URL that makes no sense.
    """
    scheme = config.broker.partition(":")[0]
    if management is not None and scheme not in BROKERS:
        raise ConfigError(f"a management URL is for an app on RabbitMQ, and this one is on {redact(config.broker)}")
    yield versions.python()
    for finding in settings(config):
        yield finding
    if app is not None:
        for finding in tasks(app):
            yield finding
    try:
        open_engine(config.broker, config.results, config.state)
    except ConfigError as error:
        yield fail("settings", str(error))
        return
    if scheme == "memory":
        yield versions.sqlite()
        yield ok("store", f"{config.broker} is in the memory of one process, and ends with it")
    elif scheme in BROKERS:
        from mog.doctor.distributed import distributed  # noqa: PLC0415 - only the chosen engine is loaded

        async for finding in distributed(config, app, management):
            yield finding
    else:
        for finding in embedded(config, thorough=thorough):
            yield finding


def embedded(config: AppConfig, *, thorough: bool) -> Iterable[Finding]:
    """Look at the file of the embedded engine."""
    from mog.doctor.store_file import store_file  # noqa: PLC0415 - only the chosen engine is loaded

    yield versions.sqlite()
    yield from store_file(sqlite_path(config.broker).absolute(), thorough=thorough)
