"""The command as a user runs it: inside this process where that suffices, else as a program of its own."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from mog_cli.__main__ import run

PROGRAM = [sys.executable, "-m", "mog_cli"]


@dataclass
class Ended:
    """How a command ended, and what it printed."""

    code: int
    out: str
    err: str


Command = Callable[..., Ended]


@pytest.fixture
def directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty directory, which is the current one."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def mog(directory: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Iterator[Command]:
    """The command, inside this process and in an empty directory; the modules it imports from there are forgotten."""
    monkeypatch.setattr(sys, "path", list(sys.path))

    def command(*arguments: str) -> Ended:
        capfd.readouterr()
        code = run(arguments)
        return Ended(code, *capfd.readouterr())

    yield command
    for name, module in list(sys.modules.items()):
        if (getattr(module, "__file__", None) or "").startswith(str(directory)):
            del sys.modules[name]


@pytest.fixture
def mog_program(directory: Path) -> Command:
    """The command as a program of its own, without a terminal, in an empty directory."""

    def command(*arguments: str) -> Ended:
        done = subprocess.run([*PROGRAM, *arguments], cwd=directory, capture_output=True, text=True, check=False)
        return Ended(done.returncode, done.stdout, done.stderr)

    return command
