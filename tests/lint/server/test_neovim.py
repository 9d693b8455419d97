"""docs/editors.md in Neovim: its settings work, and its screens are what one sees. Needs nvim and tmux."""

import re
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.lint.scratch import ScratchProject

PAGE = Path(__file__).parents[3] / "docs/editors.md"
NVIM = shutil.which("nvim")
pytestmark = [
    pytest.mark.skipif(NVIM is None or shutil.which("tmux") is None, reason="no nvim or no tmux: apt-get install both"),
    pytest.mark.skipif(not PAGE.exists(), reason="docs/editors.md is not there: the wheel is tested alone"),
]
PATIENCE = 25.0
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


def blocks(kind: str) -> list[str]:
    section = PAGE.read_text("utf-8").partition("## Neovim")[2].partition("\n## ")[0]
    return re.findall(rf"^```{kind}\n(.*?)^```", section, re.MULTILINE | re.DOTALL)


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

    def wait_for(self, lines: str) -> None:
        """Return as soon as the screen shows these lines, one below the other."""
        wanted = lines.splitlines()
        end = time.monotonic() + PATIENCE
        while not shows(shown := self.tmux("capture-pane", "-p"), wanted):
            assert time.monotonic() < end, f"not to be seen:\n{lines}\nthere is:\n{shown}"
            time.sleep(0.05)


def shows(screen: str, wanted: list[str]) -> bool:
    lines = [line.rstrip() for line in screen.splitlines()]
    return any(lines[start : start + len(wanted)] == wanted for start in range(len(lines)))


def version() -> tuple[int, int]:
    assert NVIM is not None
    shown = subprocess.run([NVIM, "--version"], check=True, capture_output=True, text=True).stdout
    found = re.search(r"v(\d+)\.(\d+)", shown)
    assert found is not None
    return int(found[1]), int(found[2])


@pytest.fixture
def screen(project: ScratchProject) -> Iterator[Screen]:
    """Neovim with the settings of the page, in a project."""
    recent, older, on_save = blocks("lua")
    settings = recent + on_save if version() >= (0, 11) else older
    server = ", ".join(f'"{part}"' for part in (sys.executable, "-m", "mog_cli", "lsp"))
    assert settings.count('"mog", "lsp"') == 1
    init = project.write("init.lua", settings.replace('"mog", "lsp"', server) + "vim.o.swapfile = false\n")
    project.write("tasks.py", TASKS)
    assert NVIM is not None
    screen = Screen(project.root, shlex.join([NVIM, "--clean", "-u", str(init), "tasks.py"]))
    yield screen
    subprocess.run(["tmux", "-S", screen.socket, "kill-server"], check=False, capture_output=True)  # it may have ended


def test_the_screens_of_the_page_are_what_one_sees(screen: Screen, project: ScratchProject) -> None:
    finding, actions, mended = blocks("text")
    screen.wait_for(finding)
    screen.type("8G^", ":lua vim.lsp.buf.code_action()", "Enter")
    screen.wait_for(actions)
    screen.type("1", "Enter")
    screen.wait_for(mended)
    screen.type(":wq", "Enter")
    saved = project.root / "tasks.py"
    end = time.monotonic() + PATIENCE
    while "await asyncio.sleep" not in saved.read_text():
        assert time.monotonic() < end
        time.sleep(0.05)


@pytest.mark.skipif(NVIM is not None and version() < (0, 11), reason="the page mends on save from Neovim 0.11 on")
def test_all_is_mended_on_save(screen: Screen) -> None:
    finding, _, mended = blocks("text")
    screen.wait_for(finding)
    screen.type(":w", "Enter")
    screen.wait_for(mended)
