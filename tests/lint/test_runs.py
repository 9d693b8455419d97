"""What a run has found is said again where nothing has changed, and only there."""

from collections.abc import Callable
from typing import Any

import pytest
from tests.lint.scratch import ScratchProject, places

from mog_lint.fingerprint import fingerprint
from mog_lint.session import Session

SOURCE = """\
import time
from mog import task
from shop.net import wait
@task
async def resize(context):
    time.sleep(1)
    wait()
"""
NET = "import time\ndef wait():\n    time.sleep(1)\n"


@pytest.fixture
def looks(project: ScratchProject, monkeypatch: pytest.MonkeyPatch) -> list[Session]:
    """Lint a project once, and note the sessions that are made from then on."""
    project.select = ("MOG",)
    project.write("shop/net.py", NET)
    project.write("shop/tasks.py", SOURCE)
    assert len(project.lint()) == 3
    made: list[Session] = []
    analyse = Session.analyse

    def spy(session: Session, *arguments: Any) -> None:
        made.append(session)
        analyse(session, *arguments)

    monkeypatch.setattr(Session, "analyse", spy)
    return made


def test_the_same_is_said_without_a_look(project: ScratchProject, looks: list[Session]) -> None:
    again = project.lint()
    assert looks == []
    (project.root / ".mog/lint/runs").unlink()
    first = project.lint()
    assert len(looks) == 1
    assert again == first
    assert [finding.excerpt for finding in again] == [finding.excerpt for finding in first]
    assert any(finding.fix for finding in again)
    assert any(finding.chain for finding in again)


CHANGES: dict[str, tuple[Callable[[ScratchProject], object], int]] = {
    "a file": (lambda project: project.write("shop/net.py", "def wait(): ...\n"), 2),
    "a package": (lambda project: project.write("shop/__init__.py", ""), 3),
    "a file that is gone": (lambda project: (project.root / "shop/net.py").unlink(), 2),
    "the configuration": (lambda project: project.write("pyproject.toml", '[tool.mog.lint]\nignore = ["MOG101"]'), 2),
    "the rules": (lambda project: setattr(project, "select", ("MOG203",)), 1),
    "the root": (lambda project: project.write("pyproject.toml", '[tool.mog]\nsrc = ["shop"]'), 2),
}


@pytest.mark.parametrize(("change", "found"), CHANGES.values(), ids=CHANGES)
def test_a_change_asks_for_a_look(
    project: ScratchProject, looks: list[Session], change: Callable[[ScratchProject], object], found: int
) -> None:
    change(project)
    assert len(project.lint()) == found
    assert len(looks) == 1


def test_other_files_to_report_ask_for_a_look(project: ScratchProject, looks: list[Session]) -> None:
    for _ in range(2):
        assert project.lint("shop/net.py") == []
        assert len(looks) == 1
    assert len(project.lint()) == 3
    assert len(looks) == 1


@pytest.mark.parametrize("note", [b"[[]]", b"[1]", b"{", b'[["a"]]', b'[{"a": 1}]', b"null"])
def test_a_damaged_note_is_none(project: ScratchProject, looks: list[Session], note: bytes) -> None:
    file = project.root / ".mog/lint/runs"
    (line,) = file.read_bytes().splitlines()[1:]
    file.write_bytes(fingerprint().encode() + b"\n" + line.partition(b"\t")[0] + b"\t" + note)
    assert places(project.lint()) == [("tasks.py", 4), ("tasks.py", 6), ("tasks.py", 7)]
    assert len(looks) == 1
