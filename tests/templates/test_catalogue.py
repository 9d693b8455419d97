"""Which templates there are, and that each is what it says."""

import subprocess
import sys
import tomllib
from collections.abc import Callable
from importlib.resources.abc import Traversable

import jinja2
import jinja2.meta
import pytest

import mog_templates

every_template = pytest.mark.parametrize("template", mog_templates.names())


def sources(folder: Traversable) -> list[str]:
    """Text of every file that is rendered."""
    found = []
    for entry in folder.iterdir():
        if entry.is_dir():
            found += sources(entry)
        elif entry.name.endswith(".jinja"):
            found.append(entry.read_text("utf-8"))
    return found


def test_minimal_is_there() -> None:
    assert "minimal" in mog_templates.names()


@every_template
def test_description_is_a_short_line(template: str) -> None:
    text = mog_templates.description(template)
    assert "\n" not in text
    assert 10 < len(text) <= 100


@every_template
def test_manifest_names_the_variables_that_the_files_use(template: str) -> None:
    folder = mog_templates.root(template)
    environment = jinja2.Environment(autoescape=False)
    used = set().union(*(jinja2.meta.find_undeclared_variables(environment.parse(text)) for text in sources(folder)))
    manifest = tomllib.loads((folder / mog_templates.MANIFEST).read_text("utf-8"))
    assert set(manifest["variables"]) == used


@every_template
def test_files_end_in_one_line_break(template: str) -> None:
    for text in sources(mog_templates.root(template)):
        assert text.endswith("\n")
        assert not text.endswith("\n\n")


@pytest.mark.parametrize("ask", [mog_templates.root, mog_templates.description])
def test_unknown_template_is_told_which_there_are(ask: Callable[[str], object]) -> None:
    with pytest.raises(mog_templates.UnknownTemplate, match=r"no template is named 'maximal'; there are: .*minimal"):
        ask("maximal")


def test_a_path_is_no_template() -> None:
    with pytest.raises(mog_templates.UnknownTemplate):
        mog_templates.root("minimal/src")


def test_catalogue_needs_neither_jinja_nor_the_runtime() -> None:
    program = (
        "import sys, mog_templates\n"
        "mog_templates.description(mog_templates.names()[0])\n"
        "print(*({'jinja2', 'mog', 'mog_cli', 'mog_lint'} & set(sys.modules)))"
    )
    shown = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True).stdout
    assert shown.split() == []
