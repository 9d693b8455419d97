"""The extension for Visual Studio Code: its own tests, and the package that is made of it."""

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
EXTENSION = ROOT / "editors/vscode"
needs_node = pytest.mark.skipif(
    shutil.which("npm") is None or not (EXTENSION / "node_modules").is_dir(),
    reason="no npm, or its packages are not there: run `npm ci` in editors/vscode",
)


def npm(*arguments: str) -> str:
    environment = os.environ | {"MOG_PYTHON": sys.executable}
    command = ["npm", *arguments]
    done = subprocess.run(command, cwd=EXTENSION, env=environment, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_it_bears_the_version_of_the_project() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    package = json.loads((EXTENSION / "package.json").read_text("utf-8"))
    lock = json.loads((EXTENSION / "package-lock.json").read_text("utf-8"))
    assert package["version"] == lock["version"] == project["version"]


def test_its_lock_names_no_registry() -> None:
    text = (EXTENSION / "package-lock.json").read_text("utf-8")
    assert '"resolved"' not in text
    assert not re.search(r"https?://[^\"]*(?:registry|npmjs|\.tgz)", text)
    assert '"integrity"' in text


@needs_node
def test_its_types_hold_and_its_tests_pass() -> None:
    npm("run", "check")
    assert "# fail 0" in npm("test")


@needs_node
@pytest.mark.timeout(120)
def test_one_command_packs_it() -> None:
    npm("run", "package")
    with zipfile.ZipFile(EXTENSION / "dist/mog.vsix") as package:
        assert {name for name in package.namelist() if name.startswith("extension/")} == {
            "extension/LICENSE.txt",
            "extension/dist/NOTICES.txt",
            "extension/dist/extension.js",
            "extension/package.json",
            "extension/readme.md",
        }
        assert b"Microsoft" in package.read("extension/dist/NOTICES.txt")
        assert bytes(ROOT) not in package.read("extension/dist/extension.js")
