"""From names of tasks to their functions and back, from codes to pages."""

from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest
from tests.lint.scratch import ScratchProject
from tests.lint.server.editor import Editor
from tests.lint.server.shop import API, TASKS, write_shop

from mog_lint.explain import explain


def places(found: list[Any]) -> list[tuple[str, str]]:
    """Tell the file and the marked text of each location."""
    listed = []
    for item in found:
        path, place = Path(unquote(urlsplit(item["uri"]).path)), item["range"]
        line = path.read_text().splitlines()[place["start"]["line"]]
        listed.append((path.name, line[place["start"]["character"] : place["end"]["character"]]))
    return listed


@pytest.mark.parametrize("mark", ['name="shop.re', '("shop.sc', "submit(re", "tasks.re"])
def test_a_name_leads_to_the_function(editor: Editor, project: ScratchProject, mark: str) -> None:
    write_shop(project)
    editor.start(project.root)
    uri = editor.open(project.root / "src/shop/api.py")
    (found,) = editor.at("definition", uri, API, mark)
    assert places([found]) == [("tasks.py", "resize")]
    assert found["range"]["start"] == {"line": 4, "character": 10}


def test_a_name_leads_to_the_function_while_neither_text_is_python(editor: Editor, project: ScratchProject) -> None:
    write_shop(project)
    editor.start(project.root)
    editor.open(project.root / "src/shop/tasks.py", "x = (\n" + TASKS)
    broken = API + 'app.submit_blocking("shop.scale", x('
    uri = editor.open(project.root / "src/shop/api.py", broken)
    (found,) = editor.at("definition", uri, broken, '("shop.sc')
    assert found["range"]["start"] == {"line": 5, "character": 10}


def test_a_name_that_two_bear_leads_to_both(editor: Editor, project: ScratchProject) -> None:
    write_shop(project)
    project.write("src/shop/worse.py", TASKS)
    editor.start(project.root)
    uri = editor.open(project.root / "src/shop/api.py")
    assert places(editor.at("definition", uri, API, '("shop.sc')) == [("tasks.py", "resize"), ("worse.py", "resize")]


def test_all_places_that_name_a_task_are_found(editor: Editor, project: ScratchProject) -> None:
    write_shop(project)
    editor.start(project.root)
    uri = editor.open(project.root / "src/shop/api.py")
    used = [
        ("api.py", "resize"),
        ("api.py", "shop.resize"),
        ("api.py", "shop.scale"),
        ("api.py", "tasks.resize"),
        ("api.py", "shop.resize"),
        ("tasks.py", "shop.resize"),
    ]
    context = {"includeDeclaration": False}
    assert places(editor.at("references", uri, API, 'name="shop.re', context=context)) == used
    found = places(editor.at("references", uri, API, 'name="shop.re', context={"includeDeclaration": True}))
    assert sorted(found) == sorted(
        [*used, ("tasks.py", "resize"), ("tasks.py", "shop.resize"), ("tasks.py", "shop.scale")]
    )


def test_uses_in_a_text_that_is_not_saved_are_at_their_places(editor: Editor, project: ScratchProject) -> None:
    write_shop(project)
    editor.start(project.root)
    editor.open(project.root / "src/shop/api.py", "# é𝄞\n\n" + API)
    uri = editor.open(project.root / "src/shop/tasks.py")
    found = editor.at("references", uri, TASKS, 'name="shop.re', context={"includeDeclaration": False})
    assert [item["range"]["start"]["line"] for item in found] == [9, 10, 14, 15, 15, 11]


@pytest.mark.parametrize("mark", ["async", "Context, task\n", "a.png"])
def test_elsewhere_nothing_is_found(editor: Editor, project: ScratchProject, mark: str) -> None:
    write_shop(project)
    editor.start(project.root)
    uri = editor.open(project.root / "src/shop/tasks.py")
    assert editor.at("definition", uri, TASKS, mark) == []
    assert editor.at("references", uri, TASKS, mark, context={"includeDeclaration": True}) == []


def test_codes_in_comments_are_links_to_pages(editor: Editor, project: ScratchProject) -> None:
    text = "x = 1  # mog: ignore[MOG201, MOG999] why\n"
    editor.start(project.root)
    uri = editor.open(project.write("a.py", text))
    (link,) = editor.ask("textDocument/documentLink", {"textDocument": {"uri": uri}})
    assert link["range"]["start"]["character"] == text.index("MOG201")
    page = Path(unquote(urlsplit(link["target"]).path))
    assert page.read_text("utf-8") == explain("MOG201")
    editor.stop()
