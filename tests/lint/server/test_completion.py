"""What can be typed at a place."""

from typing import Any

import pytest
from tests.lint.scratch import ScratchProject
from tests.lint.server.editor import Editor
from tests.lint.server.shop import API, write_shop

from mog_lint.rules import all_rules

NAMES = ["shop.resize", "shop.scale", "shop.tasks.unnamed"]
HEAD = (
    "import mog\nfrom mog import App, Context, Request\nfrom executors import pool\nfrom shop.app import app\n"
    "\nasync def f(context, other):\n    "
)


def completed(editor: Editor, project: ScratchProject, text: str) -> Any:
    """Return what can be typed at the end of a text, in a new file of the shop."""
    write_shop(project)
    editor.start(project.root)
    uri = editor.open(project.write("src/shop/new.py", HEAD + "pass\n"), text)
    return editor.at("completion", uri, text, text)


def labels(found: Any) -> list[str]:
    return [item["label"] for item in found["items"]]


@pytest.mark.parametrize(
    "typed",
    [
        'Request(name="',
        "Request(name='sho",
        'Request(args=(1, [2]), name="',
        'Request(\n        name="shop.r',
        'Request[int](name="',
        'mog.Request(name="',
        'app.submit("',
        'app.submit_blocking("shop',
        'await context.run(\n        "',
        "ctx.submit('",
    ],
)
def test_names_of_tasks_where_one_is_submitted(editor: Editor, project: ScratchProject, typed: str) -> None:
    text = HEAD + typed
    found = completed(editor, project, text)
    assert labels(found) == NAMES
    edit = found["items"][0]["textEdit"]
    assert edit["newText"] == "shop.resize"
    assert edit["range"]["end"]["character"] - edit["range"]["start"]["character"] == len(text) - 1 - max(
        text.rfind('"'), text.rfind("'")
    )
    assert found["items"][0]["detail"] == "task resize of tasks.py, queue images"


@pytest.mark.parametrize(
    "typed",
    [
        'Request(name="shop.resize"',
        'Request(queue_name="',
        'Request("',
        'pool.submit("',
        'other.submit("',
        'subprocess.run("',
        'App(name="',
        "Request(name=",
        'print("',
    ],
)
def test_none_where_none_is(editor: Editor, project: ScratchProject, typed: str) -> None:
    assert labels(completed(editor, project, HEAD + typed)) == []


def test_an_import_under_another_name_is_followed(editor: Editor, project: ScratchProject) -> None:
    write_shop(project)
    editor.start(project.root)
    uri = editor.open(project.root / "src/shop/api.py")
    text = API + 'Asked(name="'
    editor.type(uri, text)
    assert labels(editor.at("completion", uri, text, text)) == NAMES
    text = API.replace("from mog import Request as Asked", "from other import Request as Asked")
    editor.type(uri, text)
    assert labels(editor.at("completion", uri, text, 'Asked(name="')) == []


@pytest.mark.parametrize(
    "comment",
    ["# mog: ignore[", "# mog: ignore[MO", "# mog: ignore[MOG101, ", "# mog: ignore[MOG101,blo", "# noqa: F401, MOG"],
)
def test_rules_where_one_is_silenced(editor: Editor, project: ScratchProject, comment: str) -> None:
    text = f"import time\n\n\nasync def load():\n    time.sleep(1)  {comment}"
    editor.start(project.root)
    uri = editor.open(project.write("a.py", text))
    items = editor.at("completion", uri, text, comment)["items"]
    assert [item["label"] for item in items] == [rule.code for rule in all_rules()]
    first = min(items, key=lambda item: item["sortText"])
    assert first["label"] == "MOG201"
    assert first["preselect"] is True
    assert first["detail"].startswith("blocking-call: A coroutine that calls")
    assert "## Why" in first["documentation"]["value"]
    start = first["textEdit"]["range"]["start"]["character"]
    assert text.splitlines()[4][start - 1] in "[, "


@pytest.mark.parametrize("comment", ["# mog: ignore[MOG101] ", "# noqa: F401", "# MOG"])
def test_no_rules_elsewhere(editor: Editor, project: ScratchProject, comment: str) -> None:
    editor.start(project.root)
    uri = editor.open(project.write("a.py", comment))
    assert labels(editor.at("completion", uri, comment, comment)) == []
