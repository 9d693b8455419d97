"""What is shipped, and on what it stands."""

import email.parser
import re
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
SOURCES = {
    "mog": ROOT / "runtime/mog",
    "mog_cli": ROOT / "cli/mog_cli",
    "mog_lint": ROOT / "lint/mog_lint",
    "mog_templates": ROOT / "templates/mog_templates",
}


@pytest.fixture(scope="module")
def project() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))


def build(target: str, project_directory: Path, output: Path) -> Path:
    command = [sys.executable, "-m", "hatchling", "build", "--target", target, "--directory", str(output)]
    subprocess.run(command, cwd=project_directory, check=True, capture_output=True)
    (built,) = output.iterdir()
    return built


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build("wheel", ROOT, tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="module")
def sdist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build("sdist", ROOT, tmp_path_factory.mktemp("sdist"))


def contents(wheel: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(wheel) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def expected_files(directory: Path) -> set[str]:
    """Files of a source package that git does not ignore, by their names in the wheel."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z", "."]
    listed = subprocess.run(command, cwd=directory, check=True, capture_output=True, text=True).stdout
    return {f"{directory.name}/{name}" for name in listed.split("\0") if name and (directory / name).is_file()}


def test_wheel_ships_the_four_packages_and_nothing_else(wheel: Path) -> None:
    shipped = {name for name in contents(wheel) if not name.startswith("mogkit-")}
    assert shipped == set().union(*(expected_files(directory) for directory in SOURCES.values()))
    assert {f"{package}/py.typed" for package in SOURCES} <= shipped


def test_wheel_describes_itself(wheel: Path, project: dict[str, Any]) -> None:
    files = {name.partition("/")[2]: data for name, data in contents(wheel).items() if name.startswith("mogkit-")}
    metadata = email.parser.BytesParser().parsebytes(files["METADATA"])
    assert metadata["Name"] == "mogkit"
    assert metadata["Version"] == project["project"]["version"]
    assert metadata["License-Expression"] == "MIT"
    assert metadata.get_payload() == (ROOT / "README.md").read_text("utf-8")
    assert "licenses/LICENSE" in files
    assert b"mog = mog_cli.__main__:main" in files["entry_points.txt"]


def test_sdist_builds_the_same_wheel(sdist: Path, wheel: Path, tmp_path: Path) -> None:
    with tarfile.open(sdist) as archive:
        archive.extractall(tmp_path, filter="data")
    (unpacked,) = tmp_path.iterdir()
    assert contents(build("wheel", unpacked, tmp_path / "dist")) == contents(wheel)


def test_archives_hold_no_path_of_the_machine(wheel: Path, sdist: Path) -> None:
    with tarfile.open(sdist) as archive:
        members = [archive.extractfile(member) for member in archive.getmembers() if member.isfile()]
        files = [member.read() for member in members if member]
    for data in [*contents(wheel).values(), *files]:
        assert bytes(ROOT) not in data


def requirements(project: dict[str, Any]) -> list[Requirement]:
    groups = [
        project["project"]["dependencies"],
        *project["project"].get("optional-dependencies", {}).values(),
        *project["dependency-groups"].values(),
    ]
    return [Requirement(entry) for group in groups for entry in group if isinstance(entry, str)]


def test_every_dependency_gives_its_reason_beside_it(project: dict[str, Any]) -> None:
    lines = (ROOT / "pyproject.toml").read_text("utf-8").splitlines()
    for requirement in requirements(project):
        entry = re.compile(rf'^\s*"{re.escape(requirement.name)}\b[^"]*",\s*# .*\w{{2}}')
        assert any(entry.match(line) for line in lines), f"{requirement.name} has no reason"


def pins() -> dict[str, str]:
    lines = (ROOT / "constraints.txt").read_text("utf-8").splitlines()
    entries = [Requirement(line) for line in lines if line.strip() and not line.lstrip().startswith("#")]
    return {canonicalize_name(entry.name): str(entry.specifier) for entry in entries}


def test_every_dependency_has_a_pin_that_fits(project: dict[str, Any]) -> None:
    pinned = pins()
    for requirement in requirements(project):
        pin = pinned.get(canonicalize_name(requirement.name), "")
        assert pin.startswith("=="), f"constraints.txt lacks {requirement.name}: run ./dev lock"
        assert requirement.specifier.contains(pin.removeprefix("==")), f"{requirement} excludes its pin {pin}"


def test_pins_name_no_address() -> None:
    text = (ROOT / "constraints.txt").read_text("utf-8")
    assert not re.search(r"://|@ |^-|\.whl|^\s*#.*(?<!\.)/(?!dev)", text, re.MULTILINE)
