"""A new project holds what its README promises, in an environment that has nothing but what the project asks for."""

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from copy import copy
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
COMMAND = re.compile(r"^    (?P<command>.+?)(?:\s+#.*)?$", re.MULTILINE)  # the indented lines of a README
CHECKS = ("ruff check", "ruff format --check", "mypy", "mog lint", "pytest")

pytestmark = [
    pytest.mark.skipif(not (ROOT / "templates").is_dir(), reason="runs once, from the sources"),
    pytest.mark.timeout(300),  # installs and type-checks from nothing
]


def readme_commands(project: Path) -> list[str]:
    return [found["command"] for found in COMMAND.finditer((project / "README.md").read_text("utf-8"))]


class Environment:
    """Runs commands as the README's reader does: in the project's directory, with its .venv activated."""

    def __init__(self, project: Path, wheels: Path) -> None:
        self.project = project
        private = [ROOT / ".cache/uv/bin"]  # where ./dev installs uv if there is none
        own = {key: value for key, value in os.environ.items() if not key.startswith(("MOG_", "PYTHON", "VIRTUAL_ENV"))}
        self.variables = own | {
            "PATH": os.pathsep.join(map(str, [project / ".venv/bin", *private, os.environ["PATH"]])),
            "UV_FIND_LINKS": str(wheels),  # this very mogkit, released or not
            "UV_PYTHON": sys.executable,
            "UV_PYTHON_DOWNLOADS": "never",
            "NO_COLOR": "1",
        }

    def start(self, command: str) -> subprocess.Popen[str]:
        shown = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
        return subprocess.Popen(["sh", "-c", command], cwd=self.project, env=self.variables, **shown)

    def run(self, command: str) -> str:
        process = self.start(command)
        output, _ = process.communicate(timeout=200)
        assert process.returncode == 0, f"`{command}` ended with {process.returncode}:\n{output}"
        return output

    @contextmanager
    def background(self, command: str) -> Iterator[None]:
        process = self.start(f"exec {command}")  # the shell steps aside, so that the signal is the command's
        try:
            yield
            process.send_signal(signal.SIGINT)
            output, _ = process.communicate(timeout=60)
        finally:
            process.kill()
            process.communicate()
        assert process.returncode == 0, f"`{command}` ended with {process.returncode}:\n{output}"


def pin(project: Path) -> None:
    """Let the project's environment take the versions that ours has, so that no release of others breaks the test."""
    lines = (ROOT / "constraints.txt").read_text("utf-8").splitlines()
    pins = [line.strip() for line in lines if line.strip() and not line.strip().startswith("#")]
    with (project / "pyproject.toml").open("a", encoding="utf-8") as file:
        file.write(f"\n[tool.uv]\nconstraint-dependencies = {json.dumps(pins)}\n")


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("wheels")
    command = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(directory)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    return directory


@pytest.fixture(scope="module")
def environment(new_project, wheels: Path) -> Environment:
    project = new_project("my-app")
    pin(project)
    environment = Environment(project, wheels)
    set_up = readme_commands(project)[0]
    assert set_up == "uv sync"
    environment.run(set_up)
    return environment


@pytest.mark.parametrize("command", CHECKS)
def test_check_is_green(environment: Environment, command: str) -> None:
    environment.run(command)


def test_checks_are_those_of_its_ci(environment: Environment) -> None:
    workflow = (environment.project / ".github/workflows/ci.yml").read_text("utf-8")
    assert tuple(re.findall(r"run: uv run (.*)", workflow)) == CHECKS


def test_readme_commands_work_as_written(environment: Environment) -> None:
    _, activate, worker, *rest = readme_commands(environment.project)
    assert (environment.project / activate.removeprefix("source ")).is_file()
    assert worker == "mog run"
    with environment.background(worker):
        printed = {command: environment.run(command) for command in rest}
    assert list(printed) == ["mog submit my_app.add 2 40 --wait", "pytest", "mog lint"]
    assert "42" in printed["mog submit my_app.add 2 40 --wait"].split()


def test_hooks_run_what_is_installed(environment: Environment) -> None:
    hooks = (environment.project / ".pre-commit-config.yaml").read_text("utf-8")
    assert "id: mog-lint" in hooks
    for command in re.findall(r"entry: (.*)", hooks):
        environment.run(f"{command} src/my_app/tasks.py")


def test_another_name_works_as_well(environment: Environment, new_project) -> None:
    same = copy(environment)
    same.project = new_project("x1")
    for command in ("ruff check", "ruff format --check", "mog lint", "pytest"):
        same.run(command)


def test_lint_finds_a_task_without_a_name(environment: Environment, new_project) -> None:
    same = copy(environment)
    same.project = new_project("x2")
    tasks = same.project / "src/x2/tasks.py"
    tasks.write_text(tasks.read_text("utf-8").replace('@task(name="x2.add")', "@task"), "utf-8")
    assert "MOG101" in same.run("mog lint || [ $? = 1 ]")
