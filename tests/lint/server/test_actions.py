"""What an editor offers to do about findings."""

import pytest
from tests.lint.scratch import ScratchProject
from tests.lint.server.editor import CAPABLE, Editor, Message, applied

FILE = "import requests\nimport time\n\n\nasync def load(url):\n    time.sleep(1)\n    return requests.get(url)\n"
FIX_ALL = ["source.fixAll"]


def titles(actions: list[Message]) -> list[str]:
    return [action["title"] for action in actions]


@pytest.fixture
def uri(editor: Editor, project: ScratchProject) -> str:
    editor.start(project.root)
    return editor.open(project.write("tasks.py", FILE))


def test_a_finding_can_be_mended_and_silenced(editor: Editor, uri: str) -> None:
    mend, silence, mend_all = editor.actions(uri, 5)
    assert mend["title"] == "MOG201: await `asyncio.sleep`"
    assert mend["isPreferred"] is True
    assert mend["diagnostics"][0]["code"] == "MOG201"
    assert mend["edit"]["documentChanges"][0]["textDocument"] == {"uri": uri, "version": 1}
    after = applied(FILE, mend)
    assert "    await asyncio.sleep(1)\n" in after
    editor.type(uri, after)
    assert [item["range"]["start"]["line"] for item in editor.pulled(uri)] == [7]
    assert silence["title"] == "MOG201: ignore it on this line, with a reason"
    assert mend_all["kind"] == "source.fixAll.mog"


def test_a_fix_that_needs_a_look_is_offered_as_such(editor: Editor, uri: str) -> None:
    mend = editor.actions(uri, 6, ["quickfix"])[0]
    assert mend["title"].endswith("(have a look at it)")
    assert "isPreferred" not in mend
    assert "await asyncio.to_thread(requests.get, url)" in applied(FILE, mend)


def test_the_silenced_finding_is_gone_and_the_reason_is_selected(editor: Editor, uri: str) -> None:
    silence = editor.actions(uri, 5, ["quickfix"])[-1]
    after = applied(FILE, silence)
    assert after.splitlines()[5] == "    time.sleep(1)  # mog: ignore[MOG201] reason"
    editor.type(uri, after)
    assert [item["range"]["start"]["line"] for item in editor.pulled(uri)] == [6]
    editor.ask(
        "workspace/executeCommand",
        {"command": silence["command"]["command"], "arguments": silence["command"]["arguments"]},
    )
    told = editor.wait_for(lambda message: message.get("method") == "window/showDocument")["params"]
    place = told["selection"]
    assert after.splitlines()[5][place["start"]["character"] : place["end"]["character"]] == "reason"
    assert told["takeFocus"] is True
    assert told["uri"] == uri


def test_all_is_mended_in_turns_and_unsafe_fixes_are_left_alone(
    editor: Editor, project: ScratchProject, uri: str
) -> None:
    (mend_all,) = editor.actions(uri, 0, FIX_ALL)
    after = applied(FILE, mend_all)
    assert after == "import asyncio\n" + FILE.replace("time.sleep", "await asyncio.sleep")
    assert editor.pulled(uri)[0]["range"]["start"]["line"] == 5  # nothing has changed yet


def test_unused_comments_go_with_what_made_them_so(editor: Editor, uri: str) -> None:
    text = FILE.replace("time.sleep(1)", "time.sleep(1)  # mog: ignore[MOG101]")
    editor.type(uri, text)
    (mend_all,) = editor.actions(uri, 0, FIX_ALL)
    assert "    await asyncio.sleep(1)\n" in applied(text, mend_all)


@pytest.mark.parametrize(
    ("only", "kinds"),
    [
        (["quickfix"], {"quickfix"}),
        (["source"], {"source.fixAll.mog"}),
        (["source.fixAll.mog"], {"source.fixAll.mog"}),
        (["refactor"], set()),
        (["source.fixAll.ruff"], set()),
        ([], {"quickfix", "source.fixAll.mog"}),
    ],
)
def test_the_kinds_that_are_asked_for(editor: Editor, uri: str, only: list[str], kinds: set[str]) -> None:
    assert {action["kind"] for action in editor.actions(uri, 5, only)} == kinds


def test_nothing_is_offered_elsewhere_nor_while_the_text_is_not_python(editor: Editor, uri: str) -> None:
    assert editor.actions(uri, 1, ["quickfix"]) == []
    editor.type(uri, FILE + "x = (")
    assert editor.actions(uri, 5) == []
    editor.type(uri, "x = 1\n")
    assert editor.actions(uri, 0) == []


def test_what_the_linter_says_of_itself_is_not_silenced(editor: Editor, uri: str) -> None:
    text = "x = 1  # mog: ignore[MOG101]\n"
    editor.type(uri, text)
    assert titles(editor.actions(uri, 0, ["quickfix"])) == ["MOG001: remove it"]


def test_plain_edits_for_a_plain_editor(editor: Editor, project: ScratchProject) -> None:
    editor.start(project.root, capabilities={})
    uri = editor.open(project.write("tasks.py", FILE))
    mend, silence, _ = editor.actions(uri, 5)
    assert list(mend["edit"]["changes"]) == [uri]
    assert "command" not in silence


def test_places_count_as_the_editor_does(editor: Editor, project: ScratchProject) -> None:
    text = FILE.replace("time.sleep(1)", "'𝄞é'; time.sleep(1)")
    editor.start(project.root, capabilities={**CAPABLE, "general": {"positionEncodings": ["utf-8"]}})
    uri = editor.open(project.write("tasks.py", text))
    mend = editor.actions(uri, 5)[0]
    start = mend["edit"]["documentChanges"][0]["edits"][0]["range"]["start"]
    assert start == {"line": 5, "character": len("    '𝄞é'; ".encode())}
