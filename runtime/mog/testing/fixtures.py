"""Makes a pytest fixture of an application's app."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from mog.errors import ConfigError
from mog.testing.bench import Bench, running
from mog.testing.recording import RecordingSubmitter

if TYPE_CHECKING:
    from mog.app import App


def create_app_fixture(app: App, *, blocking_limit: float | timedelta | None = None) -> Any:
    """Return a pytest fixture that gives a test ``app``, connected and with a worker; the name is Mognet's.

    In conftest.py: ``app = create_app_fixture(my_app)``. Each test has an empty queue in memory, whatever the app's
    settings say, and time that is skipped: what is delayed or retried runs at once. The fixture ``mog_bench`` looks
    at what was submitted. ``blocking_limit`` is that of :func:`running`. Raises ConfigError where pytest-asyncio, which
    runs the fixture, is not installed.
    """
    try:
        import pytest_asyncio  # noqa: PLC0415 - only tests need it
    except ImportError:
        raise ConfigError("create_app_fixture needs pytest-asyncio: pip install pytest-asyncio") from None

    @pytest_asyncio.fixture
    async def app_fixture() -> AsyncIterator[App]:
        """Run the app beside the test."""
        async with running(app, skip_time=True, blocking_limit=blocking_limit):
            yield app

    return app_fixture


def bench_of(app: App) -> Bench:
    """Return the bench on which ``app`` runs. Raises ConfigError where it does not."""
    submitter = getattr(app, "submitter", None)  # other frameworks' projects have a fixture `app` too
    bench = submitter.bench if isinstance(submitter, RecordingSubmitter) else None
    if bench is None:
        problem = "is not on the bench" if submitter is not None else "is no mog.App"
        raise ConfigError(f"the fixture `app` {problem}: make it with mog.testing.create_app_fixture")
    return bench
