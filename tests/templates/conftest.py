"""Projects as `mog new` makes them."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

NewProject = Callable[..., Path]


@pytest.fixture(scope="session")
def new_project(tmp_path_factory: pytest.TempPathFactory) -> NewProject:
    """A function that makes a project of a template and returns its directory."""

    def make(name: str, template: str = "minimal") -> Path:
        directory = tmp_path_factory.mktemp("new")
        command = [sys.executable, "-m", "mog_cli", "new", name, "--template", template, "--no-git"]
        subprocess.run(command, cwd=directory, check=True)
        return directory / name

    return make
