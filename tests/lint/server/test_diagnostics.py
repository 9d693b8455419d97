"""What an editor is shown of a document, as it is pushed and as it is pulled."""

from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from tests.lint.scratch import ScratchProject
from tests.lint.server.editor import CAPABLE, PULLING, Editor, Message

BLOCKING = "import time\n\n\nasync def load():\n    time.sleep(1)\n"
HELPER = "import time\n\n\ndef pause():\n    time.sleep(1)\n"
CALLER = "from helper import pause\n\n\nasync def load():\n    pause()\n"


def codes(found: list[Message]) -> list[tuple[str, int]]:
    return [(item["code"], item["range"]["start"]["line"]) for item in found]


def test_a_finding_is_shown_with_all_that_is_known_of_it(editor: Editor, project: ScratchProject) -> None:
    editor.start(project.root)
    (found,) = editor.pushed(editor.open(project.write("tasks.py", BLOCKING)))
    assert found["message"] == "`time.sleep` blocks the event loop of `load`: use `asyncio.sleep`"
    assert found["source"] == "mog"
    assert found["severity"] == 1
    assert found["range"] == {"start": {"line": 4, "character": 4}, "end": {"line": 4, "character": 17}}
    assert Path(unquote(urlsplit(found["codeDescription"]["href"]).path)).name == "MOG201-blocking-call.md"


def test_what_is_typed_counts_and_not_what_is_saved(editor: Editor, project: ScratchProject) -> None:
    editor.start(project.root)
    uri = editor.open(project.write("tasks.py", BLOCKING))
    assert codes(editor.pushed(uri)) == [("MOG201", 4)]
    editor.type(uri, "\n" + BLOCKING)
    assert codes(editor.pushed(uri)) == [("MOG201", 5)]
    editor.type(uri, "")
    assert editor.pushed(uri) == []


def test_of_many_keystrokes_in_a_row_the_last_counts(editor: Editor, project: ScratchProject) -> None:
    editor.start(project.root)
    uri = editor.open(project.write("tasks.py", "x = 1\n"))
    assert editor.pushed(uri) == []
    for number in range(1, 60):
        editor.type(uri, "\n" * number + BLOCKING)
    assert codes(editor.pushed(uri)) == [("MOG201", 63)]
    told = [message for message in editor.heard if message.get("method") == "textDocument/publishDiagnostics"]
    assert len(told) < 30


def test_a_pulling_editor_is_pushed_nothing(editor: Editor, project: ScratchProject) -> None:
    told = editor.start(project.root, capabilities=PULLING)
    assert told["diagnosticProvider"]["interFileDependencies"] is True
    uri = editor.open(project.write("tasks.py", BLOCKING))
    assert codes(editor.pulled(uri)) == [("MOG201", 4)]
    editor.type(uri, "x = 1\n")
    assert editor.pulled(uri) == []
    editor.close(uri)
    assert editor.pulled(uri) == []
    editor.stop()
    assert not [message for message in editor.heard if message.get("method") == "textDocument/publishDiagnostics"]


def test_what_the_editor_has_already_is_not_sent_again(editor: Editor, project: ScratchProject) -> None:
    editor.start(project.root, capabilities=PULLING)
    uri = editor.open(project.write("tasks.py", BLOCKING))
    first = editor.ask("textDocument/diagnostic", {"textDocument": {"uri": uri}})
    params = {"textDocument": {"uri": uri}, "previousResultId": first["resultId"]}
    assert editor.ask("textDocument/diagnostic", params) == {"kind": "unchanged", "resultId": first["resultId"]}
    editor.type(uri, "\n" + BLOCKING)
    assert editor.ask("textDocument/diagnostic", params)["kind"] == "full"


def test_the_way_to_what_blocks_is_told_by_related_places(editor: Editor, project: ScratchProject) -> None:
    helper = project.write("helper.py", HELPER)
    editor.start(project.root)
    uri = editor.open(project.write("caller.py", CALLER))
    (found,) = editor.pushed(uri)
    assert found["code"] == "MOG203"
    (related,) = found["relatedInformation"]
    assert related["location"] == {
        "uri": helper.as_uri(),
        "range": {"start": {"line": 4, "character": 4}, "end": {"line": 4, "character": 17}},
    }
    assert related["message"] == "`pause` blocks here"


def test_related_places_are_left_out_where_the_editor_does_not_know_them(
    editor: Editor, project: ScratchProject
) -> None:
    project.write("helper.py", HELPER)
    editor.start(project.root, capabilities={})
    (found,) = editor.pushed(editor.open(project.write("caller.py", CALLER)))
    assert "relatedInformation" not in found


def test_other_open_documents_follow_a_change(editor: Editor, project: ScratchProject) -> None:
    editor.start(project.root)
    helper = editor.open(project.write("helper.py", HELPER))
    caller = editor.open(project.write("caller.py", CALLER))
    assert codes(editor.pushed(caller)) == [("MOG203", 4)]
    editor.type(helper, "# é𝄞\n" + HELPER)
    assert editor.pushed(caller)[0]["relatedInformation"][0]["location"]["range"]["start"]["line"] == 5
    editor.type(helper, "def pause(): ...\n")
    assert editor.pushed(caller) == []


