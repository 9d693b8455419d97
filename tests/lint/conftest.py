"""What the linter's tests share."""

from pathlib import Path

import pytest
from tests.lint.scratch import ScratchProject


@pytest.fixture
def project(tmp_path: Path) -> ScratchProject:
    return ScratchProject(tmp_path)
