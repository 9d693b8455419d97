"""What changes beside the editor: files, configurations, folders."""

from pathlib import Path

import pytest
from tests.lint.scratch import ScratchProject
from tests.lint.server.editor import CAPABLE, PULLING, Editor, Message
from tests.lint.server.test_diagnostics import BLOCKING, CALLER, HELPER, codes

UNWATCHED = {**CAPABLE, "workspace": {}}


def told_of(editor: Editor, path: Path) -> list[Message]:
    """Wait for what is said next of a file that is not open."""
    found: list[Message] = editor.wait_for(
        lambda message: (
            message.get("method") == "textDocument/publishDiagnostics" and message["params"]["uri"] == path.as_uri()
        )
    )["params"]["diagnostics"]
    return found


def test_changed_files_count_when_the_editor_tells_of_them(editor: Editor, project: ScratchProject) -> None:
    helper = project.write("helper.py", HELPER)
    editor.start(project.root)
    asked = editor.wait_for(lambda message: message.get("method") == "client/registerCapability")
    (registration,) = asked["params"]["registrations"]
    patterns = [watcher["globPattern"] for watcher in registration["registerOptions"]["watchers"]]
    assert patterns == ["**/*.py", "**/pyproject.toml", "**/.gitignore"]
    uri = editor.open(project.write("caller.py", CALLER))
    assert codes(editor.pushed(uri)) == [("MOG203", 4)]
    helper.write_text("def pause(): ...\n")
    editor.disk_changed(helper)
    assert editor.pushed(uri) == []
    helper.unlink()
    project.write("helper/__init__.py", HELPER)
    editor.disk_changed(helper, project.root / "helper/__init__.py")
    assert codes(editor.pushed(uri)) == [("MOG203", 4)]


def test_a_pulling_editor_is_asked_to_pull_again(editor: Editor, project: ScratchProject) -> None:
    helper = project.write("helper.py", HELPER)
    editor.start(project.root, capabilities=PULLING)
    uri = editor.open(project.write("caller.py", CALLER))
    assert codes(editor.pulled(uri)) == [("MOG203", 4)]
    helper.write_text("def pause(): ...\n")
    editor.disk_changed(helper)
    editor.wait_for(lambda message: message.get("method") == "workspace/diagnostic/refresh")
    assert editor.pulled(uri) == []


def test_an_editor_that_does_not_watch_tells_by_saving(editor: Editor, project: ScratchProject) -> None:
    helper = project.write("helper.py", HELPER)
    editor.start(project.root, capabilities=UNWATCHED)
    uri = editor.open(project.write("caller.py", CALLER))
    editor.pushed(uri)
    helper.write_text("def pause(): ...\n")
    editor.save(uri)
    assert editor.pushed(uri) == []


def test_a_new_file_counts_as_soon_as_it_is_opened(editor: Editor, project: ScratchProject) -> None:
    editor.start(project.root)
    editor.pushed(editor.open(project.write("a.py", BLOCKING)))
    assert codes(editor.pushed(editor.open(project.write("b.py", BLOCKING)))) == [("MOG201", 4)]


def test_a_changed_configuration_counts(editor: Editor, project: ScratchProject) -> None:
    config = project.root / "pyproject.toml"
    editor.start(project.root)
    uri = editor.open(project.write("a.py", BLOCKING), "\n" + BLOCKING)
    assert codes(editor.pushed(uri)) == [("MOG201", 5)]
    config.write_text('[tool.mog.lint]\nignore = ["MOG2"]\n')
    editor.disk_changed(config)
    assert editor.pushed(uri) == []
    config.write_text("")
    editor.disk_changed(config)
    assert codes(editor.pushed(uri)) == [("MOG201", 5)]


def test_an_invalid_configuration_is_told_where_it_stands_and_the_last_one_holds(
    editor: Editor, project: ScratchProject
) -> None:
    config = project.root / "pyproject.toml"
    editor.start(project.root)
    uri = editor.open(project.write("a.py", BLOCKING))
    editor.pushed(uri)
    config.write_text('[tool.mog.lint]\nignor = ["MOG2"]\n')
    editor.disk_changed(config)
    (problem,) = told_of(editor, config)
    assert problem["message"] == "[tool.mog.lint] has no key ignor (did you mean ignore?)"
    assert problem["range"] == {"start": {"line": 1, "character": 0}, "end": {"line": 1, "character": 5}}
    assert codes(editor.pulled(uri)) == [("MOG201", 4)]
    config.write_text("")
    editor.disk_changed(config)
    assert told_of(editor, config) == []


def test_a_configuration_that_is_invalid_from_the_start(editor: Editor, project: ScratchProject) -> None:
    config = project.write("pyproject.toml", '[tool.mog.lint]\nselect = ["MOG9"]\n')
    editor.start(project.root, capabilities=UNWATCHED)
    assert "MOG9" in told_of(editor, config)[0]["message"]
    uri = editor.open(project.write("a.py", BLOCKING))
    assert editor.pushed(uri) == []
    config.write_text("")
    editor.notify("textDocument/didSave", {"textDocument": {"uri": config.as_uri()}})
    assert told_of(editor, config) == []
    assert codes(editor.pulled(uri)) == [("MOG201", 4)]


def folder(path: Path) -> Message:
    return {"uri": path.as_uri(), "name": path.name}


def test_folders_come_and_go(editor: Editor, project: ScratchProject, tmp_path: Path, server: object) -> None:
    other = tmp_path / "loose"
    other.mkdir()
    (other / "a.py").write_text(BLOCKING)
    editor.start(project.root)
    uri = editor.open(other / "a.py")
    assert editor.pushed(uri) == []
    change = {"event": {"added": [folder(other)], "removed": []}}
    editor.notify("workspace/didChangeWorkspaceFolders", change)
    assert codes(editor.pushed(uri)) == [("MOG201", 4)]
    change = {"event": {"added": [], "removed": [folder(other)]}}
    editor.notify("workspace/didChangeWorkspaceFolders", change)
    assert editor.pushed(uri) == []


@pytest.mark.parametrize("is_folder", [True, False])
def test_projects_that_nobody_looks_at_are_forgotten(
    editor: Editor, project: ScratchProject, tmp_path: Path, server: object, is_folder: bool
) -> None:
    from mog_lint.server.server import MogServer

    assert isinstance(server, MogServer)
    other = ScratchProject(tmp_path / "other")
    editor.start(project.root, *([other.root] if is_folder else []))
    uri = editor.open(other.write("a.py", BLOCKING))
    assert codes(editor.pushed(uri)) == [("MOG201", 4)]
    editor.close(uri)
    if is_folder:
        change = {"event": {"added": [], "removed": [folder(other.root)]}}
        editor.notify("workspace/didChangeWorkspaceFolders", change)
    mine = editor.open(project.write("b.py", BLOCKING))
    editor.pulled(mine)
    editor.pulled(mine)
    assert [known.config.root for known in server.projects] == [project.root]
