"""What an editor shows of the thing under the pointer."""

import pytest
from tests.lint.scratch import ScratchProject
from tests.lint.server.editor import CAPABLE, Editor
from tests.lint.server.shop import API, TASKS, write_shop

from mog_lint.explain import explain

COMMENTS = (
    "import time\n\n\nasync def load():\n    time.sleep(1)  # mog: ignore[MOG201, blocking-file-io] why\n"
    "    time.sleep(2)\n"
)


def shown(found: object) -> str:
    assert isinstance(found, dict)
    assert found["contents"]["kind"] == "markdown"
    return str(found["contents"]["value"])


@pytest.mark.parametrize(("mark", "code"), [("MOG2", "MOG201"), ("blocking-f", "MOG202"), ("sleep(2", "MOG201")])
def test_a_code_and_a_finding_show_their_rule(editor: Editor, project: ScratchProject, mark: str, code: str) -> None:
    editor.start(project.root)
    uri = editor.open(project.write("tasks.py", COMMENTS))
    text = shown(editor.at("hover", uri, COMMENTS, mark))
    assert text.startswith(f"# {code} ")
    assert explain(code).startswith(text.rstrip())
    assert "Tried cases" not in text


def test_a_code_is_explained_while_the_text_is_not_python(editor: Editor, project: ScratchProject) -> None:
    editor.start(project.root)
    broken = COMMENTS + "x = ("
    uri = editor.open(project.write("tasks.py", COMMENTS), broken)
    assert shown(editor.at("hover", uri, broken, "MOG2")).startswith("# MOG201")


def test_a_task_shows_its_signature_its_queue_and_who_submits_it(editor: Editor, project: ScratchProject) -> None:
    write_shop(project)
    editor.start(project.root)
    uri = editor.open(project.root / "src/shop/api.py")
    text = shown(editor.at("hover", uri, API, 'name="shop.re'))
    assert text.startswith("**shop.resize**\n")
    assert "```python\nasync def resize(context: Context, path: str, width: int=800) -> str\n```" in text
    assert "- queue: `images`" in text
    assert "- also known as: `shop.scale`" in text
    assert f"- declared in [src/shop/tasks.py:5]({(project.root / 'src/shop/tasks.py').as_uri()}#L5)" in text
    submits = text.partition("Submitted by:")[2].split("\n- ")[1:]
    assert [line.partition("]")[0] + line.rpartition(")")[2] for line in submits] == [
        "[src/shop/api.py:8 in `upload`",
        "[src/shop/api.py:9 in `upload`",
        "[src/shop/api.py:13 in `later`",
        "[src/shop/tasks.py:12 in `unnamed`",
    ]


def test_a_function_and_a_name_that_is_derived_show_the_task(editor: Editor, project: ScratchProject) -> None:
    write_shop(project)
    editor.start(project.root)
    uri = editor.open(project.root / "src/shop/api.py")
    assert shown(editor.at("hover", uri, API, "submit(re")).startswith("**shop.resize**")
    text = API.replace("shop.scale", "shop.tasks.unnamed")
    editor.type(uri, text)
    found = shown(editor.at("hover", uri, text, "shop.tasks.unn"))
    assert found.startswith("**shop.tasks.unnamed**")
    assert "- queue: that of the request or of the app" in found
    tasks = editor.open(project.root / "src/shop/tasks.py")
    assert shown(editor.at("hover", tasks, TASKS, "def unn")).startswith("**shop.tasks.unnamed**")


def test_a_finding_on_a_tasks_name_is_shown_beside_the_task(editor: Editor, project: ScratchProject) -> None:
    write_shop(project)
    other = 'from mog import task\n\n\n@task(name="shop.resize")\ndef again(context): ...\n'
    editor.start(project.root)
    uri = editor.open(project.write("src/shop/worse.py", other))
    text = shown(editor.at("hover", uri, other, '"shop.re'))
    assert text.count("**shop.resize**") == 2
    assert "# MOG103 " in text


def test_nobody_submits_it(editor: Editor, project: ScratchProject) -> None:
    text = 'from mog import task\n\n\n@task(name="a")\nasync def a(context): ...\n'
    editor.start(project.root)
    uri = editor.open(project.write("tasks.py", text))
    assert "Nothing in this project submits it" in shown(editor.at("hover", uri, text, 'name="'))


def test_of_many_submitters_the_first_are_shown(editor: Editor, project: ScratchProject) -> None:
    write_shop(project)
    calls = "".join(f'    app.submit_blocking("shop.scale", {number})\n' for number in range(20))
    project.write("src/shop/many.py", f"from shop.app import app\n\n\ndef many():\n{calls}")
    editor.start(project.root)
    uri = editor.open(project.root / "src/shop/api.py")
    text = shown(editor.at("hover", uri, API, 'name="shop.re'))
    assert text.count(".py:") == 11
    assert text.endswith("- and 14 more")


def test_plain_text_for_an_editor_without_markdown(editor: Editor, project: ScratchProject) -> None:
    write_shop(project)
    editor.start(project.root, capabilities={**CAPABLE, "textDocument": {}})
    uri = editor.open(project.root / "src/shop/api.py")
    found = editor.at("hover", uri, API, 'name="shop.re')["contents"]
    assert found["kind"] == "plaintext"
    assert "- declared in src/shop/tasks.py:5" in found["value"]


@pytest.mark.parametrize("mark", ["\n", "async", "pri"])
def test_elsewhere_nothing_is_shown(editor: Editor, project: ScratchProject, mark: str) -> None:
    write_shop(project)
    editor.start(project.root)
    uri = editor.open(project.root / "src/shop/api.py")
    assert editor.at("hover", uri, API, mark) is None
