"""Edits in terms of nodes."""

import libcst as cst
import pytest

from mog_lint.edits import NodeEditor
from mog_lint.model.positions import locate


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("task", 'task(name="x")'),
        ("app.task", 'app.task(name="x")'),
        ("(task)", '(task(name="x"))'),
        ("task()", 'task(name="x")'),
        ("task( )", 'task(name="x" )'),
        ("task(  # why\n)", 'task(name="x"  # why\n)'),
        ("task(name=None)", 'task(name="x")'),
        ("task(q=1, name = (None), r=2)", 'task(q=1, name = ("x"), r=2)'),
        ("task(q=1)", 'task(name="x", q=1)'),
        ("task(**options)", 'task(name="x", **options)'),
        ("task(\n    q=1,\n)", 'task(\n    name="x",\n    q=1,\n)'),
        ("task(  # why\n    q=1,\n)", 'task(  # why\n    name="x", q=1,\n)'),
    ],
)
def test_set_keyword(before: str, after: str) -> None:
    text = f"@{before}\ndef f(): ...\n"
    tree = cst.parse_module(text)
    function = tree.body[0]
    assert isinstance(function, cst.FunctionDef)
    edit = NodeEditor(function.decorators[0].decorator, tree).set_keyword("name", '"x"')
    change = edit.in_text(text, locate(tree, text, edit.nodes()))
    assert text[: change.start] + change.content + text[change.end :] == f"@{after}\ndef f(): ...\n"
