"""An app on each engine, with nothing in it but what a test declares."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from mog import App
from mog.testing.clock import VirtualClock

MakeApp = Callable[..., App]


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock()


@pytest.fixture(params=["file", "memory"])
async def app(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[App]:
    """An app on real time."""
    url = "memory://" if request.param == "memory" else f"sqlite:///{tmp_path}/mog.db"
    async with App("demo", broker=url, grace=0.2) as app:
        yield app


@pytest.fixture
async def still_app(clock: VirtualClock) -> AsyncIterator[App]:
    """An app whose time stands still until a test turns ``clock``."""
    async with App("demo", broker="memory://", clock=clock, grace=0.2) as app:
        yield app
