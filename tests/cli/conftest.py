"""The command as a user runs it: inside this process where that suffices, else as a program of its own."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from mog.task import global_registry
from mog_cli.command import run

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
    """The command, inside this process and in an empty directory; the modules it imports from there are forgotten.

    It does not see the tasks that modules of other tests have declared for every app.
    """
    monkeypatch.setattr(sys, "path", list(sys.path))
    for table in ("_tasks", "_names"):
        monkeypatch.setattr(global_registry, table, {})

    def command(*arguments: str) -> Ended:
        capfd.readouterr()
        code = run(arguments)
        return Ended(code, *capfd.readouterr())

    yield command
    for name, module in list(sys.modules.items()):
        if str(directory) in f"{getattr(module, '__file__', '')} {getattr(module, '__path__', '')}":
            del sys.modules[name]


@pytest.fixture
def mog_program(directory: Path) -> Command:
    """The command as a program of its own, without a terminal, in an empty directory."""

    def command(*arguments: str) -> Ended:
        done = subprocess.run([*PROGRAM, *arguments], cwd=directory, capture_output=True, text=True, check=False)
        return Ended(done.returncode, done.stdout, done.stderr)

    return command


APP = """
import asyncio
from mog import App, Context, Pause

app = App("shop")

@app.task(name="shop.add")
async def add(context: Context, a: int, b: int = 1) -> int:
    return a + b

@app.task(name="shop.greet")
def greet(context: Context, name: str, *, loud: bool = False) -> str:
    return f"hello {name}" + "!" * loud

@app.task(name="shop.join")
def join(context: Context, *words: str) -> str:
    return "-".join(words)

@app.task(name="shop.fail")
async def fail(context: Context, message: str) -> None:
    raise ValueError(message)

@app.task(name="shop.nothing", queue="slow")
async def nothing(context: Context) -> None:
    pass

@app.task(name="shop.steps")
async def steps(context: Context, count: int, seconds: float) -> str:
    for number in range(count):
        context.progress(number, count, f"step {number}")
        await asyncio.sleep(seconds)
    return "done"
"""


@pytest.fixture
def shop(directory: Path) -> Path:
    """A project whose one App has a few tasks, in shop.py."""
    (directory / "shop.py").write_text(APP)
    return directory


@pytest.fixture
def worker(shop: Path) -> Iterator[subprocess.Popen[str]]:
    """A worker of the shop that runs while the test does."""
    with subprocess.Popen([*PROGRAM, "run"], cwd=shop, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        printed = []
        for line in process.stderr:
            printed.append(line)
            if "event=worker-started" in line:
                break
        else:
            pytest.fail("the worker did not start:\n" + "".join(printed))
        yield process
        process.terminate()
        process.communicate(timeout=30)
