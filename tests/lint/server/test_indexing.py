"""The first look at a project: its progress, and its end before it is done."""

import threading
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest
from tests.lint.scratch import ScratchProject
from tests.lint.server.editor import CAPABLE, Editor, Message
from tests.lint.server.test_diagnostics import BLOCKING, codes

from mog_lint.server.project import Project

OnProgress = Callable[[int, int], None]


def kind(name: str) -> Callable[[Message], bool]:
    return lambda message: message.get("method") == "$/progress" and message["params"]["value"]["kind"] == name


@pytest.fixture
def gate(monkeypatch: pytest.MonkeyPatch) -> threading.Event:
    """The first look goes on only when this is set: its first half has been told by then."""
    opened = threading.Event()
    analyse = Project.analyse

    def in_halves(self: Project, paths: Iterable[Path] = (), on_progress: OnProgress | None = None) -> None:
        if on_progress is not None:
            on_progress(1, 2)
            while not opened.wait(0.001):
                on_progress(1, 2)
            on_progress(2, 2)
        analyse(self, paths)

    monkeypatch.setattr(Project, "analyse", in_halves)
    return opened


def test_progress_is_told(editor: Editor, project: ScratchProject, gate: threading.Event) -> None:
    editor.start(project.root)
    created = editor.wait_for(lambda message: message.get("method") == "window/workDoneProgress/create")
    begun = editor.wait_for(kind("begin"))["params"]
    assert begun["token"] == created["params"]["token"]
    assert begun["value"]["title"] == "mog: reading the project"
    assert begun["value"]["cancellable"] is True
    gate.set()
    told = editor.wait_for(kind("report"))["params"]["value"]
    assert (told["percentage"], told["message"]) == (100, "2 of 2 files")
    assert editor.wait_for(kind("end"))["params"]["token"] == begun["token"]


def test_questions_wait_for_the_first_look(editor: Editor, project: ScratchProject, gate: threading.Event) -> None:
    editor.start(project.root, capabilities={**CAPABLE, "window": {}})
    uri = editor.open(project.write("a.py", BLOCKING))
    number = editor.begin("textDocument/diagnostic", {"textDocument": {"uri": uri}})
    gate.set()
    assert codes(editor.answer(number)["items"]) == [("MOG201", 4)]
    assert not [message for message in editor.heard if "rogress" in message.get("method", "")]


@pytest.mark.parametrize("does", ["open", "save"])
def test_a_look_that_is_called_off_is_taken_up_again(
    editor: Editor, project: ScratchProject, gate: threading.Event, does: str
) -> None:
    editor.start(project.root)
    uri = editor.open(project.write("a.py", BLOCKING))
    token = editor.wait_for(kind("begin"))["params"]["token"]
    editor.notify("window/workDoneProgress/cancel", {"token": token})
    editor.wait_for(kind("end"))
    assert editor.pulled(uri) == []
    gate.set()
    if does == "open":
        editor.open(project.write("b.py", BLOCKING))
    else:
        editor.save(uri)
    while codes(editor.pushed(uri)) != [("MOG201", 4)]:
        pass


def test_the_end_of_the_server_ends_a_look(editor: Editor, project: ScratchProject, gate: threading.Event) -> None:
    editor.start(project.root)
    editor.wait_for(kind("begin"))
    editor.stop()
