"""docs/editors.md in Emacs: its settings work. Needs emacs with eglot or lsp-mode, and tmux."""

import subprocess
import sys

import pytest
from tests.lint.scratch import ScratchProject
from tests.lint.server.terminal import TASKS, blocks, needs, needs_page, running

pytestmark = [needs("emacs", "tmux"), needs_page]
# Not the user's own settings, but the packages that are installed, and no questions.
START = """\
(package-activate-all)
(setq native-comp-async-report-warnings-errors nil create-lockfiles nil lsp-auto-guess-root t)
"""
AT_THE_FINDING = "+8:5"


def has(library: str) -> bool:
    command = ["emacs", "--batch", "-q", "--eval", f"(require '{library})"]
    return subprocess.run(command, check=False, capture_output=True).returncode == 0


@pytest.mark.parametrize(
    ("library", "mend", "question"),
    [
        ("eglot", "eglot-code-actions", "Pick an action"),
        ("lsp-mode", "lsp-execute-code-action", "Select code action"),
    ],
)
def test_a_finding_is_shown_and_mended(project: ScratchProject, library: str, mend: str, question: str) -> None:
    if not has(library):
        pytest.skip(f"no {library} in emacs: apt-get install elpa-{library}")
    settings = next(block for block in blocks("Emacs", "elisp") if f"(require '{library})" in block)
    server = " ".join(f'"{part}"' for part in (sys.executable, "-m", "mog_cli", "lsp"))
    assert settings.count('"mog" "lsp"') == 1
    init = project.write("init.el", START + settings.replace('"mog" "lsp"', server))
    project.write("tasks.py", TASKS)
    with running(project.root, "emacs", "-nw", "-q", "-l", str(init), AT_THE_FINDING, "tasks.py") as screen:
        screen.wait_for("Flymake[1 0]")
        screen.type("M-x", mend, "Enter")
        screen.wait_for(question)
        screen.type("MOG201: aw", "Tab", "Enter")
        screen.wait_for(blocks("Neovim", "text")[2])
