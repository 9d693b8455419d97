"""A terminal in which an editor runs, and what docs/editors.md says of the editor."""

import re
import shlex
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[3] / "docs/editors.md"
PATIENCE = 40.0
TASKS = """\
import time

from mog import Context, Request, task


@task(name="shop.resize", queue="images")
async def resize(context: Context, path: str) -> str:
    time.sleep(2)
    return path


@task(name="shop.publish")
async def publish(context: Context, paths: list[str]) -> None:
    for path in paths:
        await context.submit(Request(name="shop.resize", args=(path,)))
"""
needs_page = pytest.mark.skipif(not PAGE.exists(), reason="docs/editors.md is not there: the wheel is tested alone")


def needs(*programs: str) -> pytest.MarkDecorator:
    missing = [program for program in programs if shutil.which(program) is None]
    return pytest.mark.skipif(bool(missing), reason=f"no {' and no '.join(missing)}: apt-get install them")


def blocks(editor: str, kind: str) -> list[str]:
    """Return the examples of a kind that the page has for an editor."""
    section = PAGE.read_text("utf-8").partition(f"## {editor}\n")[2].partition("\n## ")[0]
    return re.findall(rf"^```{kind}\n(.*?)^```", section, re.MULTILINE | re.DOTALL)


def eventually(holds: Callable[[], bool], complaint: Callable[[], str]) -> None:
    end = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < end, complaint()
        time.sleep(0.05)


class Screen:
    """A terminal that tmux keeps."""

    def __init__(self, directory: Path, command: str) -> None:
        self.socket = str(directory / "tmux")
        self.tmux("new-session", "-d", "-x", "100", "-y", "30", "-c", str(directory), command)

    def tmux(self, *arguments: str) -> str:
        command = ["tmux", "-S", self.socket, *arguments]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout

    def type(self, *keys: str) -> None:
        self.tmux("send-keys", *keys)

    def shown(self) -> str:
        return self.tmux("capture-pane", "-p")

    def wait_for(self, text: str) -> None:
        """Return as soon as the screen shows whole lines, one below the other, or, without a line's end, a part."""
        is_lines = text.endswith("\n")
        eventually(
            lambda: shows(self.shown(), text.splitlines()) if is_lines else text in self.shown(),
            lambda: f"not to be seen:\n{text}\nthere is:\n{self.shown()}",
        )


def shows(screen: str, wanted: list[str]) -> bool:
    lines = [line.rstrip() for line in screen.splitlines()]
    return any(lines[start : start + len(wanted)] == wanted for start in range(len(lines)))


@contextmanager
def running(directory: Path, *command: str) -> Iterator[Screen]:
    """Run an editor in a terminal until the test has seen enough."""
    screen = Screen(directory, shlex.join(command))
    try:
        yield screen
    finally:  # it may have ended by itself
        subprocess.run(["tmux", "-S", screen.socket, "kill-server"], check=False, capture_output=True)
