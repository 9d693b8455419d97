"""What pytest finds by itself where mog is installed; ``-p no:mog`` turns it off."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from mog.testing.bench import Bench
from mog.testing.fixtures import bench_of

if TYPE_CHECKING:
    from mog.app import App


@pytest.fixture
def mog_bench(app: App) -> Bench:
    """Return the bench on which the fixture ``app`` runs, which ``mog.testing.create_app_fixture`` has made."""
    return bench_of(app)
