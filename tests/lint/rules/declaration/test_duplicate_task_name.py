"""MOG103, beyond its examples."""

from pathlib import Path
from textwrap import indent

import pytest
from tests.lint.scratch import ScratchProject


@pytest.fixture
def project(project: ScratchProject) -> ScratchProject:
    project.select = ("MOG103",)
    return project


def test_the_first_is_told_with_its_place(project: ScratchProject) -> None:
    project.write("b.py", '#\nfrom mog import task\n@task(name="x")\ndef late(context): ...\n')
    project.write("a.py", 'from mog import task\n@task(aliases=("y", "x"), name="z")\ndef early(context): ...\n')
    (finding,) = project.lint("b.py")
    assert finding.message == 'task `late` bears "x", the name of another task'
    (first,) = finding.chain
    assert (Path(first.filename).name, first.location.row, first.message) == ("a.py", 2, "task `early` has it first")
    assert project.codes("a.py") == []


def test_a_task_with_its_own_name_as_an_alias(project: ScratchProject) -> None:
    project.write("a.py", 'from mog import task\n@task(name="x", aliases=["x"])\ndef a(context): ...\n')
    assert project.codes() == []


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("try:\n  {0}\nexcept ImportError:\n  {1}\n", []),
        ("match x:\n  case 1:\n    {0}\n  case _:\n    {1}\n", []),
        ("if x:\n  {0}\nelif y:\n  {1}\n", []),
        ("if x:\n  {0}\nif y:\n  {1}\n", ["MOG103"]),
        ("if x:\n  if y:\n    {0}\n  else:\n    {1}\n", []),
        ("if x:\n  {0}\n  {1}\n", ["MOG103"]),
        ("for x in y:\n  {0}\n{1}\n", ["MOG103"]),
    ],
)
def test_branches(project: ScratchProject, body: str, expected: list[str]) -> None:
    tasks = [f'@task(name="x")\ndef f{number}(context): ...' for number in range(2)]
    lines = []
    for line in body.splitlines():
        text = line.strip().format(*tasks)
        lines.append(indent(text, line[: len(line) - len(line.lstrip())]))
    project.write("a.py", "from mog import task\n" + "\n".join(lines))
    assert project.codes() == expected


def test_a_task_that_all_apps_know_and_one_of_an_app(project: ScratchProject) -> None:
    project.write("a.py", 'from mog import App\nfrom b import *\napp = App("x")\n@app.task(name="x")\ndef b(c): ...\n')
    project.write("b.py", 'from mog import task\n@task(name="x")\ndef a(c): ...\n')
    assert project.codes() == ["MOG103"]
