import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

FAMILY = """
from mog import App, Context

app = App("family")

@app.task(name="parent")
async def parent(context: Context, levels: int, children: int) -> None:
    if levels:
        for _ in range(children):
            await context.submit(parent, levels - 1, children)
"""

ID = "6ba7b810-9dad-41d1-80b4-00c04fd430c8"


@pytest.fixture
def family(directory: Path, mog: Callable[..., Any]) -> None:
    """A task with two children, each of which has two."""
    (directory / "family.py").write_text(FAMILY)
    assert mog("submit", "parent", "2", "2", "--id", ID).code == 0
    for _ in range(3):
        assert mog("run", "--once", "--log-format", "json").code == 0


@pytest.mark.usefixtures("family")
def test_a_line_per_task(mog: Callable[..., Any]) -> None:
    ended = mog("tasks", "tree", ID)
    assert (ended.code, ended.err) == (0, "")
    lines = ended.out.splitlines()
    assert [len(line) - len(line.lstrip()) for line in lines] == [0, 2, 4, 4, 2, 4, 4]
    state, name, length, unit, task_id, arguments = lines[0].split(maxsplit=5)
    assert (state, name, unit, task_id) == ("SUCCESS", "parent", "s", ID)
    assert float(length) >= 0
    assert arguments == "2, 2"


@pytest.mark.usefixtures("family")
def test_what_is_left_out_is_counted(mog: Callable[..., Any]) -> None:
    lines = mog("tasks", "tree", ID, "--width", "1").out.splitlines()
    assert [line.split("  ")[-1] for line in lines if "more" in line] == ["… 1 more (--width)"] * 2
    lines = mog("tasks", "tree", ID, "--depth", "2").out.splitlines()
    assert [line.strip() for line in lines if "below" in line] == ["… 2 below (--depth)"] * 2


@pytest.mark.usefixtures("family")
def test_as_json(mog: Callable[..., Any]) -> None:
    tree = json.loads(mog("tasks", "tree", ID, "--depth", "2", "--json").out)
    assert (tree["id"], tree["state"], tree["more"]) == (ID, "SUCCESS", 0)
    assert [(child["parent"], child["more"], child["children"]) for child in tree["children"]] == [(ID, 2, [])] * 2


@pytest.mark.usefixtures("family")
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([str(UUID(int=0))], "no result 00000000"),
        (["7"], "'7' is no task id"),
        ([ID, "--depth", "0"], "--depth"),
        ([ID, "--width", "x"], "--width"),
    ],
)
def test_wrong_use(mog: Callable[..., Any], arguments: list[str], message: str) -> None:
    ended = mog("tasks", "tree", *arguments)
    assert (ended.code, ended.out) == (2, "")
    assert message in ended.err
    assert ended.err.startswith("error: ")
