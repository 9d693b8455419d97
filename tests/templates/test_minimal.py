"""The minimal template renders whole, whatever the project is called."""

import ast
import json
import re
import tomllib
from pathlib import Path

import pytest

LEFTOVER = re.compile(r"\{\{|\}\}|\{%|%\}|\{#|__package__|\.jinja")
PACKAGES = {"my-app": "my_app", "x1": "x1"}


@pytest.fixture(scope="session", params=PACKAGES)
def project(request: pytest.FixtureRequest, new_project) -> Path:
    return new_project(request.param)


def files(project: Path) -> set[str]:
    return {str(path.relative_to(project)) for path in project.rglob("*") if path.is_file()}


def test_every_file_is_there(project: Path) -> None:
    package = PACKAGES[project.name]
    assert files(project) == {
        ".github/workflows/ci.yml",
        ".gitignore",
        ".pre-commit-config.yaml",
        ".vscode/extensions.json",
        ".vscode/settings.json",
        "README.md",
        "pyproject.toml",
        f"src/{package}/__init__.py",
        f"src/{package}/app.py",
        f"src/{package}/tasks.py",
        "tests/conftest.py",
        "tests/test_tasks.py",
    }


def test_nothing_is_left_to_render(project: Path) -> None:
    for name in files(project):
        assert not LEFTOVER.search(name)
        assert not LEFTOVER.search((project / name).read_text("utf-8")), name


def test_programs_and_settings_parse(project: Path) -> None:
    for name in files(project):
        text = (project / name).read_text("utf-8")
        if name.endswith(".py"):
            ast.parse(text)
        elif name.endswith(".json"):
            json.loads(text)
        elif name.endswith(".toml"):
            tomllib.loads(text)


def test_answers_are_kept(project: Path) -> None:
    settings = tomllib.loads((project / "pyproject.toml").read_text("utf-8"))
    answers = settings["tool"]["mog"]["template"]
    assert answers["template"] == "minimal"
    assert answers["name"] == settings["project"]["name"] == project.name
    assert answers["package"] == PACKAGES[project.name]
    assert settings["project"]["dependencies"] == [f"mogkit>={answers['mog_version']}"]


def test_every_task_is_named_for_the_package(project: Path) -> None:
    package = PACKAGES[project.name]
    source = (project / "src" / package / "tasks.py").read_text("utf-8")
    names = re.findall(r"^@task\((.*)\)$", source, re.MULTILINE)
    assert names == [f'name="{package}.{name}"' for name in ("add", "count_primes", "count_many_primes", "greet_all")]
