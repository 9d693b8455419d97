"""docs/editors.md in Neovim: its settings work, and its screens are what one sees. Needs nvim and tmux."""

import re
import subprocess
import sys
from collections.abc import Iterator

import pytest
from tests.lint.scratch import ScratchProject
from tests.lint.server.terminal import TASKS, Screen, blocks, eventually, needs, needs_page, running

pytestmark = [needs("nvim", "tmux"), needs_page]


def version() -> tuple[int, int]:
    shown = subprocess.run(["nvim", "--version"], check=True, capture_output=True, text=True).stdout
    found = re.search(r"v(\d+)\.(\d+)", shown)
    assert found is not None
    return int(found[1]), int(found[2])


@pytest.fixture
def screen(request: pytest.FixtureRequest, project: ScratchProject) -> Iterator[Screen]:
    """Neovim with the settings of the page, those for saving only where they are asked for, in a project."""
    recent, older, on_save = blocks("Neovim", "lua")
    settings = recent if version() >= (0, 11) else older
    server = ", ".join(f'"{part}"' for part in (sys.executable, "-m", "mog_cli", "lsp"))
    assert settings.count('"mog", "lsp"') == 1
    settings = settings.replace('"mog", "lsp"', server) + (on_save if getattr(request, "param", False) else "")
    init = project.write("init.lua", settings + "vim.o.swapfile = false\n")
    project.write("tasks.py", TASKS)
    with running(project.root, "nvim", "--clean", "-u", str(init), "tasks.py") as screen:
        yield screen


def test_the_screens_of_the_page_are_what_one_sees(screen: Screen, project: ScratchProject) -> None:
    finding, actions, mended = blocks("Neovim", "text")
    screen.wait_for(finding)
    screen.type("8G^", ":lua vim.lsp.buf.code_action()", "Enter")
    screen.wait_for(actions)
    screen.type("1", "Enter")
    screen.wait_for(mended)
    screen.type(":wq", "Enter")
    saved = project.root / "tasks.py"
    eventually(lambda: "await asyncio.sleep" in saved.read_text(), saved.read_text)


@pytest.mark.parametrize("screen", [True], indirect=True)
def test_all_is_mended_on_save(screen: Screen, project: ScratchProject) -> None:
    finding, _, mended = blocks("Neovim", "text")
    screen.wait_for(finding)
    screen.type(":w", "Enter")
    screen.wait_for(mended)
    saved = project.root / "tasks.py"
    eventually(lambda: "await asyncio.sleep" in saved.read_text(), saved.read_text)
