"""A worker and a client that run for long hold no more memory and no more connections than at first."""

from pathlib import Path

import pytest
from tests.chaos.soak import soak


@pytest.mark.long
@pytest.mark.timeout(2400)
async def test_memory_and_connections_stay_flat(tmp_path: Path) -> None:
    assert await soak(minutes=30.0, rate=20.0, interval=30.0, directory=tmp_path) == []
