"""What pytest finds by itself where mog is installed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from mog.testing.bench import Bench


@pytest.fixture
def mog_bench(app: Any) -> Bench:
    """Return the bench on which the fixture ``app`` runs, which ``mog.testing.create_app_fixture`` has made."""
    from mog.testing.fixtures import bench_of  # noqa: PLC0415 - a run without this fixture does not pay for it

    return bench_of(app)