def test_a_text_that_is_not_python_keeps_what_was_found(editor: Editor, project: ScratchProject) -> None:
    editor.start(project.root)
    uri = editor.open(project.write("tasks.py", BLOCKING))
    editor.pushed(uri)
    editor.type(uri, "import os\n" + BLOCKING + "x = (\n")
    assert codes(editor.pushed(uri)) == [("MOG201", 5), ("MOG000", 6)]
    editor.type(uri, "import os\n" + BLOCKING + "x = ()\n")
    assert codes(editor.pushed(uri)) == [("MOG201", 5)]


def test_what_can_go_is_greyed_out(editor: Editor, project: ScratchProject) -> None:
    editor.start(project.root)
    (found,) = editor.pushed(editor.open(project.write("a.py", "x = 1  # mog: ignore[MOG201]\n")))
    assert (found["code"], found["severity"], found["tags"]) == ("MOG001", 2, [1])


def test_a_closed_document_shows_nothing_and_what_is_on_disk_counts(editor: Editor, project: ScratchProject) -> None:
    editor.start(project.root)
    helper = editor.open(project.write("helper.py", HELPER), "def pause(): ...\n")
    caller = editor.open(project.write("caller.py", CALLER))
    assert editor.pushed(caller) == []
    editor.type(helper, BLOCKING)
    assert editor.pushed(helper) != []
    editor.close(helper)
    assert (
        editor.wait_for(lambda message: message.get("params", {}).get("uri") == helper)["params"]["diagnostics"] == []
    )
    assert codes(editor.pulled(caller)) == [("MOG203", 4)]


@pytest.mark.parametrize("name", [".venv/lib/a.py", "build/a.py", "generated/a.py"])
def test_files_that_the_project_leaves_out_are_left_alone(editor: Editor, project: ScratchProject, name: str) -> None:
    project.write("pyproject.toml", '[tool.mog.lint]\nexclude = ["generated"]\n')
    path = project.write(name, BLOCKING)
    editor.start(project.root)
    uri = editor.open(path)
    assert editor.pushed(uri) == []
    assert editor.actions(uri, 4) == []
    assert editor.at("hover", uri, BLOCKING, "time.sl") is None


def test_a_file_that_is_not_saved_yet_counts(editor: Editor, project: ScratchProject) -> None:
    editor.start(project.root)
    assert codes(editor.pushed(editor.open(project.root / "new.py", BLOCKING))) == [("MOG201", 4)]


def test_a_file_outside_of_all_folders_counts_by_its_own_project(
    editor: Editor, project: ScratchProject, tmp_path: Path
) -> None:
    other = ScratchProject(tmp_path / "other")
    other.write("pyproject.toml", '[tool.mog.lint]\nselect = ["MOG1"]\n')
    loose = tmp_path / "loose.py"
    loose.write_text(BLOCKING)
    editor.start(project.root)
    assert editor.pushed(editor.open(other.write("tasks.py", BLOCKING))) == []
    assert (
        codes(editor.pushed(editor.open(other.write("b.py", "from mog import task\n@task\ndef a(c): ...\n"))))[0][0]
        == "MOG101"
    )
    assert editor.pushed(editor.open(loose)) == []


def test_a_loose_file_counts_where_no_folder_is_open(editor: Editor, tmp_path: Path) -> None:
    loose = tmp_path / "loose.py"
    loose.write_text(BLOCKING)
    editor.start()
    assert codes(editor.pushed(editor.open(loose))) == [("MOG201", 4)]


@pytest.mark.parametrize("uri", ["untitled:Untitled-1", "git:/a/tasks.py?HEAD", "file:///a%00b.py"])
def test_what_is_no_file_is_left_alone(editor: Editor, project: ScratchProject, uri: str) -> None:
    editor.start(project.root)
    item = {"uri": uri, "languageId": "python", "version": 1, "text": BLOCKING}
    editor.notify("textDocument/didOpen", {"textDocument": item})
    change = {"textDocument": {"uri": uri, "version": 2}, "contentChanges": [{"text": ""}]}
    editor.notify("textDocument/didChange", change)
    assert editor.pulled(uri) == []
    editor.close(uri)
    assert editor.actions(uri, 0) == []


def test_a_folder_that_is_named_by_a_link(editor: Editor, project: ScratchProject, tmp_path: Path) -> None:
    project.write("helper.py", HELPER)
    project.write("caller.py", CALLER)
    (tmp_path / "link").symlink_to(project.root)
    editor.start(tmp_path / "link")
    (found,) = editor.pushed(editor.open(tmp_path / "link" / "caller.py"))
    assert found["relatedInformation"][0]["location"]["uri"] == (tmp_path / "link" / "helper.py").as_uri()


def test_a_file_in_another_encoding(editor: Editor, project: ScratchProject) -> None:
    text = "# -*- coding: latin-1 -*-\nimport time\n\n\nasync def load():\n    'é'; time.sleep(1)\n"
    path = project.write("tasks.py", text.encode("latin-1"))
    editor.start(project.root, capabilities={**CAPABLE, "general": {"positionEncodings": ["utf-32"]}})
    (found,) = editor.pushed(editor.open(path, text))
    assert found["range"]["start"] == {"line": 5, "character": 9}
